//! Cells: a matrix of counts, and a picture of values by step and row.

use std::fmt::Write as _;

use super::lines::thinned;
use crate::html::{escape, name};
use crate::text::number;

/// A matrix of counts: rows are what is, columns what was predicted.
#[must_use]
pub fn confusion(labels: &[&str], counts: &[Vec<u64>]) -> String {
    let count = labels.len().max(1) as f64;
    let cell = (520.0 / count).clamp(16.0, 56.0);
    let letters =
        labels.iter().map(|label| label.chars().count().min(12)).max().unwrap_or(0) as f64;
    let (left, head) = (30.0 + 7.0 * letters, 34.0 + 6.0 * letters);
    let (width, height) = (left + cell * count + 30.0, head + 4.0 + cell * count);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"Confusion matrix\" \
         style=\"max-width:{width:.0}px\"><text class=\"soft\" x=\"0\" y=\"11\">actual ↓ predicted →</text>"
    );
    for (index, label) in labels.iter().enumerate() {
        let at = left + cell * (index as f64 + 0.5);
        let short: String = label.chars().take(12).collect();
        let short = escape(&short);
        let row = head + cell * (index as f64 + 0.5) + 4.0;
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{row:.1}\" text-anchor=\"end\">{short}</text><text \
             transform=\"translate({at:.1} {:.0}) rotate(-60)\">{short}</text>",
            left - 6.0,
            head - 6.0
        );
    }
    svg += &lines([left, head], cell, labels.len());
    for (row, counts) in counts.iter().enumerate() {
        let total: u64 = counts.iter().sum();
        for (column, count) in counts.iter().enumerate() {
            let share = *count as f64 / total.max(1) as f64;
            let corner = (left + cell * column as f64, head + cell * row as f64);
            if *count == 0 {
                continue;
            }
            let class = if row == column { "pos" } else { "neg" };
            svg += &count_cell(corner.0, corner.1, cell, share, class);
            let said = format!("{} predicted as {}: {count}", labels[row], labels[column]);
            let _ = write!(svg, "<title>{}</title></rect>", name(&said));
            if cell >= 22.0 {
                let _ = write!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" pointer-events=\"none\">{count}</text>",
                    corner.0 + cell / 2.0,
                    corner.1 + cell / 2.0 + 4.0
                );
            }
        }
    }
    svg + "</svg>"
}

/// The lines between the cells.
fn lines([left, top]: [f64; 2], cell: f64, count: usize) -> String {
    let side = cell * count as f64;
    let mut path = String::new();
    for index in 0..=count {
        let at = cell * index as f64;
        let _ = write!(
            path,
            "M{left:.1} {:.1}h{side:.1}M{:.1} {top:.1}v{side:.1}",
            top + at,
            left + at
        );
    }
    format!("<path class=\"rule\" d=\"{path}\"/>")
}

/// A cell, open for its title.
fn count_cell(x: f64, y: f64, cell: f64, share: f64, class: &str) -> String {
    // At most half of the colour, so that the number on it can be read.
    let opacity = 0.08 + 0.42 * share;
    let size = cell - 1.0;
    format!(
        "<rect class=\"{class}\" fill-opacity=\"{opacity:.2}\" x=\"{x:.1}\" y=\"{y:.1}\" \
         width=\"{size:.1}\" height=\"{size:.1}\">"
    )
}

/// More cells are thinned out.
const MOST_CELLS: usize = 2400;
/// More cells share their hover by level.
const MOST_HOVERS: usize = 360;
/// Levels of strength on each side of zero.
const LEVELS: usize = 8;

/// Values by row and step, blue above zero and orange below, as strong as they are large.
#[derive(Clone, Debug)]
pub struct HeatMap<'a> {
    /// What the picture is.
    pub title: &'a str,
    /// The name of each row; none for rows that are counted.
    pub names: &'a [String],
    /// `[rows][steps]`
    pub rows: &'a [Vec<f64>],
}

/// A cell of a picture.
struct Cell {
    row: usize,
    step: usize,
    value: f64,
    x: f64,
    y: f64,
}

/// The cells of a picture, all of one size.
struct Grid {
    cells: Vec<Cell>,
    width: f64,
    height: f64,
    left: f64,
    largest: f64,
}

impl HeatMap<'_> {
    /// The picture as SVG; of very many steps and rows every k-th.
    #[must_use]
    pub fn render(&self) -> String {
        let grid = self.grid();
        let bottom = grid.cells.iter().map(|cell| cell.y + grid.height).fold(0.0, f64::max);
        let total = bottom + 20.0;
        let mut svg = format!(
            "<svg viewBox=\"0 0 640 {total:.0}\" role=\"img\" aria-label=\"{}\" style=\"max-width:640px\">",
            escape(self.title)
        );
        self.labels(&grid, &mut svg);
        match grid.cells.len() <= MOST_HOVERS {
            true => self.single(&grid, &mut svg),
            false => by_level(&grid, &mut svg),
        }
        let (left, line) = (grid.left, total - 5.0);
        let steps = self.rows.first().map_or(0, Vec::len);
        let _ = write!(
            svg,
            "<text class=\"soft\" x=\"{left}\" y=\"{line:.0}\">step 1</text><text class=\"soft\" \
             x=\"638\" y=\"{line:.0}\" text-anchor=\"end\">step {steps}</text></svg>"
        );
        svg
    }

    fn grid(&self) -> Grid {
        let steps = self.rows.first().map_or(0, Vec::len);
        let kept: Vec<usize> = thinned(&(0..steps).collect::<Vec<_>>());
        let most = (MOST_CELLS / kept.len().max(1)).max(1);
        let every = self.rows.len().div_ceil(most).max(1);
        let rows: Vec<usize> = (0..self.rows.len()).step_by(every).collect();
        let left = if self.names.is_empty() { 30.0 } else { 110.0 };
        let height = (220.0 / rows.len().max(1) as f64).clamp(6.0, 18.0);
        let width = (638.0 - left) / kept.len().max(1) as f64;
        let mut cells = Vec::new();
        for (place, &row) in rows.iter().enumerate() {
            for (column, &step) in kept.iter().enumerate() {
                let value = self.rows[row].get(step).copied().unwrap_or(0.0);
                let (x, y) = (left + width * column as f64, height * place as f64);
                cells.push(Cell { row, step, value, x, y });
            }
        }
        let largest = cells.iter().map(|cell| cell.value.abs()).fold(0.0, f64::max);
        Grid { cells, width, height, left, largest }
    }

    fn name_of(&self, row: usize) -> String {
        self.names.get(row).cloned().unwrap_or_else(|| (row + 1).to_string())
    }

    fn labels(&self, grid: &Grid, svg: &mut String) {
        let mut free = 0.0;
        for cell in grid.cells.iter().filter(|cell| cell.x <= grid.left) {
            if cell.y < free {
                continue;
            }
            free = cell.y + 11.0;
            let short: String = self.name_of(cell.row).chars().take(16).collect();
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" style=\"font-size:11px\">{}</text>",
                grid.left - 4.0,
                cell.y + grid.height / 2.0 + 4.0,
                escape(&short)
            );
        }
    }

    /// Each cell with its value on hover.
    fn single(&self, grid: &Grid, svg: &mut String) {
        let (width, height) = (grid.width, grid.height - 0.5);
        for cell in &grid.cells {
            let class = if cell.value < 0.0 { "neg" } else { "pos" };
            let share = if grid.largest > 0.0 { cell.value.abs() / grid.largest } else { 0.0 };
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
                 height=\"{height:.1}\" fill-opacity=\"{share:.2}\"><title>{}, step {}: {}</title></rect>",
                cell.x,
                cell.y,
                name(&self.name_of(cell.row)),
                cell.step + 1,
                number(cell.value)
            );
        }
    }
}

/// The cells of each level as one path, with the range of their values on hover.
fn by_level(grid: &Grid, svg: &mut String) {
    let (width, height) = (grid.width, grid.height - 0.5);
    let step = grid.largest / LEVELS as f64;
    for (class, sign) in [("pos", 1.0), ("neg", -1.0)] {
        for level in 1..=LEVELS {
            let (low, high) = (step * (level as f64 - 0.5), step * (level as f64 + 0.5));
            let mut path = String::new();
            for cell in &grid.cells {
                let size = sign * cell.value;
                if size >= low && size < high {
                    let _ = write!(
                        path,
                        "M{:.1} {:.1}h{width:.1}v{height:.1}h-{width:.1}z",
                        cell.x, cell.y
                    );
                }
            }
            if !path.is_empty() {
                let opacity = level as f64 / LEVELS as f64;
                let _ = write!(
                    svg,
                    "<path class=\"{class}\" fill-opacity=\"{opacity:.2}\" d=\"{path}\"><title>about \
                     {}</title></path>",
                    number(sign * step * level as f64)
                );
            }
        }
    }
}
