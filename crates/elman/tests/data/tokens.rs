//! Text in tables: categories of a long CSV, and cells whose characters or words are the steps.

use elman::data::{
    Columns, Dataset, Each, Layout, LeftOutReason, Missing, ReadOptions, RowOrder, TargetKind,
    Targets, Tokens,
};
use ndarray::array;

use super::{Case, TestFile, check_messages, labelled};

fn texts(data: &Dataset, channel: usize) -> Vec<&str> {
    let channel = &data.token_channels()[channel];
    channel.ids().iter().map(|&id| channel.vocabulary().text(id).unwrap_or("?")).collect()
}

#[test]
fn a_column_of_few_texts_is_a_channel() {
    let file = TestFile::new(
        "csv",
        b"id,step,wind,x,note,label\na,0,NW,1,one,u\na,1,SE,2,two,u\nb,0,NW,3,three,v\nb,1,NW,4,four,v\n",
    );
    let data = file.read(&labelled()).unwrap();
    assert_eq!(data.feature_names(), ["x"]);
    assert_eq!(data.token_channels()[0].name(), "wind");
    assert_eq!(texts(&data, 0), ["NW", "SE", "NW", "NW"]);
    assert_eq!(
        (data.left_out()[0].name.as_str(), data.left_out()[0].reason),
        ("note", LeftOutReason::Text)
    );

    // Asked for by name, any text is one; with a list of features no other is.
    let named = ReadOptions { categories: Some(vec!["note".into()]), ..labelled() };
    let data = file.read(&named).unwrap();
    assert_eq!(
        (data.token_channels().len(), texts(&data, 0)),
        (1, vec!["one", "two", "three", "four"])
    );
    let listed = ReadOptions { features: Some(vec!["x".into()]), ..labelled() };
    assert!(file.read(&listed).unwrap().token_channels().is_empty());
    let none = ReadOptions { categories: Some(vec![]), ..labelled() };
    assert!(file.read(&none).unwrap().token_channels().is_empty());
}

#[test]
fn a_channel_of_text_follows_its_rows_when_they_are_sorted() {
    let file = TestFile::new("csv", b"id,step,kind,label\na,1,q,u\nb,0,p,v\na,0,p,u\nb,1,q,v\n");
    let mut options = labelled();
    options.columns.order = RowOrder::Sort;
    let data = file.read(&options).unwrap();
    assert_eq!((texts(&data, 0), data.input_size()), (vec!["p", "q", "p", "q"], 0));
}

#[test]
fn a_missing_category_is_refused_or_unknown() {
    let content = b"id,step,kind,x,label\na,0,,1,u\na,1,p,2,u\nb,0,q,3,v\nb,1,p,4,v\nb,2,q,5,v\n";
    check_messages(
        "csv",
        &labelled(),
        &[Case {
            fact: "a missing category",
            content,
            message: "row 2, column \"kind\": expected a number, got an empty cell (hint: --missing mask and --missing last take missing values)",
        }],
    );
    let options = ReadOptions { missing: Missing::Mask, ..labelled() };
    let data = TestFile::new("csv", content).read(&options).unwrap();
    assert_eq!(texts(&data, 0), ["?", "p", "q", "p", "q"]);
}

#[test]
fn a_column_of_too_many_texts_is_left_out() {
    let mut content = String::from("id,step,name,x,label\n");
    for index in 0..200 {
        content += &format!("s{},{},n{},1,{}\n", index / 100, index % 100, index % 60, index / 100);
    }
    let data = TestFile::new("csv", content.as_bytes()).read(&labelled()).unwrap();
    assert!(data.token_channels().is_empty());
    assert_eq!(data.left_out()[0].to_string(), "\"name\", which holds text (\"n0\" in row 2)");
}

#[test]
fn steps_have_targets_of_their_own() {
    let content = b"id,step,x,label\na,1,2,q\na,0,1,\nb,0,3,p\nb,1,4,q\n";
    let mut options = ReadOptions { each: Each::Step, ..labelled() };
    options.columns.order = RowOrder::Sort;
    let data = TestFile::new("csv", content).read(&options).unwrap();
    let Targets::Classes(classes) = data.targets() else { panic!("classes") };
    assert_eq!(classes.labels(), ["p", "q"]);
    let found: Vec<Option<&usize>> =
        classes.indices().iter().map(|index| Some(index).filter(|index| **index < 2)).collect();
    assert_eq!(found, [None, Some(&1), Some(&0), Some(&1)]);

    options.kind = TargetKind::Values;
    let content = b"id,step,x,label\na,1,2,5\na,0,1,\nb,0,3,6\nb,1,4,7\n";
    let data = TestFile::new("csv", content).read(&options).unwrap();
    let Targets::Values(values) = data.targets() else { panic!("values") };
    assert!(values.values()[[0, 0]].is_nan());
    assert_eq!(values.values().slice(ndarray::s![1.., ..]), array![[5.0], [6.0], [7.0]]);
}

#[test]
fn weights_and_groups_are_read_with_their_sequences() {
    let content = b"id,step,x,w,who,label\na,0,1,2,ann,u\na,1,2,2,ann,u\nb,0,3,0.5,bob,v\n";
    let mut options = labelled();
    options.columns.weight = Some("w".into());
    options.columns.group = Some("who".into());
    let data = TestFile::new("csv", content).read(&options).unwrap();
    assert_eq!(data.feature_names(), ["x"]);
    assert_eq!(data.weights(), Some(&[2.0, 0.5][..]));
    assert_eq!(data.groups(), Some(&["ann".to_string(), "bob".to_string()][..]));
    check_messages(
        "csv",
        &options,
        &[
            Case {
                fact: "a weight that changes",
                content: b"id,step,x,w,who,label\na,0,1,2,ann,u\na,1,2,3,ann,u\n",
                message: "row 3, column \"w\": expected 2 as in row 2, the first of the sequence, got \"3\"",
            },
            Case {
                fact: "a group that changes",
                content: b"id,step,x,w,who,label\na,0,1,2,ann,u\na,1,2,2,bob,u\n",
                message: "row 3, column \"who\": expected \"ann\" as in row 2, the first of the sequence, got \"bob\"",
            },
            Case {
                fact: "a negative weight",
                content: b"id,step,x,w,who,label\na,0,1,-2,ann,u\n",
                message: "column \"w\": expected finite numbers of at least 0, got -2",
            },
            Case {
                fact: "no group",
                content: b"id,step,x,w,who,label\na,0,1,2,,u\n",
                message: "row 2, column \"who\": expected a group, got an empty cell",
            },
        ],
    );
}

fn names(tokens: Tokens) -> ReadOptions {
    ReadOptions {
        columns: Columns { targets: vec!["language".into()], ..Columns::default() },
        layout: Layout::Text { column: "name".into(), tokens },
        kind: TargetKind::Classes { known: None },
        ..ReadOptions::default()
    }
}

#[test]
fn the_characters_of_a_cell_are_the_steps() {
    let file =
        TestFile::new("csv", "name,language,no\nÉlan,French,1\n\"O'Neal, J\",Irish,2\n".as_bytes());
    let data = file.read(&names(Tokens::Characters)).unwrap();
    assert_eq!((data.lengths(), data.ids()), (vec![4, 9], &["0".to_string(), "1".to_string()][..]));
    assert_eq!(texts(&data, 0).concat(), "ÉlanO'Neal, J");
    assert_eq!(data.left_out()[0].to_string(), "\"no\", which is not read beside a column of text");

    let mut options = names(Tokens::Words);
    options.columns.sequence = Some("no".into());
    let data = file.read(&options).unwrap();
    assert_eq!(texts(&data, 0), ["élan", "o", "'", "neal", ",", "j"]);
    assert_eq!(data.ids(), ["1", "2"]);
}

#[test]
fn bad_tables_of_texts_are_refused() {
    let mut options = names(Tokens::Characters);
    options.columns.sequence = Some("no".into());
    check_messages(
        "csv",
        &options,
        &[
            Case {
                fact: "no text",
                content: b"name,language,no\n,French,1\n",
                message: "row 2, column \"name\": expected a text, got an empty cell",
            },
            Case {
                fact: "no class",
                content: b"name,language,no\nx,,1\n",
                message: "row 2, column \"language\": expected a class, got an empty cell",
            },
            Case {
                fact: "an id twice",
                content: b"name,language,no\nx,a,1\ny,b,1\n",
                message: "row 3, column \"no\": expected an id of its own for each text, got \"1\", which is that of row 2 too",
            },
            Case {
                fact: "no such column",
                content: b"nama,language,no\nx,a,1\n",
                message: "column \"name\": expected a column of this name, got none (hint: did you mean \"nama\"?)",
            },
            Case {
                fact: "header only",
                content: b"name,language,no\n",
                message: "expected rows after the header, got the header only",
            },
            Case {
                fact: "a line break",
                content: b"name,language,no\n\"x\ny\",a,1\n",
                message: "row 2, column \"name\": expected a text on one line, got \"x\\ny\" (hint: a quoted field goes on in the next row: is its quote closed?)",
            },
        ],
    );
    let features = ReadOptions { features: Some(vec!["x".into()]), ..names(Tokens::Words) };
    check_messages(
        "csv",
        &features,
        &[Case {
            fact: "features",
            content: b"name,language,x\na,b,1\n",
            message: "features: expected none beside a column of text, got \"x\"",
        }],
    );
    let mut twice = names(Tokens::Words);
    twice.columns.targets = vec!["name".into()];
    check_messages(
        "csv",
        &twice,
        &[Case {
            fact: "a column in two roles",
            content: b"name,language\na,b\n",
            message: "text: expected a column that has no other role, got \"name\", which is named under target already",
        }],
    );
}

/// A vocabulary is made of the training data alone: other data change none of it.
#[test]
fn tokens_of_other_files_get_the_numbers_of_the_training_file() {
    let train =
        TestFile::new("csv", b"name,language\nabba,x\nbob,y\n").read(&names(Tokens::Characters));
    let test = TestFile::new("csv", b"name,language\nzab,x\n").read(&names(Tokens::Characters));
    let (train, test) = (train.unwrap(), test.unwrap());
    let known = train.vocabularies(2);
    assert_eq!(known[0].vocabulary.texts(), ["b", "a"]);
    assert_eq!(test.with_vocabularies(&known).unwrap().token_channels()[0].ids(), [0, 2, 1]);
}
