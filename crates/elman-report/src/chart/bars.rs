//! Bars: histograms, and one bar for each name.

use super::scale::Axis;
use super::{Canvas, Labels, Size};
use crate::html::{Table, escape, name};
use crate::text::number;

/// How many values fall between edges that are evenly spaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// One more than there are counts.
    pub edges: Vec<f64>,
    /// The values from an edge to the next one; the last bin has its upper edge.
    pub counts: Vec<usize>,
}

impl Histogram {
    /// Of finite values, in at most `bins` bins; whole numbers get bins of whole width.
    #[must_use]
    pub fn of(values: &[f64], bins: usize) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return Histogram { edges: vec![0.0, 1.0], counts: vec![0] };
        }
        let whole = finite().all(|value| (value - value.round()).abs() < 1e-9);
        let (start, width) = match (high - low, whole) {
            (range, true) => (low - 0.5, ((range + 1.0) / bins as f64).ceil()),
            (range, false) if range > 0.0 => (low, range / bins as f64),
            _ => (low - 0.5, 1.0),
        };
        let mut edges = vec![start];
        while edges.len() <= bins && edges[edges.len() - 1] < high {
            edges.push(start + width * edges.len() as f64);
        }
        let mut counts = vec![0; (edges.len() - 1).max(1)];
        for value in finite() {
            let bin = edges[1..].iter().position(|edge| value < *edge);
            counts[bin.unwrap_or(edges.len().saturating_sub(2))] += 1;
        }
        if edges.len() == 1 {
            edges.push(start + width);
        }
        Histogram { edges, counts }
    }

    /// The numbers.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new(["from", "to", "count"]);
        for (edges, count) in self.edges.windows(2).zip(&self.counts) {
            table.row([number(edges[0]), number(edges[1]), count.to_string()]);
        }
        table
    }

    /// The histogram as SVG. With a `second` scale, the numbers of the values on it stand above:
    /// `(mean, deviation)` of a standardisation.
    #[must_use]
    pub fn render(&self, size: Size, labels: &Labels<'_>, second: Option<(f64, f64)>) -> String {
        let mut canvas = Canvas::new(size, labels);
        let x = Axis::between(self.edges[0], self.edges[self.edges.len() - 1]);
        let y = Axis::from_zero(self.counts.iter().map(|count| *count as f64));
        canvas.axes(&x, &y);
        for (edges, count) in self.edges.windows(2).zip(&self.counts) {
            let (left, right) = (canvas.x(&x, edges[0]), canvas.x(&x, edges[1]));
            let top = canvas.y(&y, *count as f64);
            let (width, height) = ((right - left - 1.0).max(0.5), canvas.bottom - top);
            canvas.add(&format!(
                "<rect class=\"f0\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
                 height=\"{height:.1}\"><title>{} to {}: {count}</title></rect>",
                number(edges[0]),
                number(edges[1])
            ));
        }
        if let Some((mean, deviation)) = second {
            let scaled = Axis::between(
                (self.edges[0] - mean) / deviation,
                (self.edges[self.edges.len() - 1] - mean) / deviation,
            );
            for tick in scaled.ticks(4) {
                let (at, top) = (canvas.x(&scaled, tick), canvas.top);
                canvas.add(&format!(
                    "<path class=\"axis\" d=\"M{at:.1} {top}v4\"/><text class=\"soft\" x=\"{at:.1}\" \
                     y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                    top - 3.0,
                    number(tick)
                ));
            }
        }
        canvas.finish()
    }
}

/// One bar to the right for each name.
#[must_use]
pub fn named_bars(bars: &[(String, f64)], title: &str) -> String {
    let (width, row, left) = (640.0, 20.0, 150.0);
    let height = row * bars.len().max(1) as f64;
    let longest = bars.iter().map(|bar| bar.1.abs()).fold(0.0, f64::max);
    let x = Axis::between(0.0, longest);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
         style=\"max-width:{width}px\">",
        escape(title)
    );
    for (index, (label, value)) in bars.iter().enumerate() {
        let top = row * index as f64;
        let short: String = label.chars().take(20).collect();
        let class = if *value < 0.0 { "neg" } else { "pos" };
        let length = x.share(value.abs()) * (width - left - 70.0);
        svg += &format!(
            "<text x=\"{}\" y=\"{:.0}\" text-anchor=\"end\">{}</text><rect class=\"{class}\" x=\"{left}\" \
             y=\"{:.0}\" width=\"{length:.1}\" height=\"14\"><title>{}: {}</title></rect>\
             <text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            left - 6.0,
            top + 14.0,
            escape(&short),
            top + 3.0,
            name(label),
            number(*value),
            left + length + 6.0,
            top + 14.0,
            number(*value)
        );
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        for bins in [1, 7, 20, 500] {
            let histogram = Histogram::of(&values, bins);
            assert!(histogram.counts.len() <= bins, "{bins}");
            assert_eq!(histogram.edges.len(), histogram.counts.len() + 1);
            assert_eq!(histogram.counts.iter().sum::<usize>(), 100, "{bins}");
        }
        let halves = Histogram::of(&[0.0, 0.25, 0.75, 1.0, f64::NAN], 2);
        assert_eq!(halves.counts, [2, 2]);
        assert_eq!(Histogram::of(&[3.0, 3.0], 9).counts, [2]);
        assert_eq!(Histogram::of(&[0.5, 0.5], 9).counts.iter().sum::<usize>(), 2);
        assert_eq!(Histogram::of(&[], 9).counts, [0]);
    }
}
