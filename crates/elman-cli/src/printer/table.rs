//! A table of text: the first column to the left, the others to the right.

use unicode_width::UnicodeWidthStr as _;

use super::style::Style;
use crate::failure::one_line;

/// Columns that line up.
///
/// The header is bold. A missing cell is left blank.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new<S: AsRef<str>>(header: impl IntoIterator<Item = S>) -> Self {
        Table { header: cells(header), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, row: impl IntoIterator<Item = S>) {
        self.rows.push(cells(row));
    }

    /// The table as lines.
    pub fn render(&self, style: Style) -> String {
        let all = || std::iter::once(&self.header).chain(&self.rows);
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let cell =
            |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| cell.width());
        let widths: Vec<usize> = (0..columns)
            .map(|column| all().map(|row| cell(row, column)).max().unwrap_or(0))
            .collect();
        let mut text = style.bold(&line(&self.header, &widths)) + "\n";
        for row in &self.rows {
            text += &(line(row, &widths) + "\n");
        }
        text
    }
}

fn cells<S: AsRef<str>>(row: impl IntoIterator<Item = S>) -> Vec<String> {
    row.into_iter().map(|cell| one_line(cell.as_ref())).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (column, (cell, &width)) in row.iter().zip(widths).enumerate() {
        let padding = " ".repeat(width - cell.width());
        match column {
            0 => text += &(cell.clone() + &padding),
            _ => text += &format!("   {padding}{cell}"),
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_their_width_on_the_screen() {
        let mut table = Table::new(["class", "count"]);
        table.row(["日本", "7"]);
        table.row(["a\u{1b}b", "1234567"]);
        table.row(["only"]);
        let expected = "class        count\n日本             7\na\\u{1b}b   1234567\nonly\n";
        assert_eq!(table.render(Style::PLAIN), expected);
    }
}
