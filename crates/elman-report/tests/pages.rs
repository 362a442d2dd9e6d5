//! Pages are valid, self-contained, bounded in size, and show names from data as text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use elman::data::{Columns, Dataset, ReadOptions, TargetKind, read};
use elman::see::{Explanation, Question};
use elman::train::NetworkOptions;
use elman::{Model, Trainer, TrainingOptions};
use elman_report::{Report, explanation_page};
use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use ndarray::{Array2, array};

/// The most that a page may weigh.
const MOST_BYTES: usize = 150_000;

fn trainer(epochs: usize) -> Trainer {
    let options = TrainingOptions { epochs: Some(epochs), ..TrainingOptions::default() };
    Trainer::new(options, NetworkOptions::simple(4).options()).unwrap()
}

/// Everything in a page, as a browser's parser has it.
struct Parsed {
    elements: BTreeSet<String>,
    attributes: BTreeSet<String>,
    text: String,
    styles: String,
}

/// Parses a page, in which there must be no error.
fn parsed(page: &str) -> Parsed {
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(page);
    assert_eq!(*dom.errors.borrow(), Vec::<String>::new());
    let mut parsed = Parsed {
        elements: BTreeSet::new(),
        attributes: BTreeSet::new(),
        text: String::new(),
        styles: String::new(),
    };
    walk(&dom.document, &mut parsed);
    parsed
}

fn walk(node: &Handle, parsed: &mut Parsed) {
    match &node.data {
        NodeData::Element { name, attrs, .. } => {
            parsed.elements.insert(name.local.to_string());
            for attribute in attrs.borrow().iter() {
                let value = attribute.value.to_string();
                if &*attribute.name.local == "style" {
                    parsed.styles.push_str(&value);
                }
                parsed.attributes.insert(attribute.name.local.to_string());
                parsed.text.push_str(&value);
            }
        }
        NodeData::Text { contents } => parsed.text.push_str(&contents.borrow()),
        _ => {}
    }
    node.children.borrow().iter().for_each(|child| walk(child, parsed));
}

/// Checks what holds of every page.
fn check(page: &str) -> Parsed {
    let parsed = parsed(page);
    assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
    for element in ["script", "link", "img", "iframe", "object", "image", "use", "a"] {
        assert!(!parsed.elements.contains(element), "<{element}>");
    }
    for element in ["title", "h1", "h2", "figcaption", "svg", "details"] {
        assert!(parsed.elements.contains(element), "no <{element}>");
    }
    let outside = |name: &&String| {
        ["src", "href", "srcset", "action", "data"].contains(&name.as_str())
            || name.starts_with("on")
    };
    assert_eq!(parsed.attributes.iter().find(outside), None);
    for text in ["url(", "@import", "src=", "href="] {
        assert!(!page.contains(text), "{text}");
    }
    assert!(!parsed.styles.contains("url"));
    assert!(page.contains("<html lang=\"en\">") && page.matches("<title>").count() > 0);
    assert!(!page.contains("NaN") && !page.contains("inf "), "a number that is none");
    parsed
}

const SCRIPT: &str = "<script>alert(1)</script>";
const QUOTES: &str = "\"'&</title></svg>";

/// Sequences whose ids, channels, classes and target are called what a page must not believe.
fn nasty() -> (Model<f32>, Dataset) {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text =
        format!("id,step,{},{}\n", quoted("<b onclick='x()'>&amp;"), quoted("</style><p>"));
    for sequence in 0..12 {
        let label = quoted(if sequence % 2 == 0 { SCRIPT } else { QUOTES });
        for step in 0..3 {
            let id = quoted(&format!("{SCRIPT}{sequence}"));
            text += &format!("{id},{step},{},{label}\n", (sequence * step) % 5);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nasty.csv");
    std::fs::write(&path, text).unwrap();
    let columns = Columns {
        sequence: Some("id".into()),
        time: Some("step".into()),
        targets: vec!["</style><p>".into()],
        ..Columns::default()
    };
    let kind = TargetKind::Classes { known: None };
    let options = ReadOptions { columns, kind, ..ReadOptions::default() };
    let data = read(&path, &options).unwrap();
    (trainer(2).fit(&data).unwrap().model, data)
}

#[test]
fn names_from_data_are_text() {
    let (model, data) = nasty();
    let page = Report { model: &model, data: Some(&data), command: Some(SCRIPT) }.page().unwrap();
    let parsed = check(&page);
    for name in [SCRIPT, QUOTES, "<b onclick='x()'>&amp;"] {
        assert!(parsed.text.contains(name), "{name}");
    }
    let id = format!("{SCRIPT}3");
    let why = Explanation::of(&model, &data, Question { sequence: &id, output: None, step: None })
        .unwrap();
    assert!(check(&explanation_page(&why)).text.contains(SCRIPT));
}

#[test]
fn numbers_are_shown_with_and_without_answers() {
    let sequences: Vec<Array2<f64>> =
        (0..30).map(|n| Array2::from_shape_fn((9, 2), |(t, c)| ((n * t + c) % 7) as f64)).collect();
    let answers = Array2::from_shape_fn((30, 3), |(n, target)| (n * (target + 1)) as f64);
    let data = Dataset::with_values(&sequences, &answers).unwrap();
    let model = trainer(3).fit(&data).unwrap().model;
    let page = Report { model: &model, data: Some(&data), command: None }.page().unwrap();
    assert!(check(&page).text.contains("Residuals"));
    let bare = Dataset::unlabelled(&sequences).unwrap();
    let page = Report { model: &model, data: Some(&bare), command: None }.page().unwrap();
    assert!(check(&page).text.contains("The data have no answers"));
    let page = Report { model: &model, data: None, command: None }.page().unwrap();
    assert!(check(&page).text.contains("Gradient norm"));
}

#[test]
fn one_sequence_makes_a_page() {
    let data = Dataset::with_labels(&[array![[0.0]], array![[1.0]]], &["a", "b"]).unwrap();
    let model = trainer(1).fit(&data).unwrap().model;
    let one = data.subset(&[0]).unwrap();
    check(&Report { model: &model, data: Some(&one), command: None }.page().unwrap());
}

#[test]
fn a_hundred_thousand_sequences_make_a_page_of_a_sample() {
    let sequences: Vec<Array2<f64>> =
        (0..100_000).map(|n| Array2::from_elem((1 + n % 3, 8), (n % 13) as f64)).collect();
    let labels: Vec<&str> = (0..100_000).map(|n| if n % 13 < 6 { "low" } else { "high" }).collect();
    let small = Dataset::with_labels(&sequences[..100], &labels[..100]).unwrap();
    let model = trainer(1).fit(&small).unwrap().model;
    let data = Dataset::with_labels(&sequences, &labels).unwrap();
    let page = Report { model: &model, data: Some(&data), command: None }.page().unwrap();
    let text = check(&page).text;
    assert!(text.contains("20000 of 100000 sequences, evenly spaced"), "the sample is not named");
}

#[test]
fn a_thousand_classes_and_long_sequences_make_a_page() {
    let labels: Vec<String> = (0..2000).map(|n| format!("class {}", n % 1000)).collect();
    let sequences: Vec<Array2<f64>> = (0..2000)
        .map(|n| {
            Array2::from_shape_fn((if n < 12 { 900 } else { 2 }, 12), |(t, c)| {
                ((n * 31 + t * (c + 3)) % 101) as f64
            })
        })
        .collect();
    let data = Dataset::with_labels(&sequences, &labels).unwrap();
    let model = trainer(1).fit(&data).unwrap().model;
    let page = Report { model: &model, data: Some(&data), command: None }.page().unwrap();
    assert!(check(&page).text.contains("Of 1000 classes, the 16 with the most errors"));
    let question = Question { sequence: "0", output: Some("class 7"), step: None };
    check(&explanation_page(&Explanation::of(&model, &data, question).unwrap()));
}

#[test]
fn a_tagger_is_shown_with_its_errors_marked() {
    use std::sync::Arc;

    use elman::data::{ClassTargets, Targets, TokenChannel, Vocabulary};
    let known = Arc::new(Vocabulary::of(["up", "<script>"], 1));
    let words = ["up", "<script>", "new"];
    let ids: Vec<u32> = (0..200).map(|n| known.id(words[n % 3])).collect();
    let classes = (0..200).map(|n| if n % 7 == 0 { ClassTargets::NONE } else { n % 5 % 2 });
    let labels = vec![SCRIPT.to_owned(), "other".to_owned()];
    let targets = ClassTargets::of_steps("tag", labels, classes.collect()).unwrap();
    let channel = TokenChannel::new("word", known, ids).unwrap();
    let data = Dataset::from_tokens(&[100, 0, 60, 40], vec![channel], Targets::Classes(targets));
    let data = data.unwrap();
    let options = TrainingOptions { epochs: Some(1), ..TrainingOptions::default() };
    let network = NetworkOptions::gru(4).every_step().options();
    let model = Trainer::new(options, network).unwrap().fit(&data).unwrap().model;
    let page = Report { model: &model, data: Some(&data), command: None }.page().unwrap();
    let parsed = check(&page);
    assert!(parsed.elements.contains("mark"), "nothing is marked");
    for text in ["unknown", "sequences have errors", "2 known tokens", "Health"] {
        assert!(parsed.text.contains(text), "{text}");
    }
    let question = Question { sequence: "2", output: None, step: Some(1) };
    let why = Explanation::of(&model, &data, question).unwrap();
    assert!(check(&explanation_page(&why)).text.contains("at step 2"));
}
