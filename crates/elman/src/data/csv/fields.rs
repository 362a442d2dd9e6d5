//! A row in pieces: fields between delimiters, quoted or not.

/// The fields of one row.
#[derive(Default)]
pub(in crate::data) struct Fields {
    fields: Vec<Field>,
    at: usize,
    start: usize,
    state: State,
    is_quoted: bool,
}

/// Where a field stands in the row.
enum Field {
    /// From here to there.
    Plain { start: usize, end: usize },
    /// Without its quotes, it is another text.
    Unquoted(String),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quote within a quoted field: its end, or the first half of a quote that belongs to it.
    AfterQuote,
}

impl Fields {
    /// Forgets the row before.
    pub(in crate::data) fn clear(&mut self) {
        self.fields.clear();
        (self.at, self.start, self.state, self.is_quoted) = (0, 0, State::Start, false);
    }

    /// Goes on to the end of the row as it is so far. Whether a quote is still open there: the next
    /// line belongs to the row then.
    pub(in crate::data) fn split(&mut self, bytes: &[u8], delimiter: u8) -> bool {
        while self.at < bytes.len() {
            let byte = bytes[self.at];
            match self.state {
                State::Start if byte == b'"' => {
                    (self.state, self.is_quoted) = (State::Quoted, true);
                }
                State::Start | State::Plain => {
                    let rest = &bytes[self.at..];
                    match rest.iter().position(|byte| *byte == delimiter) {
                        Some(length) => {
                            self.at += length;
                            self.push(bytes);
                        }
                        None => (self.at, self.state) = (bytes.len() - 1, State::Plain),
                    }
                }
                State::Quoted if byte == b'"' => self.state = State::AfterQuote,
                State::Quoted => {}
                State::AfterQuote if byte == b'"' => self.state = State::Quoted,
                State::AfterQuote if byte == delimiter => self.push(bytes),
                State::AfterQuote => self.state = State::Plain,
            }
            self.at += 1;
        }
        self.state == State::Quoted
    }

    /// Ends the last field with the row.
    pub(in crate::data) fn finish(&mut self, row: &[u8]) {
        self.at = row.len();
        self.push(row);
    }

    fn push(&mut self, row: &[u8]) {
        let (start, end) = (self.start, self.at);
        self.fields.push(match self.is_quoted {
            false => Field::Plain { start, end },
            true => Field::Unquoted(unquoted(&String::from_utf8_lossy(&row[start + 1..end]))),
        });
        (self.start, self.state, self.is_quoted) = (end + 1, State::Start, false);
    }

    pub(in crate::data) fn len(&self) -> usize {
        self.fields.len()
    }

    /// A field of the row that was split; empty past the last one.
    pub(in crate::data) fn get<'a>(&'a self, row: &'a str, index: usize) -> &'a str {
        match self.fields.get(index) {
            Some(Field::Plain { start, end }) => row.get(*start..*end).unwrap_or(""),
            Some(Field::Unquoted(text)) => text,
            None => "",
        }
    }
}

/// What stands after a quote: the text up to the closing quote, of which double ones are one, and
/// whatever follows it.
fn unquoted(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(after) = rest.strip_prefix('"') else { break };
        plain.push('"');
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(row: &str) -> Vec<String> {
        let mut fields = Fields::default();
        fields.split(row.as_bytes(), b',');
        fields.finish(row.as_bytes());
        (0..fields.len()).map(|index| fields.get(row, index).to_string()).collect()
    }

    /// Expected: what the crate `csv` 1.4 reads from the same rows.
    #[test]
    fn rows_are_split_as_other_readers_do() {
        let cases: [(&str, &[&str]); 12] = [
            ("a,b", &["a", "b"]),
            ("a", &["a"]),
            (",,", &["", "", ""]),
            ("a,", &["a", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a \"\"b\"\" c\",\"\"", &["a \"b\" c", ""]),
            ("\"\"\"\",x", &["\"", "x"]),
            ("a\"b\",c", &["a\"b\"", "c"]),
            (" \"a\",b", &[" \"a\"", "b"]),
            ("\"a\"b,c", &["ab", "c"]),
            ("\"a\"b\"c,d\",e", &["ab\"c", "d\"", "e"]),
            ("é,\"ü,\"", &["é", "ü,"]),
        ];
        for (row, expected) in cases {
            assert_eq!(split(row), expected, "{row}");
        }
    }

    #[test]
    fn an_open_quote_goes_on() {
        let (mut fields, mut row) = (Fields::default(), String::from("a,\"b"));
        assert!(fields.split(row.as_bytes(), b','));
        row.push_str("\nc\",d");
        assert!(!fields.split(row.as_bytes(), b','));
        fields.finish(row.as_bytes());
        let found: Vec<&str> = (0..fields.len()).map(|index| fields.get(&row, index)).collect();
        assert_eq!(found, ["a", "b\nc", "d"]);
    }
}
