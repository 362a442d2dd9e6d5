//! A page in headless Chromium: light and dark, wide and narrow, without scripts, printed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use elman::forecast::{Frame, Frequency, Series};
use elman::forecaster::{ForecastOptions, fit};
use elman::text::{Corpus, CorpusOptions, VocabularyOptions};
use elman::train::{Control, NetworkOptions, TextData};
use elman::{Dataset, Trainer, TrainingOptions};
use elman_report::{ForecastReport, Report, ShownSeries, TextReport};
use ndarray::Array2;

/// Where a browser may be called.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The first browser that runs, or none, said loudly.
fn browser() -> Option<&'static str> {
    let runs = |name: &&&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = BROWSERS.iter().find(runs).copied();
    if found.is_none() {
        // Not `eprintln`, which a passing test does not show.
        let line = "WARNING: no Chromium here: the pages of elman-report were not looked at\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    found
}

/// A page of a small classifier.
fn of_sequences() -> String {
    let sequences: Vec<Array2<f64>> = (0..60)
        .map(|n| Array2::from_shape_fn((5 + n % 9, 3), |(t, c)| ((n * t + c) % 11) as f64))
        .collect();
    let labels: Vec<&str> = (0..60).map(|n| ["low", "middle", "high"][n % 3]).collect();
    let data = Dataset::with_labels(&sequences, &labels).unwrap();
    let options = TrainingOptions { epochs: Some(5), ..TrainingOptions::default() };
    let trainer = Trainer::new(options, NetworkOptions::gru(6).options()).unwrap();
    let model = trainer.fit(&data).unwrap().model;
    Report { model: &model, data: Some(&data), command: None, folds: &[] }.page().unwrap()
}

/// A page of two small forecasts.
fn of_series() -> String {
    let wave = |level: f64| (0..120).map(move |t| level + f64::from(t % 12) + f64::from(t) / 9.0);
    let series = [("north", 5.0), ("south", 40.0)];
    let series = series.map(|(id, level)| Series::new(id, 0, wave(level).collect()));
    let frame = Frame::of(series.to_vec(), Frequency::Steps(1));
    let options = ForecastOptions {
        context: Some(24),
        season: Some(12),
        transform: Some(Vec::new()),
        ..ForecastOptions::new(6)
    };
    let training = TrainingOptions { max_updates: Some(30), ..TrainingOptions::default() };
    let trainer = Trainer::new(training, NetworkOptions::gru(4).options()).unwrap();
    let fitted = fit(&frame.before(20), &options, &trainer).unwrap();
    let series = Some(ShownSeries { frame: &frame, plan: None });
    let (model, choice) = (&fitted.trained.model, Some(&fitted.choice));
    ForecastReport { model, series, choice, command: None }.page().unwrap()
}

/// A page of a small text.
fn of_text() -> String {
    let fresh = CorpusOptions::Fresh(VocabularyOptions::default());
    let corpus =
        Corpus::from_text("To be, or not to be:\nthat is it.\n".repeat(60), fresh).unwrap();
    let options = TrainingOptions {
        batch_size: 2,
        epochs: Some(2),
        bptt: Some(16),
        ..TrainingOptions::default()
    };
    let network = NetworkOptions::gru(8).every_step().options();
    let data = TextData { training: corpus.whole(), validation: None, embedding_size: 4 };
    let mut run = Trainer::new(options, network).unwrap().start_text::<f32>(data).unwrap();
    run.train(&mut |_| Control::Continue).unwrap();
    let model = run.finish().unwrap().model;
    let passage = Some(corpus.whole());
    TextReport { model: &model, passage, ngrams: None, command: None }.page().unwrap()
}

/// What the browser makes of the page with these settings.
fn shown(browser: &str, page: &Path, settings: &[&str]) -> Vec<u8> {
    let folder = page.parent().unwrap();
    // Chromium goes by the ending of the name.
    let (option, name) = match settings.contains(&"--print") {
        true => ("--print-to-pdf", "shown.pdf"),
        false => ("--screenshot", "shown.png"),
    };
    let target = folder.join(name);
    let _ = std::fs::remove_file(&target);
    let output = format!("{option}={}", target.display());
    let status = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(settings.iter().filter(|setting| **setting != "--print"))
        .arg(output)
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{settings:?}");
    std::fs::read(target).unwrap()
}

#[test]
fn pages_are_drawn_light_and_dark_wide_and_narrow_without_scripts_and_on_paper() {
    let Some(browser) = browser() else { return };
    for html in [of_sequences(), of_series(), of_text()] {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.html");
        std::fs::write(&page, &html).unwrap();
        let look = |settings: &[&str]| shown(browser, &page, settings);
        let (wide, narrow) = ("--window-size=1000,2000", "--window-size=500,2000");
        let light = look(&[wide]);
        let dark = look(&[wide, "--blink-settings=preferredColorScheme=0"]);
        let thin = look(&[narrow]);
        for picture in [&light, &dark, &thin] {
            assert!(picture.starts_with(b"\x89PNG"));
            // An empty picture of that size takes a tenth of this.
            assert!(picture.len() > 30_000, "{} bytes", picture.len());
        }
        assert_ne!(light, dark, "the dark page is the light one");
        // The browser's own switch would stop its screenshots as well.
        let policy =
            "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'\"></head>";
        let without = folder.path().join("without.html");
        std::fs::write(&without, html.replacen("</head>", policy, 1)).unwrap();
        assert_eq!(light, shown(browser, &without, &[wide]), "the page needs scripts");
        let paper = look(&["--print"]);
        assert!(paper.starts_with(b"%PDF") && paper.len() > 20_000, "{} bytes", paper.len());
    }
}
