//! Pieces of a page: escaped text, tables, figures, the frame around them.

use std::fmt::Write as _;

/// More rows of a table are thinned out.
const MOST_ROWS: usize = 100;
/// Longer texts from data are cut.
const MOST_CHARS: usize = 80;

/// Text as HTML shows it: `<`, `>`, `&` and both quotes escaped, control characters replaced.
///
/// ```
/// use elman_report::html::escape;
///
/// assert_eq!(escape("<b>\"'&\u{0}"), "&lt;b&gt;&quot;&#39;&amp;\u{fffd}");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || is_noncharacter(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// A name from data: escaped, and cut where it is very long.
#[must_use]
pub fn name(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => escape(&text[..end]) + "…",
        None => escape(text),
    }
}

/// A table of names and numbers.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings, to be escaped.
    pub fn new<S: AsRef<str>>(header: impl IntoIterator<Item = S>) -> Self {
        let header = header.into_iter().map(|cell| name(cell.as_ref())).collect();
        Table { header, rows: Vec::new() }
    }

    /// Adds a row of texts, to be escaped.
    pub fn row<S: AsRef<str>>(&mut self, row: impl IntoIterator<Item = S>) {
        self.rows.push(row.into_iter().map(|cell| name(cell.as_ref())).collect());
    }

    /// The table; of very many rows each k-th and the last, which it says.
    #[must_use]
    pub fn render(&self) -> String {
        let step = self.rows.len().div_ceil(MOST_ROWS).max(1);
        let mut html = "<div class=\"wide\"><table><thead><tr>".to_owned();
        for cell in &self.header {
            let _ = write!(html, "<th scope=\"col\">{cell}</th>");
        }
        html += "</tr></thead><tbody>";
        for (index, row) in self.rows.iter().enumerate() {
            if index % step == 0 || index + 1 == self.rows.len() {
                html += "<tr>";
                row.iter().for_each(|cell| {
                    let _ = write!(html, "<td>{cell}</td>");
                });
                html += "</tr>";
            }
        }
        html += "</tbody></table></div>";
        if step > 1 {
            let _ =
                write!(html, "<p class=\"note\">Every {step}th of {} rows.</p>", self.rows.len());
        }
        html
    }
}

/// A chart with what it shows, and its numbers in a folded table.
#[must_use]
pub fn figure(caption: &str, svg: &str, numbers: &Table) -> String {
    let table = numbers.render();
    let caption = escape(caption);
    format!(
        "<figure><figcaption>{caption}</figcaption>{svg}<details><summary>The numbers</summary>{table}\
         </details></figure>\n"
    )
}

/// A section with its heading.
#[must_use]
pub fn section(heading: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>\n{body}</section>\n", escape(heading))
}

/// A paragraph of escaped text.
#[must_use]
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// Facts as a list of terms: `(term, fact)`, both to be escaped.
#[must_use]
pub fn facts<S: AsRef<str>>(facts: &[(&str, S)]) -> String {
    let mut html = "<dl>".to_owned();
    for (term, fact) in facts {
        let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(term), escape(fact.as_ref()));
    }
    html + "</dl>\n"
}

/// A whole page.
#[must_use]
pub fn document(title: &str, body: &str) -> String {
    let title = name(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n\
         </html>\n"
    )
}

/// The look of a page and of its charts, light and dark.
pub const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_data_is_text() {
        let mut table = Table::new(["<th>"]);
        table.row(["</td><script>alert('1')</script>"]);
        let html = table.render();
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(&#39;1&#39;)"));
        assert!(document("</title>", "").contains("<title>&lt;/title&gt;</title>"));
    }

    #[test]
    fn long_tables_are_thinned_and_long_names_cut() {
        let mut table = Table::new(["row"]);
        (0..1000).for_each(|row| table.row([row.to_string()]));
        let html = table.render();
        assert!(html.matches("<tr>").count() <= MOST_ROWS + 2);
        assert!(html.contains("<td>0</td>") && html.contains("<td>999</td>"));
        assert!(html.contains("of 1000 rows"));
        assert_eq!(name(&"ä".repeat(500)).chars().count(), MOST_CHARS + 1);
    }
}
