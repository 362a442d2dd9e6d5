//! Pages are valid, self-contained, bounded in size, and show names from data as text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use elman::data::{Columns, Dataset, ReadOptions, TargetKind, read};
use elman::forecast::{Backtest, Frame, Frequency, Output, ScaleKind, Series, Transform};
use elman::forecaster::{Candidate, Choice, ForecastOptions, Trial, fit};
use elman::see::{Explanation, Question};
use elman::text::{Corpus, CorpusOptions, TokenUnit, VocabularyOptions};
use elman::train::{Control, NetworkOptions, TextData};
use elman::{Model, Trainer, TrainingOptions};
use elman_report::{ForecastReport, Report, ShownSeries, TextReport, explanation_page};
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
    let page = Report { model: &model, data: Some(&data), command: Some(SCRIPT), folds: &[] }
        .page()
        .unwrap();
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
    let page =
        Report { model: &model, data: Some(&data), command: None, folds: &[] }.page().unwrap();
    assert!(check(&page).text.contains("Residuals"));
    let bare = Dataset::unlabelled(&sequences).unwrap();
    let page =
        Report { model: &model, data: Some(&bare), command: None, folds: &[] }.page().unwrap();
    assert!(check(&page).text.contains("The data have no answers"));
    let page = Report { model: &model, data: None, command: None, folds: &[] }.page().unwrap();
    assert!(check(&page).text.contains("Gradient norm"));
}

#[test]
fn one_sequence_makes_a_page() {
    let data = Dataset::with_labels(&[array![[0.0]], array![[1.0]]], &["a", "b"]).unwrap();
    let model = trainer(1).fit(&data).unwrap().model;
    let one = data.subset(&[0]).unwrap();
    check(&Report { model: &model, data: Some(&one), command: None, folds: &[] }.page().unwrap());
}

#[test]
fn a_hundred_thousand_sequences_make_a_page_of_a_sample() {
    let sequences: Vec<Array2<f64>> =
        (0..100_000).map(|n| Array2::from_elem((1 + n % 3, 8), (n % 13) as f64)).collect();
    let labels: Vec<&str> = (0..100_000).map(|n| if n % 13 < 6 { "low" } else { "high" }).collect();
    let small = Dataset::with_labels(&sequences[..100], &labels[..100]).unwrap();
    let model = trainer(1).fit(&small).unwrap().model;
    let data = Dataset::with_labels(&sequences, &labels).unwrap();
    let page =
        Report { model: &model, data: Some(&data), command: None, folds: &[] }.page().unwrap();
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
    let page =
        Report { model: &model, data: Some(&data), command: None, folds: &[] }.page().unwrap();
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
    let page =
        Report { model: &model, data: Some(&data), command: None, folds: &[] }.page().unwrap();
    let parsed = check(&page);
    assert!(parsed.elements.contains("mark"), "nothing is marked");
    for text in ["unknown", "sequences have errors", "2 known tokens", "Health"] {
        assert!(parsed.text.contains(text), "{text}");
    }
    let question = Question { sequence: "2", output: None, step: Some(1) };
    let why = Explanation::of(&model, &data, question).unwrap();
    assert!(check(&explanation_page(&why)).text.contains("at step 2"));
}

/// Series called what a page must not believe, with a model that has learnt them but for some steps.
fn forecasting(options: ForecastOptions, kept: usize) -> (Model<f32>, Frame) {
    let wave = |level: f64| {
        (0..120).map(|t| level + f64::from(t % 12) + if t % 7 == 0 { 0.5 } else { 0.0 }).collect()
    };
    let series = vec![Series::new(SCRIPT, 0, wave(5.0)), Series::new(QUOTES, 0, wave(40.0))];
    let frame = Frame::of(series, Frequency::Steps(1));
    let training = TrainingOptions { max_updates: Some(30), ..TrainingOptions::default() };
    let trainer = Trainer::new(training, NetworkOptions::gru(4).options()).unwrap();
    let model = fit(&frame.before(kept), &options, &trainer).unwrap().trained.model;
    (model, frame)
}

#[test]
fn forecasts_are_drawn_beside_what_came() {
    let transform = Some(Vec::new());
    let options = ForecastOptions {
        context: Some(24),
        season: Some(12),
        transform,
        ..ForecastOptions::new(6)
    };
    let (model, frame) = forecasting(options.clone(), 20);
    let choice = Choice {
        best: Candidate { transform: Transform::default(), scale: ScaleKind::Last },
        trials: vec![Trial {
            candidate: Candidate { transform: Transform::default(), scale: ScaleKind::Last },
            score: 0.5,
            updates: 7,
        }],
        held_out: 9,
    };
    let series = |frame, plan| Some(ShownSeries { frame, plan });
    let report = ForecastReport {
        model: &model,
        series: series(&frame, None),
        choice: Some(&choice),
        command: Some(SCRIPT),
    };
    let page = report.page().unwrap();
    let text = check(&page).text;
    for wanted in [
        SCRIPT,
        QUOTES,
        "15cut-offs of each series",
        "seasonal-naive",
        "RMSE by steps ahead",
        "intervals of",
        "Reach",
        "the best of 1 on the last 9 steps",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(!text.contains("has learnt from rows that it forecasts"));
    // Three past windows and one after the data, three bands each, of both series.
    assert_eq!(page.matches("class=\"band f1\"").count(), 2 * 4 * 3);
    // The numbers are those of the back-test.
    let plan = Backtest { horizon: 6, windows: 15, step: 1 };
    let measured = elman::forecaster::backtest(&model, &frame, plan, &[0.5, 0.8, 0.95]).unwrap();
    let held = format!("{:.1} %", 100.0 * measured.scores["model"].coverage[1]);
    assert!(page.contains(&format!("<td>80 %</td><td>{held}</td>")), "{held}");

    let short = frame.before(110);
    // Rows that were learnt from are said to be such.
    let learnt = frame.before(20);
    let report = ForecastReport { series: series(&learnt, None), ..report };
    assert!(check(&report.page().unwrap()).text.contains("has learnt from rows that it forecasts"));
    let report = ForecastReport { series: None, ..report };
    assert!(check(&report.page().unwrap()).text.contains("Gradient norm"));
    let report = ForecastReport { series: series(&short, None), ..report };
    let error = report.page().unwrap_err().to_string();
    assert!(error.contains("expected a series of at least 24 steps, got 10"), "{error}");
}

#[test]
fn a_model_of_few_quantiles_has_the_bands_that_it_says() {
    let options = ForecastOptions {
        context: Some(12),
        transform: Some(Vec::new()),
        scale: Some(ScaleKind::Window),
        output: Output::Quantiles(vec![0.1, 0.5, 0.9]),
        ..ForecastOptions::new(2)
    };
    let (model, frame) = forecasting(options, 5);
    let series = Some(ShownSeries { frame: &frame, plan: None });
    let page =
        ForecastReport { model: &model, series, choice: None, command: None }.page().unwrap();
    let text = check(&page).text;
    assert!(text.contains("The bands hold 50, 80 %"), "no bands");
}

#[test]
fn many_series_make_a_page() {
    let series = (0..300).map(|n| {
        let values = (0..40).map(|t| f64::from(n + t % 5)).collect();
        Series::new(format!("series {n} {QUOTES}"), 0, values)
    });
    let frame = Frame::of(series.collect(), Frequency::Steps(1));
    let options = ForecastOptions {
        context: Some(8),
        transform: Some(Vec::new()),
        scale: Some(ScaleKind::Window),
        ..ForecastOptions::new(3)
    };
    let training = TrainingOptions { max_updates: Some(3), ..TrainingOptions::default() };
    let trainer = Trainer::new(training, NetworkOptions::simple(3).options()).unwrap();
    let model = fit(&frame.before(4), &options, &trainer).unwrap().trained.model;
    let series = Some(ShownSeries { frame: &frame, plan: None });
    let page =
        ForecastReport { model: &model, series, choice: None, command: None }.page().unwrap();
    assert!(check(&page).text.contains("The 4 of 300 series where the model is worst"));
}

#[test]
fn a_long_text_of_any_bytes_makes_a_page_of_its_beginning() {
    let line = format!("{SCRIPT} {QUOTES} \u{1}\r \u{fdd0} é 狐\n");
    let fresh = CorpusOptions::Fresh(VocabularyOptions {
        unit: TokenUnit::Bytes,
        ..VocabularyOptions::default()
    });
    let corpus = Corpus::from_text(line.repeat(250_000 / line.len()), fresh).unwrap();
    let options = TrainingOptions {
        batch_size: 2,
        max_updates: Some(3),
        bptt: Some(8),
        ..TrainingOptions::default()
    };
    let network = NetworkOptions::simple(4).every_step().options();
    let (training, _) = corpus.whole().split_end(0.99);
    let data = TextData { training, validation: None, embedding_size: 2 };
    let mut run = Trainer::new(options, network).unwrap().start_text::<f32>(data).unwrap();
    run.train(&mut |_| Control::Continue).unwrap();
    let model = run.finish().unwrap().model;
    let report =
        TextReport { model: &model, passage: Some(corpus.whole()), ngrams: None, command: None };
    let parsed = check(&report.page().unwrap());
    for wanted in [
        "Of the first 200000 of",
        "does not beat its floor",
        "Temperature 0.5",
        "Nats per token",
        "The most surprising tokens",
        "Updates beside weights",
        "alert(1)",
    ] {
        assert!(parsed.text.contains(wanted), "{wanted}");
    }
    let bare = TextReport { passage: None, ..report.clone() }.page().unwrap();
    assert!(check(&bare).text.contains("Temperature 1"));
    let (_, one) = corpus.whole().split_end(1e-9);
    let error = TextReport { passage: Some(one), ..report }.page().unwrap_err().to_string();
    assert_eq!(error, "text: expected at least two tokens to be predicted, got 0");
}
