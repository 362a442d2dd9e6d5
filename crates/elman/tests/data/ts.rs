//! `.ts`: what is read, and every refusal word for word.

#[path = "ts/files.rs"]
mod files;

use elman::data::{
    Columns, Decimal, Delimiter, ReadOptions, RowOrder, TargetKind, Targets, ts::read_ts,
};

use super::{Case, TestFile, check_messages};

const GOOD: &str = "# A comment.\n\
    @problemName Gestures\n@timeStamps false\n@missing false\n@univariate false\n@dimensions 2\n\
    @equalLength false\n@classLabel true wave push rest\n@data\n\
    0.1,0.3,2e1:0.2,+0.1,-5:wave\n0.9,.7:0.8,1.:push\n";

fn classes() -> ReadOptions {
    ReadOptions { kind: TargetKind::Classes { known: None }, ..ReadOptions::default() }
}

#[test]
fn good_file_is_read_exactly() {
    let dataset = TestFile::new("ts", GOOD.as_bytes()).read(&classes()).unwrap();
    assert_eq!(dataset.ids(), ["0", "1"]);
    assert_eq!(dataset.feature_names(), ["channel1", "channel2"]);
    assert_eq!(dataset.lengths(), [3, 2]);
    assert_eq!(dataset.values(), [0.1, 0.2, 0.3, 0.1, 20.0, -5.0, 0.9, 0.8, 0.7, 1.0]);
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.name(), "class");
    assert_eq!(classes.labels(), ["wave", "push", "rest"]);
    assert_eq!(classes.indices(), [0, 1]);
}

#[test]
fn layout_of_the_text_does_not_matter() {
    let plain = TestFile::new("ts", GOOD.as_bytes()).read(&classes()).unwrap();
    let variants = [
        format!("\u{feff}{GOOD}"),
        GOOD.replace('\n', "\r\n"),
        GOOD.replace('\n', "\n\n# between\n"),
        GOOD.replace('\n', "\n% between\n"),
        GOOD.replace("@problemName Gestures", "@problemName Gestures\n@problemName Others"),
        GOOD.replace("@missing false", "@missing false\n@Missing  FALSE\n@missing false"),
        GOOD.replace("@dimensions 2", "@dimensions 2\n@dimension 2"),
        GOOD.replace("@data", "@classlabel True wave  push rest\n@data"),
        GOOD.replace(',', " , ").replace(':', " : "),
        GOOD.replace("@dimensions", "@dimension"),
        GOOD.replace("@problemName", "@PROBLEMNAME").replace("false", "False"),
        GOOD.replace("@data", "@seriesLength 3\n@data"),
    ];
    for text in variants {
        let dataset = TestFile::new("ts", text.as_bytes()).read(&classes()).unwrap();
        assert_eq!(dataset.values(), plain.values(), "{text:?}");
        assert_eq!(dataset.targets(), plain.targets(), "{text:?}");
    }
}

#[test]
fn number_labels_are_values() {
    let text = "@univariate true\n@targetLabel true\n@data\n1,2,3:0.5\n4:-7e1\n";
    let options = ReadOptions { kind: TargetKind::Values, ..ReadOptions::default() };
    let dataset = TestFile::new("ts", text.as_bytes()).read(&options).unwrap();
    assert_eq!(dataset.lengths(), [3, 1]);
    let Targets::Values(values) = dataset.targets() else { panic!("values") };
    assert_eq!(values.names(), ["target"]);
    assert_eq!(values.values(), ndarray::array![[0.5], [-70.0]]);
}

#[test]
fn labels_are_not_read_unless_asked_for() {
    let unlabelled = GOOD.replace("@classLabel true wave push rest", "@classLabel false");
    let unlabelled = unlabelled.replace(":wave", "").replace(":push", "");
    for text in [GOOD, &unlabelled] {
        let dataset = TestFile::new("ts", text.as_bytes()).read(&ReadOptions::default()).unwrap();
        assert_eq!(dataset.input_size(), 2);
        assert_eq!(dataset.targets(), &Targets::None);
    }
}

/// The forms in which aeon 1.6.0 and sktime 1.2.0 write sequences whose labels are not known.
#[test]
fn files_without_labels_are_read_as_they_are_written() {
    let one = [
        "@univariate true\n@targetlabel false\n@data\n1.0,2.0,3.0:\n2.0,3.0,4.0:\n",
        "@univariate true\n@classLabel false\n@data\n1.0,2.0,3.0\n2.0,3.0,4.0\n",
        "@univariate true\n@classLabel true a b\n@data\n1.0,2.0,3.0:?\n2.0,3.0,4.0:NaN\n",
        "@univariate true\n@classLabel true a b\n@data\n1.0,2.0,3.0:\n2.0,3.0,4.0:c\n",
        "@univariate true\n@targetLabel true\n@data\n1.0,2.0,3.0:?\n2.0,3.0,4.0:NaN\n",
    ];
    for text in one {
        let dataset = TestFile::new("ts", text.as_bytes()).read(&ReadOptions::default()).unwrap();
        assert_eq!(dataset.input_size(), 1, "{text}");
        assert_eq!(dataset.values(), [1.0, 2.0, 3.0, 2.0, 3.0, 4.0], "{text}");
    }
    let two = [
        "@univariate false\n@classLabel false\n@data\n1.0,2.0:3,4:\n",
        "@dimensions 2\n@targetLabel false\n@data\n1.0,2.0:3,4:\n",
        "@univariate false\n@classLabel true a b\n@data\n1.0,2.0:3,4:NaN\n",
    ];
    for text in two {
        let dataset = TestFile::new("ts", text.as_bytes()).read(&ReadOptions::default()).unwrap();
        assert_eq!(dataset.input_size(), 2, "{text}");
        assert_eq!(dataset.values(), [1.0, 3.0, 2.0, 4.0], "{text}");
    }
}

#[test]
fn options_name_the_channels_and_the_classes() {
    let known = ["rest", "push", "wave"].map(String::from).to_vec();
    let options = ReadOptions {
        features: Some(vec!["x".into(), "y".into()]),
        kind: TargetKind::Classes { known: Some(known.clone()) },
        ..ReadOptions::default()
    };
    let dataset = TestFile::new("ts", GOOD.as_bytes()).read(&options).unwrap();
    assert_eq!(dataset.feature_names(), ["x", "y"]);
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.labels(), known);
    assert_eq!(classes.indices(), [2, 1]);
}

#[test]
fn bad_files_are_refused_with_the_place() {
    check_messages("ts", &classes(), files::BAD_FILES);
}

#[test]
fn a_file_must_suit_the_model() {
    let options = ReadOptions {
        features: Some(vec!["x".into(), "y".into()]),
        kind: TargetKind::Classes { known: Some(vec!["walk".into(), "run".into()]) },
        ..ReadOptions::default()
    };
    let cases = [
        Case {
            fact: "unseen class",
            content: b"@classLabel true walk sit\n@data\n1:2:walk\n1:2:sit\n",
            message: "row 4: expected one of the classes \"walk\", \"run\", got \"sit\"",
        },
        Case {
            fact: "other dimensions",
            content: b"@classLabel true walk run\n@data\n1:2:3:walk\n",
            message: "row 3: expected 2 dimensions (one for each feature) and the label, separated by \":\", got 3 dimensions and the label",
        },
        Case {
            fact: "fault in a named channel",
            content: b"@classLabel true walk run\n@data\n1:z:walk\n",
            message: "row 3, column \"y\": expected a number, got \"z\" at step 0",
        },
    ];
    check_messages("ts", &options, &cases);
}

#[test]
fn bad_values_are_refused_with_the_place() {
    let options = ReadOptions { kind: TargetKind::Values, ..ReadOptions::default() };
    let cases = [
        Case {
            fact: "classes instead of numbers",
            content: b"@classLabel true a b\n@data\n1:a\n",
            message: "expected @targetLabel true, got @classLabel true",
        },
        Case {
            fact: "label is text",
            content: b"@targetLabel true\n@data\n1:high\n",
            message: "row 3: expected a number as the label, got \"high\"",
        },
        Case {
            fact: "label is missing",
            content: b"@targetLabel true\n@data\n1:NaN\n",
            message: "row 3: expected a finite number as the label, got \"NaN\"",
        },
    ];
    check_messages("ts", &options, &cases);
}

#[test]
fn roles_for_columns_are_refused() {
    let file = TestFile::new("ts", GOOD.as_bytes());
    let none = Columns::default;
    let cases = [
        (Columns { sequence: Some("id".into()), ..none() }, "sequence", "\"id\""),
        (Columns { time: Some("step".into()), ..none() }, "time", "\"step\""),
        (Columns { targets: vec!["a".into(), "b".into()], ..none() }, "target", "\"a\", \"b\""),
        (Columns { delimiter: Some(Delimiter::Tab), ..none() }, "delimiter", "tab"),
        (Columns { decimal: Decimal::Comma, ..none() }, "decimal", "comma"),
        (Columns { order: RowOrder::Sort, ..none() }, "sort", "it"),
    ];
    for (columns, name, found) in cases {
        let error = read_ts(&file.path, &ReadOptions { columns, ..classes() }).unwrap_err();
        let expected = "expected nothing, as the data are a .ts file, which has no columns";
        assert_eq!(error.to_string(), format!("{name}: {expected}, got {found}"));
    }
}

/// A short line must not make the reader reserve the product of its dimensions and their length.
#[test]
fn memory_is_bounded_by_the_line() {
    let text =
        format!("@classLabel true a b\n@data\n{}{}a\n", "1,".repeat(300_000), ":".repeat(300_000));
    let error = TestFile::new("ts", text.as_bytes()).read(&classes()).unwrap_err();
    assert!(error.to_string().ends_with("expected 300001 values as in channel1, got 1 value"));
}
