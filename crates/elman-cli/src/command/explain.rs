//! `elman explain`: which steps and channels a prediction rests on.

mod ask;

use std::path::{Path, PathBuf};

use elman::io::{check_writable, write_atomically};
use elman::model::Model;
use elman::see::Explanation;
use serde::Serialize;

use crate::args::see::ExplainArgs;
use crate::failure::Outcome;
use crate::printer::Printer;
use crate::printer::style::Style;
use crate::printer::table::Table;
use crate::printer::text::{Facts, counted, measure};

/// The steps and channels that are shown.
const MOST_ROWS: usize = 12;

#[derive(Serialize)]
struct Document<'a> {
    model: &'a Path,
    explanation: &'a Explanation,
}

/// Runs `elman explain`.
pub fn run(args: &ExplainArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    if let Some(output) = &args.output {
        let data = args.data.iter().map(|path| ("<DATA>", path));
        let inputs: Vec<(&str, &PathBuf)> = data.chain([("<MODEL>", &args.model)]).collect();
        super::refuse_same_file("--output", output, &inputs)?;
        check_writable(output)?;
    }
    let model = Model::<f32>::load(&args.model)?;
    let explanation = ask::explained(args, &model)?;
    if let Some(output) = &args.output {
        let page = elman_report::explanation_page(&explanation);
        write_atomically(output, |file| file.write_all(page.as_bytes()))?;
        printer.say(|_| format!("the page is in {}", output.display()));
    }
    let document = Document { model: &args.model, explanation: &explanation };
    printer.result(&document, |style| text(&explanation, style))
}

fn text(why: &Explanation, style: Style) -> String {
    let mut facts = Facts::default();
    facts.add("sequence", format!("{}: {}", why.sequence, counted(why.hidden.len(), "step")));
    let [value, baseline] = [why.value, why.baseline_value].map(measure);
    let (output, unit) = (&why.output, why.unit);
    let step = why.step.map_or(String::new(), |step| format!(" at step {}", step + 1));
    let fact = format!("{output}{step}: {value} ({unit}), {baseline} at the baseline of zeros");
    facts.add("explained", fact);
    if why.members > 1 {
        facts.add("", format!("by the first of {} members", why.members));
    }
    let sum = measure(why.value - why.baseline_value);
    let missed = why.completeness_error.abs().max(1e-9);
    facts.add("difference", format!("{sum}, which the parts below add up to within {missed:.0e}"));
    let parts = [channels(why).render(style), steps(why).render(style)];
    format!("{}\n{}", facts.render(style), parts.join("\n"))
}

/// The channels by the size of their part.
fn channels(why: &Explanation) -> Table {
    let sums = (0..why.channels.len()).map(|channel| {
        let column = |rows: &[Vec<f64>]| rows.iter().map(|row| row[channel]).sum::<f64>();
        (channel, column(&why.integrated_gradients), column(&why.gradient_times_input))
    });
    let mut table = Table::new(["channel", "integrated gradients", "gradient × input"]);
    for (channel, integrated, product) in largest(sums.collect()) {
        table.row([why.channels[channel].clone(), measure(integrated), measure(product)]);
    }
    table
}

/// The steps by the size of their part.
fn steps(why: &Explanation) -> Table {
    let sums = why.integrated_gradients.iter().zip(&why.gradient_times_input).enumerate();
    let sums = sums.map(|(t, (integrated, product))| {
        (t, integrated.iter().sum::<f64>(), product.iter().sum::<f64>())
    });
    let tokens: Vec<&str> = why.tokens.iter().map(|_| "token").collect();
    let header = ["step", "lag"].into_iter().chain(tokens);
    let mut table = Table::new(header.chain(["integrated gradients", "gradient × input"]));
    for (t, integrated, product) in largest(sums.collect()) {
        let lag = why.hidden.len() - 1 - t;
        let cells = [(t + 1).to_string(), lag.to_string()];
        let tokens = why.tokens.iter().map(|texts| texts[t].clone());
        let numbers = [measure(integrated), measure(product)];
        table.row(cells.into_iter().chain(tokens).chain(numbers));
    }
    table
}

/// The rows with the largest second value, the first of equal ones first.
fn largest(mut rows: Vec<(usize, f64, f64)>) -> Vec<(usize, f64, f64)> {
    rows.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    rows.truncate(MOST_ROWS);
    rows
}
