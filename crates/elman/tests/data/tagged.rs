//! Text with a line for each word: what is read, and every refusal word for word.

use std::fmt::Write as _;

use elman::data::{
    Dataset, Each, Layout, ReadOptions, Tagged, TargetKind, Targets, read, read_files,
};
use proptest::prelude::*;

use super::{Case, TestFile, check_messages};

fn tagged(format: Tagged) -> ReadOptions {
    let kind = TargetKind::Classes { known: None };
    let (layout, each) = (Layout::Tagged(format), Each::Step);
    ReadOptions { layout, each, kind, ..ReadOptions::default() }
}

fn words(data: &Dataset, channel: usize) -> Vec<&str> {
    let channel = &data.token_channels()[channel];
    channel.ids().iter().map(|&id| channel.vocabulary().text(id).unwrap_or("?")).collect()
}

fn tags(data: &Dataset) -> (&str, Vec<&str>) {
    let Targets::Classes(classes) = data.targets() else { panic!("classes") };
    let tag = |&index: &usize| classes.labels().get(index).map_or("-", String::as_str);
    assert_eq!(classes.each(), Each::Step);
    (classes.name(), classes.indices().iter().map(tag).collect())
}

#[test]
fn two_columns_are_read() {
    let text = b"\xef\xbb\xbfFly\tVERB\r\nto\tADP\r\nBoston\tPROPN\r\n\r\n\r\nbye\tINTJ\r\n";
    let file = TestFile::new("tsv", text);
    let data = file.read(&tagged(Tagged::TwoColumn)).unwrap();
    assert_eq!((data.lengths(), data.input_size()), (vec![3, 1], 0));
    assert_eq!(words(&data, 0), ["Fly", "to", "Boston", "bye"]);
    assert_eq!(words(&data, 3), ["fly", "to", "ton", "bye"]);
    assert_eq!(words(&data, 4), ["Xx", "x", "Xx", "x"]);
    assert_eq!(tags(&data), ("tag", vec!["VERB", "ADP", "PROPN", "INTJ"]));
    let names: Vec<&str> = data.token_channels().iter().map(|channel| channel.name()).collect();
    assert_eq!(names, ["word", "suffix1", "suffix2", "suffix3", "shape"]);
}

#[test]
fn tags_may_be_missing_where_nothing_is_predicted() {
    let options = ReadOptions { kind: TargetKind::None, ..tagged(Tagged::TwoColumn) };
    let file = TestFile::new("tsv", b"hello\nthere\tADV\n\nyou\n");
    let data = file.read(&options).unwrap();
    assert_eq!((data.lengths(), data.targets()), (vec![2, 1], &Targets::None));
}

/// The first sentence of the shared task's own example.
#[test]
fn conll_2003_is_read() {
    let text = b"-DOCSTART- -X- -X- O\n\nU.N. NNP I-NP I-ORG\nofficial NN I-NP O\n\nEkeus NNP I-NP I-PER\n";
    let file = TestFile::new("conll", text);
    let options = ReadOptions { layout: Layout::Long, ..tagged(Tagged::Conll2003) };
    let data = file.read(&options).unwrap();
    assert_eq!((data.lengths(), words(&data, 0)), (vec![2, 1], vec!["U.N.", "official", "Ekeus"]));
    assert_eq!(tags(&data), ("tag", vec!["I-ORG", "O", "I-PER"]));
}

/// The example of the format's own page: a multiword token, an empty node, comments.
const CONLLU: &str = "# sent_id = 1\n# text = vámonos al mar\n\
    1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_\n\
    1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_\n\
    2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_\n\
    2.1\tleft\tleave\tVERB\t_\t_\t_\t_\t1:conj\t_\n\
    3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_\n\
    3\ta\ta\tADP\t_\t_\t5\tcase\t_\t_\n\
    4\tel\tel\t_\t_\t_\t5\tdet\t_\t_\n\
    5\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\tSpaceAfter=No\n\n";

#[test]
fn conll_u_is_read() {
    let file = TestFile::new("conllu", CONLLU.as_bytes());
    let mut options = tagged(Tagged::ConllU);
    let data = file.read(&options).unwrap();
    assert_eq!(words(&data, 0), ["vamos", "nos", "a", "el", "mar"]);
    assert_eq!(tags(&data), ("upos", vec!["VERB", "PRON", "ADP", "-", "NOUN"]));
    options.columns.targets = vec!["deprel".into()];
    let data = file.read(&options).unwrap();
    assert_eq!(tags(&data), ("deprel", vec!["root", "obj", "case", "det", "obl"]));
}

#[test]
fn bad_lines_of_two_columns_are_refused() {
    check_messages(
        "tsv",
        &tagged(Tagged::TwoColumn),
        &[
            Case { fact: "empty", content: b"", message: "expected a header, got an empty file" },
            Case { fact: "no word", content: b"\n\n", message: "expected sentences, got none" },
            Case {
                fact: "a word without a tag",
                content: b"a\tX\nb\n",
                message: "row 2: expected a word, a tab and its tag, got \"b\"",
            },
            Case {
                fact: "columns with spaces",
                content: b"a X\n",
                message: "row 1: expected a word, a tab and its tag, got \"a X\" (hint: --layout conll reads columns with spaces between them)",
            },
            Case {
                fact: "a tag without a word",
                content: b"a\tX\n\tY\n",
                message: "row 2: expected a word, a tab and its tag, got \"\\tY\"",
            },
            Case {
                fact: "three columns",
                content: b"a\tX\tY\n",
                message: "row 1: expected 2 columns with a tab between them, got 3",
            },
            Case {
                fact: "not UTF-8",
                content: b"a\tX\n\xe9\tY\n",
                message: "row 2: expected UTF-8 text, got byte 0xe9 at offset 4 (hint: convert it: iconv -f WINDOWS-1252 -t UTF-8, if that is what it is)",
            },
            Case {
                fact: "a zero byte",
                content: b"aaaaaaaaaa\tX\nb\0\tY\n",
                message: "expected UTF-8 text, got binary data",
            },
        ],
    );
    let known = TargetKind::Classes { known: Some(vec!["NOUN".into(), "VERB".into()]) };
    let options = ReadOptions { kind: known, ..tagged(Tagged::TwoColumn) };
    check_messages(
        "tsv",
        &options,
        &[Case {
            fact: "an unknown tag",
            content: b"a\tNOUN\nb\tNOUM\n",
            message: "row 2: expected one of the classes \"NOUN\", \"VERB\", got \"NOUM\" (hint: did you mean \"NOUN\"?)",
        }],
    );
}

#[test]
fn bad_lines_of_conll_are_refused() {
    check_messages(
        "conll",
        &tagged(Tagged::Conll2003),
        &[
            Case {
                fact: "another number of columns",
                content: b"a X O\nb O\n",
                message: "row 2: expected 3 columns as in the first line, got 2",
            },
            Case {
                fact: "a word alone",
                content: b"a\n",
                message: "row 1: expected a word and, in the last column, its tag, got \"a\"",
            },
            Case {
                fact: "documents without words",
                content: b"-DOCSTART- O\n\n",
                message: "expected sentences, got none",
            },
        ],
    );
    check_messages(
        "conllu",
        &tagged(Tagged::ConllU),
        &[
            Case {
                fact: "too few columns",
                content: b"1\ta\ta\tNOUN\n",
                message: "row 1: expected 10 columns with tabs between them, got 4",
            },
            Case {
                fact: "spaces in place of tabs",
                content: b"1 a a NOUN _ _ 0 root _ _\n",
                message: "row 1: expected 10 columns with tabs between them, got \"1 a a NOUN _ _ 0 root _ _\"",
            },
            Case {
                fact: "an ID left out",
                content: b"1\ta\t_\tX\t_\t_\t0\troot\t_\t_\n3\tb\t_\tX\t_\t_\t1\tobj\t_\t_\n",
                message: "row 2: expected the ID 2 (or one like 3-4 or 5.1), got \"3\"",
            },
            Case {
                fact: "an ID that is none",
                content: b"x\ta\t_\tX\t_\t_\t0\troot\t_\t_\n",
                message: "row 1: expected the ID 1 (or one like 3-4 or 5.1), got \"x\"",
            },
            Case {
                fact: "no word",
                content: b"1\t\t_\tX\t_\t_\t0\troot\t_\t_\n",
                message: "row 1: expected a word in the column FORM, got nothing",
            },
            Case {
                fact: "an empty tag",
                content: b"1\ta\t_\t\t_\t_\t0\troot\t_\t_\n",
                message: "row 1: expected a tag, or _ for none, got nothing",
            },
        ],
    );
}

#[test]
fn roles_that_such_files_do_not_have_are_refused() {
    let file = TestFile::new("tsv", b"a\tX\n");
    let mut cases = Vec::new();
    let mut options = tagged(Tagged::TwoColumn);
    options.columns.sequence = Some("id".into());
    cases.push((options, "sequence: expected none for a text of tagged words, got id"));
    let features = Some(vec!["x".into()]);
    let options = ReadOptions { features, ..tagged(Tagged::TwoColumn) };
    cases.push((options, "features: expected none for a text of tagged words, got \"x\""));
    let options = ReadOptions { kind: TargetKind::Values, ..tagged(Tagged::TwoColumn) };
    cases.push((options, "target kind: expected classes for a text of tagged words, got numbers"));
    let mut options = tagged(Tagged::ConllU);
    options.columns.targets = vec!["pos".into()];
    cases.push((options, "target: expected one of upos, lemma, xpos, feats, deprel, got \"pos\""));
    for (options, wanted) in cases {
        assert_eq!(file.read(&options).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn a_long_sentence_and_several_files_are_read() {
    let long: String = (0..100_000).map(|index| format!("w{index}\tT{}\n", index % 7)).collect();
    let (first, second) = (TestFile::new("tsv", long.as_bytes()), TestFile::new("tsv", b"x\tT1\n"));
    let paths = [first.path.clone(), second.path.clone()];
    let data = read_files(&paths, &tagged(Tagged::TwoColumn)).unwrap();
    assert_eq!(data.lengths(), [100_000, 1]);
}

#[test]
fn layouts_are_found_out_where_they_are_plain() {
    let two = Layout::Tagged(Tagged::TwoColumn);
    for (extension, text, wanted) in [
        ("tsv", "fly\tVERB\nhome\tADV\n\nhello\tINTJ\n", two.clone()),
        ("txt", "a\tb\n\na\tb", two),
        ("tsv", "id\tx\n1\t2\n", Layout::Long),
        ("tsv", "a\tb\n\na\tb\tc\n", Layout::Long),
        ("tsv", "1\t0.5\t0.25\tNaN\n", Layout::Wide),
        ("csv", "walk,0.5,0.25,-1e-3\n", Layout::Wide),
        ("csv", "label,0.5\n", Layout::Long),
        ("csv", "id,step,x\n0,1,2\n", Layout::Long),
        ("csv", "0,NaN,NaN,NaN\n", Layout::Long),
        ("conllu", "nonsense", Layout::Tagged(Tagged::ConllU)),
        ("conll", "a X\n", Layout::Tagged(Tagged::Conll2003)),
        ("ts", "@data\n", Layout::Long),
    ] {
        let file = TestFile::new(extension, text.as_bytes());
        assert_eq!(Layout::of(&file.path).unwrap(), wanted, "{extension}: {text}");
    }
}

fn sentences() -> impl Strategy<Value = Vec<Vec<(String, usize)>>> {
    let word = "[^\\s\\p{C}]{1,6}";
    prop::collection::vec(prop::collection::vec((word, 0usize..3), 1..6), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is written in each format is read back, the same from all.
    #[test]
    fn what_is_written_is_read_back(sentences in sentences()) {
        const TAGS: [&str; 3] = ["B-x", "I-x", "O"];
        let mut texts = [const { String::new() }; 2];
        for sentence in &sentences {
            for (index, (word, tag)) in sentence.iter().enumerate() {
                let tag = TAGS[*tag];
                writeln!(texts[0], "{word}\t{tag}").unwrap();
                let id = index + 1;
                writeln!(texts[1], "{id}\t{word}\t_\t{tag}\t_\t_\t_\t_\t_\t_").unwrap();
            }
            texts.iter_mut().for_each(|text| text.push('\n'));
        }
        let known = TargetKind::Classes { known: Some(TAGS.map(String::from).to_vec()) };
        for (text, format) in texts.iter().zip([Tagged::TwoColumn, Tagged::ConllU]) {
            let file = TestFile::new("txt", text.as_bytes());
            let options = ReadOptions { kind: known.clone(), ..tagged(format) };
            let data = read(&file.path, &options).unwrap();
            let lengths: Vec<usize> = sentences.iter().map(Vec::len).collect();
            prop_assert_eq!(data.lengths(), lengths);
            let wanted: Vec<&str> = sentences.iter().flatten().map(|(word, _)| word.as_str()).collect();
            prop_assert_eq!(words(&data, 0), wanted);
            let Targets::Classes(classes) = data.targets() else { panic!("classes") };
            let indices: Vec<usize> = sentences.iter().flatten().map(|(_, tag)| *tag).collect();
            prop_assert_eq!(classes.indices(), &indices);
        }
    }

    /// No text makes a reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9\\t \\n.#_-]{0,80}") {
        let file = TestFile::new("txt", text.as_bytes());
        for format in [Tagged::TwoColumn, Tagged::Conll2003, Tagged::ConllU] {
            if let Ok(data) = file.read(&tagged(format)) {
                prop_assert_eq!(data.token_channels()[0].ids().len(), data.total_steps());
            }
        }
    }
}
