//! Dots: one value against another.

use super::scale::Axis;
use super::{Canvas, Labels, Size};
use crate::html::name;
use crate::text::number;

/// More dots are thinned out.
const MOST_DOTS: usize = 240;

/// A dot with what it stands for.
#[derive(Clone, Debug)]
pub struct Dot {
    /// What it stands for.
    pub name: String,
    /// To the right.
    pub x: f64,
    /// Upwards.
    pub y: f64,
}

/// The distance between two of so many dots that are drawn.
fn step_of(count: usize) -> usize {
    count.div_ceil(MOST_DOTS).max(1)
}

/// How many of so many dots are drawn.
#[must_use]
pub fn drawn(count: usize) -> usize {
    count.div_ceil(step_of(count))
}

/// Dots with the line `y = x`; of very many every k-th. Both axes are alike.
#[must_use]
pub fn against(dots: &[Dot], labels: &Labels<'_>, axis: &Axis) -> String {
    let mut canvas = Canvas::new(Size { width: 400.0, height: 380.0 }, labels);
    canvas.axes(axis, axis);
    let corners = [canvas.left, canvas.bottom, canvas.right, canvas.top];
    let [left, bottom, right, top] = corners;
    canvas.add(&format!("<path class=\"mark\" d=\"M{left} {bottom}L{right} {top}\"/>"));
    for dot in dots.iter().step_by(step_of(dots.len())) {
        let (at, height) = (canvas.x(axis, dot.x), canvas.y(axis, dot.y));
        canvas.add(&format!(
            "<circle class=\"f0\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"4\" fill-opacity=\".6\"><title>{}: \
             {} → {}</title></circle>",
            name(&dot.name),
            number(dot.x),
            number(dot.y)
        ));
    }
    canvas.finish()
}
