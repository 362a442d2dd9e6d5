//! How a model was trained: its curves.

use elman::Real;
use elman::model::{EpochRecord, Model};

use crate::chart::lines::{Line, LineChart, thinned};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size, legend};
use crate::html::{Table, figure, section as wrap};
use crate::text::number;

/// The curves, if the model keeps its history.
pub fn section<T: Real>(model: &Model<T>) -> Option<String> {
    let history = &model.provenance().history;
    let first = history.first()?;
    let best = best(model);
    let score = first.score.name();
    let drawn = [
        ("Loss", "loss"),
        (&capital(score), score),
        ("Learning rate", "learning_rate"),
        ("Gradient norm before clipping", "gradient_norm"),
    ];
    let drawn: String =
        drawn.iter().map(|(title, key)| curves(title, key, history, best)).collect();
    let html = format!("<div class=\"half\">{drawn}</div>\n");
    Some(wrap("How it was trained", &html))
}

/// The epoch with the best validation score.
fn best<T: Real>(model: &Model<T>) -> Option<f64> {
    let history = &model.provenance().history;
    let scored = history.iter().filter_map(|record| Some((record.epoch, record.validation?)));
    let better = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
    scored.map(|(epoch, v)| (epoch, v.loss)).min_by(better).map(|(epoch, _)| epoch as f64)
}

/// The curve of a number, and that of the validation data beside it.
fn curves(title: &str, key: &str, history: &[EpochRecord], best: Option<f64>) -> String {
    let of = |key: &str| {
        let number = |record: &EpochRecord| {
            let numbers = record.numbers();
            let found = numbers.into_iter().find(|(name, _)| name == key)?;
            Some((record.epoch as f64, found.1))
        };
        history.iter().filter_map(number).collect::<Vec<_>>()
    };
    let validation = format!("val_{key}");
    let lines = [("training", of(key)), ("validation", of(&validation))];
    let lines: Vec<Line> = lines
        .into_iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(name, points)| Line { name: name.to_owned(), points, bands: Vec::new() })
        .collect();
    let values = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    // A loss may be below zero; an accuracy that moves between 0.9 and 1 is to be seen moving.
    let y = match key {
        "learning_rate" | "gradient_norm" => Axis::from_zero(values()),
        _ => Axis::over(values()),
    };
    let mark = best.filter(|_| lines.len() > 1).map(|epoch| (epoch, "lowest validation loss"));
    let labels = Labels { title, x: "epoch", y: "" };
    let svg = LineChart {
        size: Size::HALF,
        labels,
        lines: &lines,
        y,
        marks: mark.as_slice(),
        places: &[],
    }
    .render();
    let mut table = Table::new(["epoch"].into_iter().chain(lines.iter().map(|l| l.name.as_str())));
    let epochs: Vec<usize> = (0..lines.first().map_or(0, |line| line.points.len())).collect();
    for index in thinned(&epochs) {
        let place = lines.first().map(|line| number(line.points[index].0));
        let values = lines.iter().filter_map(|line| Some(number(line.points.get(index)?.1)));
        table.row(place.into_iter().chain(values));
    }
    let names =
        if lines.len() > 1 { legend(lines.iter().map(|line| &line.name)) } else { String::new() };
    figure(title, &(names + &svg), &table)
}

fn capital(name: &str) -> String {
    match name {
        "rmse" => "RMSE".to_owned(),
        name => name[..1].to_uppercase() + &name[1..],
    }
}
