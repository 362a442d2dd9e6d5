//! A page in headless Chromium: light and dark, wide and narrow, without scripts, printed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use elman::train::NetworkOptions;
use elman::{Dataset, Trainer, TrainingOptions};
use elman_report::Report;
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
fn page(folder: &Path) -> PathBuf {
    let sequences: Vec<Array2<f64>> = (0..60)
        .map(|n| Array2::from_shape_fn((5 + n % 9, 3), |(t, c)| ((n * t + c) % 11) as f64))
        .collect();
    let labels: Vec<&str> = (0..60).map(|n| ["low", "middle", "high"][n % 3]).collect();
    let data = Dataset::with_labels(&sequences, &labels).unwrap();
    let options = TrainingOptions { epochs: Some(5), ..TrainingOptions::default() };
    let trainer = Trainer::new(options, NetworkOptions::gru(6).options()).unwrap();
    let model = trainer.fit(&data).unwrap().model;
    let html = Report { model: &model, data: Some(&data), command: None }.page().unwrap();
    let path = folder.join("page.html");
    std::fs::write(&path, html).unwrap();
    path
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
fn a_page_is_drawn_light_and_dark_wide_and_narrow_without_scripts_and_on_paper() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
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
    let without = std::fs::read_to_string(&page).unwrap().replacen("</head>", policy, 1);
    std::fs::write(folder.path().join("without.html"), without).unwrap();
    let scripts_off = shown(browser, &folder.path().join("without.html"), &[wide]);
    assert_eq!(light, scripts_off, "the page needs scripts");
    let paper = look(&["--print"]);
    assert!(paper.starts_with(b"%PDF") && paper.len() > 20_000, "{} bytes", paper.len());
}
