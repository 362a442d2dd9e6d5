//! The wide layout: a row for each sequence.

use std::fmt::Write as _;

use elman::data::{Dataset, Layout, Missing, ReadOptions, TargetKind, Targets};
use ndarray::array;
use proptest::prelude::*;

use super::{Case, TestFile, check_messages};

fn wide() -> ReadOptions {
    let kind = TargetKind::Classes { known: None };
    ReadOptions { layout: Layout::Wide, kind, ..ReadOptions::default() }
}

fn labels(data: &Dataset) -> (&str, Vec<&str>) {
    let Targets::Classes(classes) = data.targets() else { panic!("classes") };
    let label = |&index: &usize| classes.labels()[index].as_str();
    (classes.name(), classes.indices().iter().map(label).collect())
}

/// As in the UCR archive: the label first, no header, NaN behind shorter sequences.
#[test]
fn a_label_and_values_are_read() {
    let file = TestFile::new("tsv", b"2\t0.5\t-1e-3\t3\n-1\t7\tNaN\tNaN\n2\t1\t2\tNaN\n");
    let data = file.read(&wide()).unwrap();
    assert_eq!((data.lengths(), data.feature_names()), (vec![3, 1, 2], &["value".to_string()][..]));
    assert_eq!(data.sequence(0), Some(array![[0.5], [-0.001], [3.0]].view()));
    assert_eq!(labels(&data), ("label", vec!["2", "-1", "2"]));

    let unlabelled = ReadOptions { kind: TargetKind::None, ..wide() };
    let data = file.read(&unlabelled).unwrap();
    assert_eq!((data.lengths(), data.targets()), (vec![3, 1, 2], &Targets::None));
    let values = ReadOptions { kind: TargetKind::Values, ..wide() };
    let Targets::Values(values) = file.read(&values).unwrap().targets().clone() else { panic!() };
    assert_eq!(values.values(), array![[2.0], [-1.0], [2.0]]);
}

#[test]
fn a_header_names_the_roles() {
    let file = TestFile::new("csv", b"who,t0,t1,kind,weight\nann,1,2,x,0.5\nbob,3,,y,1\n");
    let mut options = wide();
    options.columns.targets = vec!["kind".into()];
    options.columns.sequence = Some("who".into());
    options.columns.weight = Some("weight".into());
    let data = file.read(&options).unwrap();
    assert_eq!(
        (data.ids(), data.lengths()),
        (&["ann".to_string(), "bob".to_string()][..], vec![2, 1])
    );
    assert_eq!(labels(&data), ("kind", vec!["x", "y"]));
    assert_eq!(data.weights(), Some(&[0.5, 1.0][..]));
}

#[test]
fn a_value_missing_within_a_row_is_taken_where_asked() {
    let file = TestFile::new("csv", b"a,1,?,3\nb,4,5,6\n");
    let options = ReadOptions { missing: Missing::Mask, ..wide() };
    let data = file.read(&options).unwrap();
    assert_eq!(data.feature_names(), ["value", "value_missing"]);
    assert!(data.values()[2].is_nan());
    assert_eq!(data.values()[3].to_bits(), 1f64.to_bits());
}

#[test]
fn bad_tables_are_refused() {
    check_messages(
        "csv",
        &wide(),
        &[
            Case { fact: "empty", content: b"", message: "expected a header, got an empty file" },
            Case {
                fact: "empty lines",
                content: b"\n\n",
                message: "expected rows of values, got empty lines only",
            },
            Case {
                fact: "rows of different width",
                content: b"a,1,2\nb,1,2,3\n",
                message: "row 2: expected 3 fields as in the first row, got 4",
            },
            Case {
                fact: "text further down",
                content: b"a,1,2\nb,1,x\n",
                message: "row 2, column \"3\": expected a number, got \"x\"",
            },
            Case {
                fact: "infinity",
                content: b"a,1,2\nb,1,inf\n",
                message: "row 2, column \"3\": expected a finite number, got \"inf\"",
            },
            Case {
                fact: "a value missing within",
                content: b"a,1,2\nb,,2\n",
                message: "row 2, column \"2\": expected a number (only the end of a row may be missing), got an empty cell (hint: --missing mask and --missing last take missing values)",
            },
            Case {
                fact: "no value",
                content: b"a,1,2\nb,NaN,NaN\n",
                message: "row 2: expected at least one value, got none",
            },
            Case {
                fact: "no label",
                content: b"a,1,2\n,1,2\n",
                message: "row 2, column \"1\": expected a label, got an empty cell",
            },
            Case {
                fact: "a label alone",
                content: b"a\nb\n",
                message: "row 1: expected columns of values, got none",
            },
            Case {
                fact: "header only",
                content: b"label,t0,t1\n",
                message: "expected rows after the header, got the header only",
            },
            Case {
                fact: "an open quote",
                content: b"a,1,2\n\"b,1,2\n",
                message: "row 2: expected a quote that is closed in its row, got an open one",
            },
        ],
    );
}

#[test]
fn roles_that_a_wide_table_does_not_have_are_refused() {
    let mut named = wide();
    named.columns.targets = vec!["kind".into()];
    check_messages(
        "csv",
        &named,
        &[
            Case {
                fact: "a name without a header",
                content: b"a,1,2\n",
                message: "row 1, column \"kind\": expected a header with this column, got a row of values",
            },
            Case {
                fact: "no such column",
                content: b"king,t0\na,1\n",
                message: "column \"kind\": expected a column of this name, got none (hint: did you mean \"king\"?)",
            },
        ],
    );
    let mut timed = wide();
    timed.columns.time = Some("t".into());
    check_messages(
        "csv",
        &timed,
        &[Case {
            fact: "a time column",
            content: b"a,1,2\n",
            message: "time: expected none in the wide layout, got \"t\"",
        }],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is written is read back to the bit, with or without a header.
    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(prop::collection::vec(-1e300f64..1e300, 2..6), 1..6),
        has_header in any::<bool>(),
    ) {
        let width = rows.iter().map(Vec::len).max().unwrap();
        let mut text = String::new();
        if has_header {
            let names: Vec<String> = (0..width).map(|index| format!("t{index}")).collect();
            writeln!(text, "kind\t{}", names.join("\t")).unwrap();
        }
        for (index, row) in rows.iter().enumerate() {
            let cell = |column: usize| row.get(column).map_or("NaN".into(), f64::to_string);
            let cells: Vec<String> = (0..width).map(cell).collect();
            writeln!(text, "c{index}\t{}", cells.join("\t")).unwrap();
        }
        let data = TestFile::new("tsv", text.as_bytes()).read(&wide()).unwrap();
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        prop_assert_eq!(data.lengths(), lengths);
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(data.values()), bits(&rows.concat()));
        let (name, found) = labels(&data);
        prop_assert_eq!(name, if has_header { "kind" } else { "label" });
        prop_assert_eq!(found.len(), rows.len());
    }
}
