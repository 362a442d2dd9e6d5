//! `.ts`: what is read, and every refusal word for word.

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
    check_messages("ts", &classes(), BAD_FILES);
}

const BAD_FILES: &[Case] = &[
    Case { fact: "empty", content: b"", message: "expected a header, got an empty file" },
    Case {
        fact: "binary garbage",
        content: b"\0\x01\x02\xff",
        message: "expected UTF-8 text, got binary data",
    },
    Case {
        fact: "not UTF-8",
        content: b"# caf\xc3\xa9\n# caf\xe9\n@data\n",
        message: "row 2: expected UTF-8 text, got byte 0xe9 at offset 13 (hint: convert it: iconv -f WINDOWS-1252 -t UTF-8, if that is what it is)",
    },
    Case {
        fact: "no @data",
        content: b"# only\n@dimensions 2\n",
        message: "expected a line @data before the sequences, got none",
    },
    Case {
        fact: "sequences without @data",
        content: b"@classLabel true a b\n1,2:a\n",
        message: "row 2: expected a tag, or @data before the first sequence, got \"1,2:a\"",
    },
    Case {
        fact: "nothing after @data",
        content: b"@classLabel true a b\n@data\n\n# end\n",
        message: "expected sequences after @data, got none",
    },
    Case {
        fact: "text after @data",
        content: b"@data 1,2\n",
        message: "row 1: expected nothing after @data, got \"1,2\"",
    },
    Case {
        fact: "unknown tag with a near one",
        content: b"@problemName x\n@dimesion 2\n@data\n",
        message: "row 2: expected a tag of the .ts format, got \"@dimesion\" (hint: did you mean \"@dimension\"?)",
    },
    Case {
        fact: "unknown tag",
        content: b"@xyz 2\n@data\n",
        message: "row 1: expected a tag of the .ts format, got \"@xyz\"",
    },
    Case {
        fact: "tag that contradicts itself",
        content: b"@dimensions 2\n@DIMENSION 3\n@data\n",
        message: "row 2: expected @DIMENSION 2 again, as in row 1, got \"3\"",
    },
    Case {
        fact: "classes in another order",
        content: b"@classLabel true a b\n@classLabel true b a\n@data\n",
        message: "row 2: expected @classLabel true a b again, as in row 1, got \"true b a\"",
    },
    Case {
        fact: "labels, and then none",
        content: b"@classLabel true a b\n@classLabel false a b\n@data\n",
        message: "row 2: expected @classLabel true a b again, as in row 1, got \"false a b\"",
    },
    Case {
        fact: "time stamps",
        content: b"@timeStamps true\n@data\n(0,1):a\n",
        message: "row 1: expected @timeStamps false, got true (hint: time stamps inside .ts files are not supported)",
    },
    Case {
        fact: "neither true nor false",
        content: b"@missing maybe\n@data\n",
        message: "row 1: expected true or false after @missing, got \"maybe\"",
    },
    Case {
        fact: "no truth value",
        content: b"@univariate\n@data\n",
        message: "row 1: expected true or false after @univariate, got nothing",
    },
    Case {
        fact: "no dimensions",
        content: b"@dimensions 0\n@data\n",
        message: "row 1: expected a whole number above 0 after @dimensions, got \"0\"",
    },
    Case {
        fact: "more dimensions than numbers go",
        content: b"@dimensions 99999999999999999999\n@data\n",
        message: "row 1: expected a whole number above 0 after @dimensions, got \"99999999999999999999\"",
    },
    Case {
        fact: "univariate with two dimensions",
        content: b"@univariate true\n@dimensions 2\n@data\n",
        message: "row 2: expected 1 dimension beside @univariate true, got @dimensions 2",
    },
    Case {
        fact: "two dimensions, univariate",
        content: b"@dimensions 2\n@univariate true\n@data\n",
        message: "row 2: expected 1 dimension beside @univariate true, got @dimensions 2",
    },
    Case {
        fact: "no classes",
        content: b"@classLabel true\n@data\n",
        message: "row 1: expected the classes after @classLabel true, got none",
    },
    Case {
        fact: "class twice",
        content: b"@classLabel true a b a\n@data\n",
        message: "row 1: expected each class once, got \"a\" twice",
    },
    Case {
        fact: "classes after false",
        content: b"@classLabel false a b\n@data\n",
        message: "row 1: expected no classes after @classLabel false, got \"a\", \"b\"",
    },
    Case {
        fact: "two kinds of label",
        content: b"@classLabel true a b\n@targetLabel true\n@data\n",
        message: "row 2: expected one kind of label, that of @classLabel true, got @targetLabel true as well",
    },
    Case {
        fact: "numbers instead of classes",
        content: b"@targetLabel true\n@data\n1:2\n",
        message: "expected @classLabel true and the classes, got @targetLabel true",
    },
    Case {
        fact: "no label",
        content: b"@dimensions 1\n@data\n1\n",
        message: "expected @classLabel true and the classes, got neither @classLabel true nor @targetLabel true",
    },
    Case {
        fact: "too few dimensions",
        content: b"@dimensions 3\n@classLabel true a b\n@data\n1:2:3:a\n\n1:2:b\n",
        message: "row 6: expected 3 dimensions (as the tags say) and the label, separated by \":\", got 2 dimensions and the label",
    },
    Case {
        fact: "too many dimensions",
        content: b"@univariate true\n@classLabel true a b\n@data\n1:2:a\n",
        message: "row 4: expected 1 dimension (as the tags say) and the label, separated by \":\", got 2 dimensions and the label",
    },
    Case {
        fact: "dimensions differ where no tag counts them",
        content: b"@classLabel true a b\n@data\n1:2:a\n1:b\n",
        message: "row 4: expected 2 dimensions (as in row 3) and the label, separated by \":\", got 1 dimension and the label",
    },
    Case {
        fact: "label only",
        content: b"@classLabel true a b\n@data\na\n",
        message: "row 3: expected 1 dimension (at least one) and the label, separated by \":\", got 0 dimensions and the label",
    },
    Case {
        fact: "dimensions of different length",
        content: b"@classLabel true a b\n@data\n1,2,3:1,2,3:1,2:a\n",
        message: "row 3, column \"channel3\": expected 3 values as in channel1, got 2 values",
    },
    Case {
        fact: "lengths differ although @equalLength",
        content: b"@equalLength true\n@classLabel true a b\n@data\n1,2,3:a\n1:b\n",
        message: "row 5: expected 3 values as in row 4 (@equalLength true), got 1 value",
    },
    Case {
        fact: "length is not @seriesLength",
        content: b"@equalLength true\n@seriesLength 2\n@classLabel true a b\n@data\n1,2,3:a\n",
        message: "row 5: expected 2 values (@seriesLength), got 3 values",
    },
    Case {
        fact: "length beyond the largest",
        content:
            b"@equalLength false\n@seriesLength 2\n@classLabel true a b\n@data\n1:a\n1,2,3:a\n",
        message: "row 6: expected at most 2 values (@seriesLength), got 3 values",
    },
    Case {
        fact: "missing value",
        content: b"@missing true\n@classLabel true a b\n@data\n1,2:3,?:a\n",
        message: "row 4, column \"channel2\": expected a number, got \"?\" at step 1 (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "not a number",
        content: b"@classLabel true a b\n@data\n1,NaN:3,?:a\n?,?:1,1:a\n",
        message: "row 3, column \"channel1\": expected a number, got \"NaN\" at step 1, the first of 4 missing values (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "infinity",
        content: b"@classLabel true a b\n@data\n1,2:inf,4:a\n",
        message: "row 3, column \"channel2\": expected a finite number, got \"inf\" at step 0",
    },
    Case {
        fact: "text",
        content: b"@classLabel true a b\n@data\n1,two:3,4:a\n",
        message: "row 3, column \"channel1\": expected a number, got \"two\" at step 1",
    },
    Case {
        fact: "nothing between commas",
        content: b"@classLabel true a b\n@data\n1,,2:a\n",
        message: "row 3, column \"channel1\": expected a number, got nothing at step 1",
    },
    Case {
        fact: "empty dimension",
        content: b"@classLabel true a b\n@data\n:a\n",
        message: "row 3, column \"channel1\": expected a number, got nothing at step 0",
    },
    Case {
        fact: "empty label",
        content: b"@classLabel true a b\n@data\n1,2:\n",
        message: "row 3: expected a label after the last \":\", got nothing",
    },
    Case {
        fact: "label that is not listed",
        content: b"@classLabel true walk run\n@data\n1,2:walk\n1,2:walks\n",
        message: "row 4: expected one of the labels of @classLabel, \"walk\", \"run\", got \"walks\" (hint: did you mean \"walk\"?)",
    },
];

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
