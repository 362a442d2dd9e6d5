//! Lines, with bands around them and marks at places.

use std::fmt::Write as _;

use super::scale::Axis;
use super::{COLOURS, Canvas, Labels, Size};
use crate::html::escape;
use crate::text::number;

/// More points of a line are thinned out.
pub const MOST_POINTS: usize = 120;
/// More points get no value on hover.
const MOST_HITS: usize = 40;
/// More points of a sketch are thinned out.
const MOST_SKETCHED: usize = 60;

/// A line through points in order.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// `(x, y)`
    pub points: Vec<(f64, f64)>,
    /// `(x, low, high)` of a band around it.
    pub band: Vec<(f64, f64, f64)>,
}

/// A chart of lines.
#[derive(Clone, Debug)]
pub struct LineChart<'a> {
    /// How large it is.
    pub size: Size,
    /// What stands beside the axes.
    pub labels: Labels<'a>,
    /// The lines, in the order of the colours.
    pub lines: &'a [Line],
    /// The vertical axis.
    pub y: Axis,
    /// A place on the horizontal axis, and what is there.
    pub mark: Option<(f64, &'a str)>,
}

impl LineChart<'_> {
    /// The chart as SVG.
    #[must_use]
    pub fn render(&self) -> String {
        let mut canvas = Canvas::new(self.size, &self.labels);
        let xs = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0));
        let x = Axis::over(xs);
        canvas.axes(&x, &self.y);
        if let Some((place, name)) = self.mark {
            let (at, top, bottom) = (canvas.x(&x, place), canvas.top, canvas.bottom);
            let anchor = if x.share(place) > 0.5 { "end" } else { "start" };
            canvas.add(&format!(
                "<path class=\"mark\" d=\"M{at:.1} {top}V{bottom}\"/><text class=\"soft\" x=\"{at:.1}\" \
                 y=\"{:.0}\" dx=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                top - 6.0,
                if anchor == "end" { -4 } else { 4 },
                escape(name)
            ));
        }
        for (index, line) in self.lines.iter().enumerate() {
            self.band(line, index, &x, &mut canvas);
        }
        for (index, line) in self.lines.iter().enumerate() {
            self.line(line, index, &x, &mut canvas);
        }
        canvas.finish()
    }

    fn band(&self, line: &Line, index: usize, x: &Axis, canvas: &mut Canvas) {
        if line.band.is_empty() {
            return;
        }
        let mut path = String::new();
        let band = thinned(&line.band);
        let upper = band.iter().map(|(place, _, high)| (*place, *high));
        let lower = band.iter().rev().map(|(place, low, _)| (*place, *low));
        for (place, value) in upper.chain(lower) {
            let start = if path.is_empty() { 'M' } else { 'L' };
            let (at, height) = (canvas.x(x, place), canvas.y(&self.y, value));
            let _ = write!(path, "{start}{at:.1} {height:.1}");
        }
        canvas.add(&format!("<path class=\"band f{}\" d=\"{path}Z\"/>", index % COLOURS));
    }

    fn line(&self, line: &Line, index: usize, x: &Axis, canvas: &mut Canvas) {
        let points: Vec<(f64, f64)> = thinned(&line.points);
        let mut path = String::new();
        for (place, value) in points.iter().filter(|point| point.1.is_finite()) {
            let start = if path.is_empty() { 'M' } else { 'L' };
            let (at, height) = (canvas.x(x, *place), canvas.y(&self.y, *value));
            let _ = write!(path, "{start}{at:.1} {height:.1}");
        }
        canvas.add(&format!("<path class=\"l s{}\" d=\"{path}\"/>", index % COLOURS));
        if let [(place, value)] = points.as_slice() {
            // A line through one point is not seen.
            let (at, height) = (canvas.x(x, *place), canvas.y(&self.y, *value));
            let class = index % COLOURS;
            canvas.add(&format!(
                "<circle class=\"f{class}\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"3\"/>"
            ));
        }
        let step = points.len().div_ceil(MOST_HITS).max(1);
        for (place, value) in points.iter().step_by(step) {
            let (at, height) = (canvas.x(x, *place), canvas.y(&self.y, *value));
            canvas.add(&format!(
                "<circle class=\"hit\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"5\"><title>{} {}: \
                 {}</title></circle>",
                escape(&line.name),
                number(*place),
                number(*value)
            ));
        }
    }
}

/// Every k-th and the last, where there are very many.
pub fn thinned<T: Clone>(points: &[T]) -> Vec<T> {
    thinned_to(points, MOST_POINTS)
}

fn thinned_to<T: Clone>(points: &[T], most: usize) -> Vec<T> {
    let step = points.len().div_ceil(most).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.iter().enumerate().filter(|(index, _)| index % step == 0 || *index == last);
    kept.map(|(_, point)| point.clone()).collect()
}

/// Lines without axes, to be looked at for their shape: the channels of a sequence.
#[must_use]
pub fn sketch(lines: &[Line], title: &str) -> String {
    let (width, height) = (280.0, 70.0);
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let x = Axis::over(all().map(|point| point.0));
    let y = Axis::over(all().map(|point| point.1));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
         style=\"max-width:{width}px\">",
        escape(title)
    );
    for (index, line) in lines.iter().enumerate() {
        let mut path = String::new();
        for (place, value) in thinned_to(&line.points, MOST_SKETCHED) {
            let start = if path.is_empty() { 'M' } else { 'L' };
            let (at, top) = (x.share(place) * width, height - y.share(value) * height);
            let _ = write!(path, "{start}{at:.1} {top:.1}");
        }
        let _ = write!(
            svg,
            "<path class=\"l s{}\" d=\"{path}\"><title>{}</title></path>",
            index % COLOURS,
            escape(&line.name)
        );
    }
    svg + "</svg>"
}
