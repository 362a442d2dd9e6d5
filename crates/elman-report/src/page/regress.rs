//! Numbers: predicted against actual, and what is left.

use elman::Real;
use elman::data::Targets;
use elman::task::ValueEvaluation;

use super::Shown;
use crate::chart::bars::Histogram;
use crate::chart::dots::{Dot, against, drawn};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size};
use crate::html::{Table, figure, name, section};
use crate::text::number;

/// More targets are not drawn.
const MOST_TARGETS: usize = 2;

/// The sections of a regression.
pub fn sections<T: Real>(shown: &Shown<'_, T>) -> Vec<String> {
    let evaluation = shown.evaluation.as_ref().and_then(|evaluation| evaluation.values().ok());
    match evaluation {
        None => vec![section("What it predicts", &histograms(shown))],
        Some(evaluation) => {
            let drawn = 0..evaluation.targets.len().min(MOST_TARGETS);
            let pairs: String = drawn.map(|column| pair(shown, column)).collect();
            vec![
                section("Its errors", &metrics(evaluation)),
                section("Predicted against actual", &pairs),
            ]
        }
    }
}

fn metrics(evaluation: &ValueEvaluation) -> String {
    let header = ["target", "RMSE", "floor", "MAE", "floor", "R²"];
    let mut table = Table::new(header);
    let kind = evaluation.best_floor();
    for target in &evaluation.targets {
        let (model, floor) = (&target.model, target.floor_of(kind));
        let numbers = [model.rmse, floor.rmse, model.mae, floor.mae].map(number);
        let r2 = model.r2.map_or("–".to_owned(), number);
        table.row(std::iter::once(target.name.clone()).chain(numbers).chain([r2]));
    }
    let note = format!("<p class=\"note\">The floor is {}.</p>\n", kind.words());
    table.render() + &note
}

/// One target: a dot for each sequence, and the residuals.
fn pair<T: Real>(shown: &Shown<'_, T>, column: usize) -> String {
    let (Ok(predictions), Targets::Values(actual)) =
        (shown.predictions.values(), shown.data.targets())
    else {
        return String::new();
    };
    let predicted = predictions.values();
    let dots: Vec<Dot> = (0..predictions.len())
        .map(|row| Dot {
            name: predictions.ids()[row].clone(),
            x: actual.values()[[row, column]],
            y: predicted[[row, column]],
        })
        // A step may have no target.
        .filter(|dot| dot.x.is_finite())
        .collect();
    let target = &predictions.targets()[column];
    let axis = Axis::over(dots.iter().flat_map(|dot| [dot.x, dot.y]));
    let labels = Labels { title: "Predicted against actual", x: "actual", y: "predicted" };
    let mut table = Table::new(["sequence", "actual", "predicted"]);
    dots.iter().for_each(|dot| table.row([dot.name.clone(), number(dot.x), number(dot.y)]));
    let caption = match drawn(dots.len()) {
        all if all == dots.len() => "Each answer".to_owned(),
        some => format!("{some} of {} answers", dots.len()),
    };
    let first = figure(&caption, &against(&dots, &labels, &axis), &table);
    let residuals: Vec<f64> = dots.iter().map(|dot| dot.y - dot.x).collect();
    let histogram = Histogram::of(&residuals, 25);
    let labels = Labels { title: "Residuals", x: "predicted - actual", y: "sequences" };
    let svg = histogram.render(Size::HALF, &labels, None);
    let second = figure("Residuals", &svg, &histogram.table());
    format!("<h3>{}</h3><div class=\"half\">{first}{second}</div>\n", name(target))
}

fn histograms<T: Real>(shown: &Shown<'_, T>) -> String {
    let Ok(predictions) = shown.predictions.values() else { return String::new() };
    let values = predictions.values();
    let columns = values.columns().into_iter().zip(predictions.targets()).take(MOST_TARGETS);
    let one = |(column, target): (ndarray::ArrayView1<'_, f64>, &String)| {
        let histogram = Histogram::of(&column.to_vec(), 25);
        let labels = Labels { title: "Predictions", x: "predicted", y: "sequences" };
        figure(target, &histogram.render(Size::HALF, &labels, None), &histogram.table())
    };
    columns.map(one).collect()
}
