//! Charts as inline SVG: lines, bars, dots, cells. Each mark that stands for a value says it on hover.
//!
//! A chart is as wide as its place; its text keeps its proportion. What is drawn is bounded: the callers
//! thin out what is long.

pub mod bars;
pub mod cells;
pub mod dots;
pub mod lines;
pub mod scale;

use std::fmt::Write as _;

use crate::html::escape;
use crate::text::number;
use scale::Axis;

/// The colours that are told apart.
pub const COLOURS: usize = 6;

/// The size of a chart in its own units.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// From left to right, with the labels.
    pub width: f64,
    /// From top to bottom, with the labels.
    pub height: f64,
}

impl Size {
    /// For a chart that stands alone.
    pub const FULL: Size = Size { width: 640.0, height: 280.0 };
    /// For one of two side by side.
    pub const HALF: Size = Size { width: 400.0, height: 260.0 };
    /// For one of several in a grid.
    pub const SMALL: Size = Size { width: 280.0, height: 150.0 };
}

/// A chart that is being drawn: its marks, and the rectangle within its axes.
pub(crate) struct Canvas {
    svg: String,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// What stands beside the axes.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// What the picture is, for those who do not see it.
    pub title: &'a str,
    /// The horizontal axis.
    pub x: &'a str,
    /// The vertical axis.
    pub y: &'a str,
}

impl Canvas {
    pub fn new(size: Size, labels: &Labels<'_>) -> Self {
        let Size { width, height } = size;
        let title = escape(labels.title);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" \
             style=\"max-width:{width}px\">"
        );
        let (left, bottom) = (52.0, height - 36.0);
        let middle = f64::midpoint(left, width - 8.0);
        let _ = write!(
            svg,
            "<text class=\"soft\" x=\"{middle:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\
             <text class=\"soft\" x=\"0\" y=\"11\">{}</text>",
            height - 3.0,
            escape(labels.x),
            escape(labels.y)
        );
        Canvas { svg, left, right: width - 8.0, top: 20.0, bottom }
    }

    /// A mark, already SVG.
    pub fn add(&mut self, mark: &str) {
        self.svg.push_str(mark);
    }

    /// Both axes with their grid and numbers.
    pub fn axes(&mut self, x: &Axis, y: &Axis) {
        self.axes_of(x, y, x.ticks(6));
    }

    /// Both axes, the horizontal one with these ticks.
    pub fn axes_of(&mut self, x: &Axis, y: &Axis, ticks: Vec<f64>) {
        self.vertical_axis(y);
        let ticks = ticks.into_iter().map(|tick| (self.x(x, tick), number(tick)));
        self.horizontal_axis(ticks.collect());
    }

    /// Both axes; the whole numbers of the horizontal one have names, from 0.
    pub fn named_axes(&mut self, x: &Axis, y: &Axis, names: &[String]) {
        self.vertical_axis(y);
        // A name takes about seven units for a character.
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(1);
        let room = (self.right - self.left) / (7.0 * longest as f64 + 20.0);
        let step = (1..names.len()).find(|step| names.len() as f64 / *step as f64 <= room);
        let kept = names.iter().enumerate().step_by(step.unwrap_or(names.len()).max(1));
        let ticks = kept.map(|(index, name)| (self.x(x, index as f64), escape(name)));
        self.horizontal_axis(ticks.collect());
    }

    /// The line of the horizontal axis with texts at places.
    fn horizontal_axis(&mut self, ticks: Vec<(f64, String)>) {
        let bottom = self.bottom;
        let mut marks =
            format!("<path class=\"axis\" d=\"M{} {bottom}H{}\"/>", self.left, self.right);
        for (at, text) in ticks {
            let _ = write!(
                marks,
                "<path class=\"axis\" d=\"M{at:.1} {bottom}v4\"/><text x=\"{at:.1}\" y=\"{:.0}\" \
                 text-anchor=\"middle\">{text}</text>",
                bottom + 16.0
            );
        }
        self.svg += &marks;
    }

    /// The vertical axis with its grid.
    pub fn vertical_axis(&mut self, y: &Axis) {
        for tick in y.ticks(5) {
            let at = self.y(y, tick);
            let _ = write!(
                self.svg,
                "<path class=\"rule\" d=\"M{} {at:.1}H{}\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                self.left,
                self.right,
                self.left - 6.0,
                at + 4.0,
                number(tick)
            );
        }
    }

    pub fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.left + axis.share(value) * (self.right - self.left)
    }

    pub fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.bottom - axis.share(value) * (self.bottom - self.top)
    }

    pub fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// What the colours and dashes mean.
#[must_use]
pub fn legend<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut html = "<ul class=\"legend\">".to_owned();
    for (index, name) in names.into_iter().enumerate() {
        let _ = write!(
            html,
            "<li><svg viewBox=\"0 0 30 10\" aria-hidden=\"true\"><path class=\"l s{}\" d=\"M0 5H30\"/>\
             </svg>{}</li>",
            index % COLOURS,
            crate::html::name(name.as_ref())
        );
    }
    html + "</ul>"
}
