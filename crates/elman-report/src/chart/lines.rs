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

/// `(x, low, high)` of a band around a line.
pub type Band = Vec<(f64, f64, f64)>;

/// A line through points in order.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// `(x, y)`; a value that is not finite breaks the line.
    pub points: Vec<(f64, f64)>,
    /// The bands around it, the widest first.
    pub bands: Vec<Band>,
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
    /// Places on the horizontal axis, and what is there.
    pub marks: &'a [(f64, &'a str)],
    /// What the whole numbers of the horizontal axis are called, from 0; empty for numbers.
    pub places: &'a [String],
}

impl LineChart<'_> {
    /// The chart as SVG.
    #[must_use]
    pub fn render(&self) -> String {
        let mut canvas = Canvas::new(self.size, &self.labels);
        let xs = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0));
        let x = Axis::over(xs);
        match self.places {
            [] => canvas.axes_of(&x, &self.y, self.ticks(&x)),
            places => canvas.named_axes(&x, &self.y, places),
        }
        for &(place, name) in self.marks {
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
            self.bands(line, index, &x, &mut canvas);
        }
        for (index, line) in self.lines.iter().enumerate() {
            self.line(line, index, &x, &mut canvas);
        }
        canvas.finish()
    }

    /// The ticks of the horizontal axis; whole ones, where every place is whole.
    fn ticks(&self, x: &Axis) -> Vec<f64> {
        let mut places = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0));
        let is_whole = |value: f64| (value - value.round()).abs() < 1e-9;
        let all_are = places.all(is_whole);
        x.ticks(6).into_iter().filter(|tick| !all_are || is_whole(*tick)).collect()
    }

    fn bands(&self, line: &Line, index: usize, x: &Axis, canvas: &mut Canvas) {
        for band in line.bands.iter().filter(|band| !band.is_empty()) {
            let mut path = String::new();
            let band = thinned(band);
            let upper = band.iter().map(|(place, _, high)| (*place, *high));
            let lower = band.iter().rev().map(|(place, low, _)| (*place, *low));
            for (place, value) in upper.chain(lower) {
                let start = if path.is_empty() { 'M' } else { 'L' };
                let (at, height) = (canvas.x(x, place), canvas.y(&self.y, value));
                let _ = write!(path, "{start}{at:.1} {height:.1}");
            }
            canvas.add(&format!("<path class=\"band f{}\" d=\"{path}Z\"/>", index % COLOURS));
        }
    }

    fn line(&self, line: &Line, index: usize, x: &Axis, canvas: &mut Canvas) {
        let mut path = String::new();
        let step = line.points.len().div_ceil(MOST_POINTS).max(1);
        let hits = line.points.len().div_ceil(MOST_HITS).max(1);
        for points in line.points.split(|point| !point.1.is_finite()) {
            for (count, (place, value)) in thinned_by(points, step).into_iter().enumerate() {
                let start = if count == 0 { 'M' } else { 'L' };
                let (at, height) = (canvas.x(x, place), canvas.y(&self.y, value));
                let _ = write!(path, "{start}{at:.1} {height:.1}");
            }
            if let [(place, value)] = points {
                // A line through one point is not seen.
                let (at, height) = (canvas.x(x, *place), canvas.y(&self.y, *value));
                let class = index % COLOURS;
                canvas.add(&format!(
                    "<circle class=\"f{class}\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"3\"/>"
                ));
            }
        }
        canvas.add(&format!("<path class=\"l s{}\" d=\"{path}\"/>", index % COLOURS));
        for point in line.points.iter().step_by(hits).filter(|point| point.1.is_finite()) {
            self.hit(line, *point, x, canvas);
        }
    }

    /// A place that says its value on hover.
    fn hit(&self, line: &Line, point: (f64, f64), x: &Axis, canvas: &mut Canvas) {
        let (place, value) = point;
        let (at, height) = (canvas.x(x, place), canvas.y(&self.y, value));
        let said = match self.places.iter().enumerate().find(|(index, _)| *index as f64 >= place) {
            Some((_, said)) => escape(said),
            None => number(place),
        };
        canvas.add(&format!(
            "<circle class=\"hit\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"5\"><title>{} {said}: \
             {}</title></circle>",
            escape(&line.name),
            number(value)
        ));
    }
}

/// Every k-th and the last, where there are very many.
pub fn thinned<T: Clone>(points: &[T]) -> Vec<T> {
    thinned_to(points, MOST_POINTS)
}

fn thinned_to<T: Clone>(points: &[T], most: usize) -> Vec<T> {
    thinned_by(points, points.len().div_ceil(most).max(1))
}

fn thinned_by<T: Clone>(points: &[T], step: usize) -> Vec<T> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_there_is_no_value_and_places_have_names() {
        let points = [1.0, 2.0, f64::NAN, 4.0].into_iter().enumerate();
        let points = points.map(|(place, value)| (place as f64, value)).collect();
        let bands = vec![vec![(0.0, 0.0, 3.0), (1.0, 1.0, 3.0)], vec![(3.0, 3.0, 5.0)]];
        let lines = [Line { name: "sold".to_owned(), points, bands }];
        let places = ["2024-01", "2024-02", "2024-03", "<04>"].map(str::to_owned);
        let labels = Labels { title: "", x: "", y: "" };
        let y = Axis::between(0.0, 5.0);
        let chart =
            LineChart { size: Size::FULL, labels, lines: &lines, y, marks: &[], places: &places };
        let svg = chart.render();
        let path = svg.split("class=\"l s0\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(path.map(|path| path.matches('M').count()), Some(2), "{svg}");
        assert_eq!(svg.matches("class=\"band f0\"").count(), 2);
        assert!(
            svg.contains("sold 2024-02: 2</title>") && svg.contains("sold &lt;04&gt;: 4"),
            "{svg}"
        );
        assert!(!svg.contains("NaN"));
    }
}
