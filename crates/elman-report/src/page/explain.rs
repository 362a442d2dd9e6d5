//! Why a prediction: the attributions and the hidden states as pictures.

use elman::see::Explanation;

use crate::chart::bars::named_bars;
use crate::chart::cells::HeatMap;
use crate::chart::lines::{Line, LineChart};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size};
use crate::html::{Table, document, facts, figure, name, paragraph, section};
use crate::text::{counted, number};

/// More channels are thinned out.
const MOST_CHANNELS: usize = 24;
/// More tokens are not shown.
const MOST_TOKENS: usize = 300;

/// The page of an explanation, one HTML file.
#[must_use]
pub fn page(why: &Explanation) -> String {
    let title = format!("Why {} for sequence {}", why.output, why.sequence);
    let evidence = section("What speaks for it and against it", &(coloured(why) + &evidence(why)));
    let states = section("The hidden states", &states(why));
    document(&title, &(summary(why) + &evidence + &states))
}

fn summary(why: &Explanation) -> String {
    let [value, baseline] = [why.value, why.baseline_value].map(number);
    let difference = number(why.value - why.baseline_value);
    facts(&[
        ("sequence", format!("{}, {}", why.sequence, counted(why.hidden.len(), "step"))),
        ("output", format!("{}{}: {value} ({})", why.output, whose(why), why.unit)),
        ("at the baseline of zeros", baseline),
        (
            "difference",
            format!(
                "{difference}; the attributions add up to it within {:.0e} ({} gradients)",
                why.completeness_error.abs(),
                why.evaluations
            ),
        ),
    ]) + &paragraph(
        "Integrated gradients share this difference out among steps and channels: blue raises the \
         output, orange lowers it.",
    )
}

/// Of which step and member an answer is.
fn whose(why: &Explanation) -> String {
    let step = why.step.map_or(String::new(), |step| format!(" at step {}", step + 1));
    match why.members {
        1 => step,
        members => format!("{step}, of the first of {members} members"),
    }
}

/// Rows and columns of a matrix exchanged.
fn turned(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

fn evidence(why: &Explanation) -> String {
    let by_channel = turned(&why.integrated_gradients);
    let picture = HeatMap { title: "Attributions", names: &why.channels, rows: &by_channel };
    let mut html = figure("By step and channel", &picture.render(), &largest(why));
    let mut sums: Vec<(String, f64)> =
        why.channels.iter().cloned().zip(by_channel.iter().map(|row| row.iter().sum())).collect();
    sums.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    sums.truncate(MOST_CHANNELS);
    let mut table = Table::new(["channel", "sum"]);
    sums.iter().for_each(|(name, sum)| table.row([name.clone(), number(*sum)]));
    html += &figure("By channel", &named_bars(&sums, "Attributions by channel"), &table);
    html + &by_lag(why)
}

/// What a channel has at a step: a number, or a token.
fn input(why: &Explanation, t: usize, channel: usize) -> String {
    let numeric = why.inputs.first().map_or(0, Vec::len);
    match channel.checked_sub(numeric) {
        None => number(why.inputs[t][channel]),
        Some(token) => why.tokens.get(token).map_or(String::new(), |texts| texts[t].clone()),
    }
}

/// The tokens, coloured by their attributions: blue raises the output, orange lowers it.
fn coloured(why: &Explanation) -> String {
    let numeric = why.inputs.first().map_or(0, Vec::len);
    let mut html = String::new();
    for (index, texts) in why.tokens.iter().enumerate() {
        let values = why.integrated_gradients.iter().map(|row| row[numeric + index]);
        let values: Vec<f64> = values.collect();
        let largest = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        html += "<p class=\"passage\">";
        for (text, value) in texts.iter().zip(values).take(MOST_TOKENS) {
            let share = if largest > 0.0 { 60.0 * value.abs() / largest } else { 0.0 };
            let colour = if value < 0.0 { "neg" } else { "pos" };
            html += &format!(
                "<span title=\"{}\" style=\"background:color-mix(in srgb,var(--{colour}) {share:.0}%,transparent)\">{}</span> ",
                number(value),
                name(text)
            );
        }
        html += if texts.len() > MOST_TOKENS { "…</p>\n" } else { "</p>\n" };
    }
    html
}

/// The attributions of the largest size.
fn largest(why: &Explanation) -> Table {
    let mut all: Vec<(usize, usize, f64)> = Vec::new();
    for (t, row) in why.integrated_gradients.iter().enumerate() {
        all.extend(row.iter().enumerate().map(|(channel, value)| (t, channel, *value)));
    }
    all.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    let mut table =
        Table::new(["step", "channel", "input", "integrated gradients", "gradient × input"]);
    for (t, channel, value) in all.into_iter().take(30) {
        let numbers = [value, why.gradient_times_input[t][channel]].map(number);
        let cells = [(t + 1).to_string(), why.channels[channel].clone(), input(why, t, channel)];
        table.row(cells.into_iter().chain(numbers));
    }
    table
}

fn by_lag(why: &Explanation) -> String {
    let points = why.by_lag.iter().enumerate().map(|(lag, value)| (lag as f64, *value));
    let lines = [Line { name: "lag".to_owned(), points: points.collect(), bands: Vec::new() }];
    let y = Axis::over(why.by_lag.iter().copied().chain([0.0]));
    let labels = Labels { title: "By lag", x: "steps before the end", y: why.unit };
    let svg =
        LineChart { size: Size::FULL, labels, lines: &lines, y, marks: &[], places: &[] }.render();
    let mut table = Table::new(["lag", "attribution"]);
    for (lag, value) in why.by_lag.iter().enumerate() {
        table.row([lag.to_string(), number(*value)]);
    }
    figure("By distance from the end", &svg, &table)
}

fn states(why: &Explanation) -> String {
    let units = turned(&why.hidden);
    let picture = HeatMap { title: "Hidden states", names: &[], rows: &units };
    let mut table = Table::new(["step", "norm", "least", "most"]);
    for (t, row) in why.hidden.iter().enumerate() {
        let norm = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        let least = row.iter().copied().fold(f64::INFINITY, f64::min);
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let numbers = [norm, least, most].map(number);
        table.row(std::iter::once((t + 1).to_string()).chain(numbers));
    }
    figure("The units of the top layer, one row each", &picture.render(), &table)
}
