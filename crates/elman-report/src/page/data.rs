//! The data as the network sees them: lengths, channels before and after scaling, classes.

use elman::Real;
use elman::data::{Dataset, Targets};
use elman::model::Model;

use super::Shown;
use crate::chart::bars::{Histogram, named_bars};
use crate::chart::{Labels, Size};
use crate::html::{Table, figure, name, paragraph};
use crate::text::number;

/// More channels are in the table alone.
const MOST_CHANNELS: usize = 9;
/// More classes are in the table alone.
const MOST_CLASSES: usize = 24;

/// What is shown of the data.
pub fn body<T: Real>(shown: &Shown<'_, T>) -> String {
    let lengths: Vec<f64> = shown.data.lengths().iter().map(|length| *length as f64).collect();
    let histogram = Histogram::of(&lengths, 30);
    let labels = Labels { title: "Lengths", x: "steps", y: "sequences" };
    let svg = histogram.render(Size::FULL, &labels, None);
    let html = figure("Lengths of the sequences", &svg, &histogram.table());
    html + &classes(shown) + &channels(shown.model, shown.data) + &tokens(shown)
}

/// The tokens of each channel, the commonest first.
fn tokens<T: Real>(shown: &Shown<'_, T>) -> String {
    let mut html = String::new();
    for channel in shown.data.token_channels() {
        let vocabulary = channel.vocabulary();
        let mut counts = vec![0usize; vocabulary.len()];
        channel.ids().iter().for_each(|&id| counts[id as usize] += 1);
        let unknown = counts.first().copied().unwrap_or(0);
        let mut order: Vec<usize> = (0..counts.len()).filter(|&id| counts[id] > 0).collect();
        order.sort_by_key(|&id| std::cmp::Reverse(counts[id]));
        let mut table = Table::new(["token", "count"]);
        let named = |id: usize| u32::try_from(id).ok().and_then(|id| vocabulary.text(id));
        for &id in order.iter().take(MOST_CLASSES) {
            table.row([named(id).unwrap_or("(unknown)").to_owned(), counts[id].to_string()]);
        }
        let text = format!(
            "{} known tokens; {} of {} are unknown. The commonest:",
            vocabulary.len() - 1,
            unknown,
            channel.ids().len()
        );
        html += &format!("<h3>{}</h3>\n", name(channel.name()));
        html += &(paragraph(&text) + &table.render());
    }
    html
}

fn classes<T: Real>(shown: &Shown<'_, T>) -> String {
    let Targets::Classes(classes) = shown.data.targets() else { return String::new() };
    let mut counts: Vec<(String, f64)> =
        classes.labels().iter().cloned().zip(classes.counts().iter().map(|c| *c as f64)).collect();
    let mut table = Table::new(["class", "sequences"]);
    counts.iter().for_each(|(label, count)| table.row([label.clone(), count.to_string()]));
    let caption = match counts.len() > MOST_CLASSES {
        true => format!("The {MOST_CLASSES} commonest of {} classes", counts.len()),
        false => "Classes".to_owned(),
    };
    if counts.len() > MOST_CLASSES {
        counts.sort_by(|a, b| b.1.total_cmp(&a.1));
        counts.truncate(MOST_CLASSES);
    }
    figure(&caption, &named_bars(&counts, "Sequences of each class"), &table)
}

/// The numbers of one channel.
struct Channel {
    known: Vec<f64>,
    missing: usize,
}

fn channel(data: &Dataset, index: usize) -> Channel {
    let width = data.input_size();
    let all = data.values().iter().skip(index).step_by(width);
    let known: Vec<f64> = all.copied().filter(|value| value.is_finite()).collect();
    Channel { missing: data.total_steps() - known.len(), known }
}

/// The channels before and after scaling.
pub fn channels<T: Real>(model: &Model<T>, data: &Dataset) -> String {
    if data.input_size() == 0 {
        return String::new();
    }
    let header =
        ["channel", "least", "mean", "most", "missing", "scaled: mean", "scaled: deviation"];
    let mut table = Table::new(header);
    let mut pictures = String::new();
    for (index, feature) in data.feature_names().iter().enumerate() {
        let Channel { known, missing } = channel(data, index);
        let least = known.iter().copied().fold(f64::INFINITY, f64::min);
        let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let count = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / count;
        let variance =
            known.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        let scale = model.scaling().map(|scale| (scale.means()[index], scale.deviations()[index]));
        let scaled = match scale {
            Some((by, deviation)) => {
                [(mean - by) / deviation, variance.sqrt() / deviation].map(number)
            }
            None => ["–".to_owned(), "–".to_owned()],
        };
        let numbers = [least, mean, most].map(number);
        let cells = std::iter::once(feature.clone()).chain(numbers).chain([missing.to_string()]);
        table.row(cells.chain(scaled));
        if index < MOST_CHANNELS {
            let histogram = Histogram::of(&known, 18);
            let labels = Labels { title: feature, x: "", y: "" };
            let svg = histogram.render(Size::SMALL, &labels, scale);
            pictures += &format!("<div><h3>{}</h3>{svg}</div>", name(feature));
        }
    }
    let what = match model.scaling() {
        Some(_) => "Below each picture the values as they are, above it as the network sees them.",
        None => "The network sees the values as they are.",
    };
    let more = match data.input_size() > MOST_CHANNELS {
        true => {
            format!(" The first {MOST_CHANNELS} of {} channels are drawn.", data.input_size())
        }
        false => String::new(),
    };
    let table = table.render();
    format!(
        "<h3>Channels</h3>\n<p class=\"note\">{what}{more}</p>\n<div class=\"grid\">{pictures}</div>\n\
         <details><summary>The numbers</summary>{table}</details>\n"
    )
}
