//! Long CSV: what is read.

use elman::data::{
    Columns, Delimiter, LeftOutReason, ReadOptions, RowOrder, TargetKind, Targets, csv::read_csv,
};

use super::{TestFile, labelled};

const GOOD: &str = "id,step,x,y,label\na,0,1,-2.5,up\na,1,3e1,+4,up\nb,7,.5,6.,down\n";

#[test]
fn good_file_is_read_exactly() {
    let file = TestFile::new("csv", GOOD.as_bytes());
    let dataset = file.read(&labelled()).unwrap();
    assert_eq!(dataset.ids(), ["a", "b"]);
    assert_eq!(dataset.feature_names(), ["x", "y"]);
    assert_eq!(dataset.lengths(), [2, 1]);
    assert_eq!(dataset.values(), [1.0, -2.5, 30.0, 4.0, 0.5, 6.0]);
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.name(), "label");
    assert_eq!(classes.labels(), ["down", "up"]);
    assert_eq!(classes.indices(), [1, 0]);
    assert!(dataset.left_out().is_empty());
}

#[test]
fn layout_of_the_text_does_not_matter() {
    let plain = TestFile::new("csv", GOOD.as_bytes()).read(&labelled()).unwrap();
    let quoted = GOOD.replace("up", "\"up\"").replace("a,", "\"a\",");
    let variants = [
        format!("\u{feff}{GOOD}"),
        GOOD.replace('\n', "\r\n"),
        GOOD.replace('\n', "\r"),
        GOOD.replace('\n', "\n\n\r\n"),
        GOOD.replace(',', " ,\t "),
        GOOD.trim_end().to_string(),
        quoted,
    ];
    for text in variants {
        let dataset = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap();
        assert_eq!(dataset.values(), plain.values(), "{text:?}");
        assert_eq!(dataset.ids(), plain.ids(), "{text:?}");
        assert_eq!(dataset.targets(), plain.targets(), "{text:?}");
        assert_ne!(dataset.source().unwrap().digest, plain.source().unwrap().digest);
    }
}

#[test]
fn delimiters_other_than_the_comma_are_read_when_asked_for() {
    for (delimiter, text) in
        [(Delimiter::Semicolon, GOOD.replace(',', ";")), (Delimiter::Tab, GOOD.replace(',', "\t"))]
    {
        let mut options = labelled();
        options.columns.delimiter = Some(delimiter);
        let dataset = TestFile::new("csv", text.as_bytes()).read(&options).unwrap();
        assert_eq!(dataset.values(), [1.0, -2.5, 30.0, 4.0, 0.5, 6.0]);
    }
}

#[test]
fn columns_that_are_not_channels_are_listed_with_the_reason() {
    let text = "id,step,x,note,,void,code,label\n\
                a,0,1,hello,5,,n/a,up\n\
                b,0,2,12,6,,7,down\n";
    let file = TestFile::new("csv", text.as_bytes());
    let reasons = |options: &ReadOptions| -> Vec<(String, LeftOutReason)> {
        let dataset = read_csv(&file.path, options).unwrap();
        dataset.left_out().iter().map(|left| (left.name.clone(), left.reason)).collect()
    };
    let options = ReadOptions { features: Some(vec!["x".into()]), ..labelled() };
    let listed: Vec<_> = ["note", "", "void", "code"]
        .iter()
        .map(|name| ((*name).to_string(), LeftOutReason::NotListed))
        .collect();
    assert_eq!(reasons(&options), listed);

    let text = text.replace("n/a", "8");
    let file = TestFile::new("csv", text.as_bytes());
    let dataset = file.read(&labelled()).unwrap();
    assert_eq!(dataset.feature_names(), ["x", "code"]);
    let found: Vec<_> =
        dataset.left_out().iter().map(|left| (left.name.as_str(), left.reason)).collect();
    let expected = [
        ("note", LeftOutReason::Text),
        ("", LeftOutReason::Unnamed),
        ("void", LeftOutReason::Empty),
    ];
    assert_eq!(found, expected);
}

#[test]
fn excluded_columns_are_no_channels() {
    let options = ReadOptions { exclude: vec!["y".into()], ..labelled() };
    let dataset = TestFile::new("csv", GOOD.as_bytes()).read(&options).unwrap();
    assert_eq!(dataset.feature_names(), ["x"]);
    let [left] = dataset.left_out() else { panic!("{:?}", dataset.left_out()) };
    assert_eq!((left.name.as_str(), left.reason), ("y", LeftOutReason::Excluded));
}

#[test]
fn listed_features_come_in_the_order_of_the_list() {
    let options = ReadOptions { features: Some(vec!["y".into(), "x".into()]), ..labelled() };
    let dataset = TestFile::new("csv", GOOD.as_bytes()).read(&options).unwrap();
    assert_eq!(dataset.feature_names(), ["y", "x"]);
    assert_eq!(dataset.values()[..2], [-2.5, 1.0]);
}

#[test]
fn class_labels_that_are_numbers_are_ordered_as_numbers() {
    let text = "id,step,x,label\na,0,1,10\nb,0,1,9\nc,0,1,-2\nd,0,1,09\n";
    let dataset = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap();
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.labels(), ["-2", "09", "9", "10"]);
    assert_eq!(classes.indices(), [3, 2, 0, 1]);
    assert_eq!(classes.counts(), [1, 1, 1, 1]);
}

#[test]
fn known_classes_keep_their_order() {
    let known = ["up", "side", "down"].map(String::from).to_vec();
    let options =
        ReadOptions { kind: TargetKind::Classes { known: Some(known.clone()) }, ..labelled() };
    let dataset = TestFile::new("csv", GOOD.as_bytes()).read(&options).unwrap();
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.labels(), known);
    assert_eq!(classes.indices(), [0, 2]);
}

#[test]
fn values_are_read_from_several_columns() {
    let text = "id,x,mass,length\na,1,2.5,7\na,2,2.50,7.0\nb,3,-1,8\n";
    let options = ReadOptions {
        columns: Columns {
            sequence: Some("id".into()),
            targets: vec!["length".into(), "mass".into()],
            ..Columns::default()
        },
        kind: TargetKind::Values,
        ..ReadOptions::default()
    };
    let dataset = TestFile::new("csv", text.as_bytes()).read(&options).unwrap();
    let Targets::Values(values) = dataset.targets() else { panic!("values") };
    assert_eq!(values.names(), ["length", "mass"]);
    assert_eq!(values.values(), ndarray::array![[7.0, 2.5], [8.0, -1.0]]);
}

#[test]
fn times_may_be_dates_and_nanoseconds() {
    for times in [
        ["2024-01-31", "2024-02-01"],
        ["2024-01", "2024-01-02"],
        ["2024-01-31T23:59", "2024-02-01T00:00"],
        ["2024-01-31 23:59", "2024-01-31T23:59:01"],
        ["2024-01-31 23:59:59.1Z", "2024-01-31 23:59:59.2Z"],
        ["2024-01-31 23:59:59", "2024-01-31 23:59:59.000000001"],
        ["2021-05-01 00:00:00+00:00", "2021-05-01 01:00:00.5+00:00"],
        // Half past one at +2 is before a quarter to one at +1.
        ["2021-05-01T01:30+02:00", "2021-05-01T00:45+01:00"],
        ["1717000000000000001", "1717000000000000002"],
        ["-1.5", "2"],
    ] {
        let text = format!("id,step,x,label\na,{},1,u\na,{},1,u\n", times[0], times[1]);
        let dataset = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap();
        assert_eq!(dataset.lengths(), [2], "{times:?}");
        let text = format!("id,step,x,label\na,{},1,u\na,{},1,u\n", times[1], times[0]);
        let error = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap_err();
        let expected = format!(
            "row 3, column \"step\": expected a time after {}, that of the row before, got {} (hint: \
             --sort puts the rows in the order of sequence and time)",
            times[1], times[0]
        );
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}

fn sorted() -> ReadOptions {
    let options = labelled();
    let columns = Columns { order: RowOrder::Sort, ..options.columns };
    ReadOptions { columns, ..options }
}

#[test]
fn rows_in_any_order_are_sorted_when_asked_for() {
    let text =
        "id,step,x,label\nb,2,1,up\na,10,2,down\nb,1,3,up\na,9,4,down\nc,0,5,up\nb,1.5,6,up\n";
    let dataset = TestFile::new("csv", text.as_bytes()).read(&sorted()).unwrap();
    assert_eq!(dataset.ids(), ["b", "a", "c"]);
    assert_eq!(dataset.lengths(), [3, 2, 1]);
    assert_eq!(dataset.values(), [3.0, 6.0, 1.0, 4.0, 2.0, 5.0]);
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.indices(), [1, 0, 1]);
    let ordered = TestFile::new("csv", GOOD.as_bytes());
    let (as_given, again) = (ordered.read(&labelled()), ordered.read(&sorted()));
    assert_eq!(as_given.unwrap(), again.unwrap());
}

#[test]
fn rows_without_times_are_gathered_in_their_order() {
    let text = "id,x,label\nb,1,up\na,2,down\nb,3,up\na,0,down\n";
    let mut options = sorted();
    options.columns.time = None;
    let dataset = TestFile::new("csv", text.as_bytes()).read(&options).unwrap();
    assert_eq!(dataset.values(), [1.0, 3.0, 2.0, 0.0]);
}

/// `1e308` can be read, but is no `f32`: the message names its place in the file.
#[test]
fn numbers_beyond_the_range_of_a_network_are_named_by_row() {
    let text = "id,step,x,y,label\na,0,1,1,up\n\na,1,1,1e308,up\nb,0,1,-1e308,up\n";
    let scrambled = "id,step,x,y,label\nb,0,1,-1e308,up\na,1,1,1e308,up\na,0,1,1,up\n";
    let cases = [
        (text, 0, "row 4, column \"y\": expected a number in the range of f32, got 1e308"),
        (text, 1, "row 5, column \"y\": expected a number in the range of f32, got -1e308"),
        (scrambled, 1, "row 3, column \"y\": expected a number in the range of f32, got 1e308"),
    ];
    for (text, sequence, expected) in cases {
        let file = TestFile::new("csv", text.as_bytes());
        let dataset = file.read(&sorted()).unwrap();
        let error = dataset.batch::<f32>(&[sequence], None).unwrap_err().to_string();
        assert_eq!(file.without_path(&error), expected);
        let subset = dataset.subset(&[1, 0]).unwrap();
        let error = subset.batch::<f32>(&[1 - sequence], None).unwrap_err().to_string();
        assert_eq!(file.without_path(&error), expected);
    }
    let file = TestFile::new("ts", b"@classLabel true a b\n@data\n1:2:a\n1,2:1,1e39:a\n");
    let error = file.read(&ReadOptions::default()).unwrap().batch::<f32>(&[1], None).unwrap_err();
    let expected = "row 4, column \"channel2\": expected a number in the range of f32, got 1e39";
    assert!(
        error.to_string().starts_with(expected) || error.to_string().contains(expected),
        "{error}"
    );
}

#[test]
fn what_was_left_out_is_shown_with_its_value() {
    let text = "id,step,x,price,,label\na,0,1,,1,up\nb,0,2,\"1,234.5\",2,down\n";
    let dataset = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap();
    let left: Vec<String> = dataset.left_out().iter().map(ToString::to_string).collect();
    let expected =
        ["\"price\", which holds text (\"1,234.5\" in row 3)", "column 5, which has no name"];
    assert_eq!(left, expected);
}
