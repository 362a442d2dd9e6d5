//! Long CSV: every refusal word for word.

#[path = "csv_faults/files.rs"]
mod files;

use elman::data::{ReadOptions, RowOrder, TargetKind};

use super::{Case, TestFile, check_messages, labelled};

/// A file without faults.
const GOOD: &str = "id,step,x,y,label\na,0,1,-2.5,up\na,1,3e1,+4,up\nb,7,.5,6.,down\n";

#[test]
fn bad_files_are_refused_with_the_place() {
    check_messages("csv", &labelled(), files::BAD_FILES);
}

#[test]
fn bad_values_are_refused_with_the_place() {
    let options = ReadOptions { kind: TargetKind::Values, ..labelled() };
    let cases = [
        Case {
            fact: "target changes",
            content: b"id,step,x,label\na,0,1,0.5\na,1,1,0.50\na,2,1,0.75\n",
            message: "row 4, column \"label\": expected 0.5 as in row 2, the first of the sequence, got \"0.75\"",
        },
        Case {
            fact: "target is text",
            content: b"id,step,x,label\na,0,1,high\n",
            message: "row 2, column \"label\": expected a number, got \"high\"",
        },
        Case {
            fact: "target is infinite",
            content: b"id,step,x,label\na,0,1,inf\n",
            message: "row 2, column \"label\": expected a finite number, got \"inf\"",
        },
        Case {
            fact: "target goes missing",
            content: b"id,step,x,label\na,0,1,1\na,1,1,\n",
            message: "row 3, column \"label\": expected a number, got an empty cell",
        },
    ];
    check_messages("csv", &options, &cases);
}

#[test]
fn a_file_must_suit_the_model() {
    let known = ["walk", "run", "rest"].map(String::from).to_vec();
    let options = ReadOptions {
        features: Some(vec!["lpc1".into(), "lpc2".into()]),
        kind: TargetKind::Classes { known: Some(known) },
        ..labelled()
    };
    let cases = [
        Case {
            fact: "unseen class with a near one",
            content: b"id,step,lpc1,lpc2,label\na,0,1,1,walks\n",
            message: "row 2, column \"label\": expected one of the classes \"walk\", \"run\", \"rest\", got \"walks\" (hint: did you mean \"walk\"?)",
        },
        Case {
            fact: "unseen class",
            content: b"id,step,lpc1,lpc2,label\na,0,1,1,walk\nb,0,1,1,9\n",
            message: "row 3, column \"label\": expected one of the classes \"walk\", \"run\", \"rest\", got \"9\"",
        },
        Case {
            fact: "column under another name",
            content: b"id,step,lpc1,lcp2,label\na,0,1,1,walk\n",
            message: "column \"lpc2\": expected a column of this name, got none (hint: did you mean \"lcp2\"?)",
        },
        Case {
            fact: "header only",
            content: b"id,step,lpc1,lpc2,label\n",
            message: "expected rows after the header, got the header only",
        },
        Case {
            fact: "listed column holds text",
            content: b"id,step,lpc1,lpc2,label\na,0,1,abc,walk\n",
            message: "row 2, column \"lpc2\": expected a number, got \"abc\"",
        },
    ];
    check_messages("csv", &options, &cases);
}

#[test]
fn paths_without_a_file_are_refused() {
    let file = TestFile::new("csv", GOOD.as_bytes());
    let folder = file.path.parent().unwrap();
    let message = |name: &str| {
        let error = elman::data::read(folder.join(name), &labelled()).unwrap_err().to_string();
        error.replace(&folder.display().to_string(), "DIR")
    };
    std::fs::create_dir(folder.join("folder.csv")).unwrap();
    std::fs::write(folder.join("notes.doc"), "x").unwrap();
    std::fs::write(folder.join("bare"), "x").unwrap();
    let cases = [
        (
            "dta.csv",
            "DIR/dta.csv: expected a file, got nothing at this path (hint: did you mean \"data.csv\"?)",
        ),
        ("0.csv", "DIR/0.csv: expected a file, got nothing at this path"),
        ("data.csv/x.csv", "DIR/data.csv/x.csv: expected a file, got nothing at this path"),
        ("no/data.csv", "DIR/no/data.csv: expected a file, got nothing at this path"),
        ("folder.csv", "DIR/folder.csv: expected a file, got a directory"),
        (
            "notes.doc",
            "DIR/notes.doc: expected the file extension .csv, .tsv, .txt or .ts, got .doc",
        ),
        ("bare", "DIR/bare: expected the file extension .csv, .tsv, .txt or .ts, got none"),
    ];
    for (name, expected) in cases {
        assert_eq!(message(name), expected);
    }
}

type Change = fn(&mut ReadOptions);

#[test]
fn contradictory_options_are_refused() {
    let file = TestFile::new("csv", GOOD.as_bytes());
    let message = |change: Change| {
        let mut options = labelled();
        change(&mut options);
        file.without_path(&file.read(&options).unwrap_err().to_string())
    };
    let cases: [(Change, &str); 12] = [
        (
            |o| o.columns.sequence = None,
            "expected the name of its sequence column, got none (hint: the columns are \"id\", \"step\", \"x\", \"y\", \"label\")",
        ),
        (
            |o| o.columns.time = Some("id".into()),
            "time: expected a column that has no other role, got \"id\", which is named under sequence already",
        ),
        (
            |o| o.exclude = vec!["step".into()],
            "exclude: expected a column that has no other role, got \"step\", which is named under time already",
        ),
        (
            |o| o.exclude = vec!["xx".into()],
            "column \"xx\": expected a column of this name, got none (hint: did you mean \"x\"?)",
        ),
        (
            |o| (o.features, o.exclude) = (Some(vec!["x".into()]), vec!["y".into()]),
            "exclude: expected none beside a list of features, got \"y\"",
        ),
        (
            |o| o.features = Some(vec!["x".into(), "label".into()]),
            "features: expected a column that has no other role, got \"label\", which is named under target already",
        ),
        (
            |o| o.features = Some(vec!["x".into(), "x".into()]),
            "features: expected each name once, got \"x\" twice",
        ),
        (|o| o.features = Some(vec![]), "features: expected at least one name, got none"),
        (
            |o| o.columns.targets.clear(),
            "target: expected one column, which holds the class, got none",
        ),
        (
            |o| o.columns.targets.push("y".into()),
            "target: expected one column, which holds the class, got \"label\", \"y\"",
        ),
        (
            |o| o.kind = TargetKind::None,
            "target: expected none, as nothing is to be predicted, got \"label\"",
        ),
        (
            |o| (o.kind, o.columns.targets) = (TargetKind::Values, vec![]),
            "target: expected at least one column, got none",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(message(change), expected);
    }
}

#[test]
fn sorting_refuses_what_has_no_order() {
    let mut options = labelled();
    options.columns.order = RowOrder::Sort;
    let cases = [
        Case {
            fact: "the same time twice",
            content: b"id,step,x,label\na,2,1,up\nb,1,1,down\na,1,1,up\na,2.0,1,up\n",
            message: "row 5, column \"step\": expected each time once in sequence \"a\", got 2, which is that of row 2 too",
        },
        Case {
            fact: "dates among numbers",
            content: b"id,step,x,label\na,2,1,up\nb,2024-01-01,1,down\n",
            message: "row 3, column \"step\": expected a number, got \"2024-01-01\"",
        },
        Case {
            fact: "a target that changes",
            content: b"id,step,x,label\na,2,1,up\nb,1,1,down\na,1,1,down\n",
            message: "row 4, column \"label\": expected \"up\" as in row 2, the first of the sequence, got \"down\"",
        },
    ];
    check_messages("csv", &options, &cases);
}
