//! The health of a network.

use elman::Result;
use elman::layer::Direction;
use elman::see::{Health, LagNorm, Reach, SideHealth, UpdateRatio};

use crate::chart::lines::{Line, LineChart};
use crate::chart::scale::Axis;
use crate::chart::{COLOURS, Labels, Size, legend};
use crate::html::{Table, escape, figure, paragraph};
use crate::text::{counted, number, percent};

/// The numbers of a health check.
pub fn body(health: &Health) -> String {
    let sample = &health.sample;
    let mut html = paragraph(&format!(
        "Measured by exact gradients on {} of {}, {} in all; half of the sequences have {} steps or more.",
        sample.sequences,
        counted(sample.of, "sequence"),
        counted(sample.steps, "step"),
        sample.lengths.median
    ));
    for advice in &health.advice {
        let place = place(advice.layer, advice.direction);
        html +=
            &format!("<p class=\"advice\">{}: {}.</p>\n", escape(&place), escape(&advice.sentence));
    }
    if health.advice.is_empty() {
        html += "<p class=\"fine\">No rule fires: nothing stands out.</p>\n";
    }
    html += &reach(health);
    html += &units(&health.sides);
    html += &gates(&health.sides);
    html += &weights(&health.sides);
    let left: Vec<&str> = health.left_out.iter().map(String::as_str).collect();
    match left.is_empty() {
        true => html,
        false => {
            html + &format!("<p class=\"note\">Not measured: {}.</p>\n", escape(&left.join("; ")))
        }
    }
}

/// How large updates are beside the weights, where the data have answers to go on with.
pub fn updates(measured: Option<Result<Vec<UpdateRatio>>>) -> String {
    let Some(measured) = measured else { return String::new() };
    let all = match measured {
        Ok(all) => all,
        Err(error) => {
            let text = format!("Sizes of updates are not measured: {error}.");
            return format!("<p class=\"note\">{}</p>\n", escape(&text));
        }
    };
    let mut table = Table::new(["weights", "‖w‖", "‖Δw‖ / ‖w‖"]);
    for own in &all {
        table.row([own.weights.clone(), number(own.norm), number(own.ratio)]);
    }
    let note = "The training goes on for twenty updates on these data, on a copy that is thrown away: by \
                its own rule, at the learning rate of its settings, the moments begun anew. The ratio is the mean of \
                the last ten; about 0.001 is usual while a network learns.";
    "<h3>Updates beside weights</h3>\n".to_owned()
        + &table.render()
        + &format!("<p class=\"note\">{note}</p>\n")
}

fn place(layer: usize, direction: Direction) -> String {
    let direction = match direction {
        Direction::Forward => "forward",
        Direction::Reverse => "reverse",
    };
    format!("layer {} {direction}", layer + 1)
}

fn side_name(side: &SideHealth) -> String {
    place(side.layer, side.direction)
}

/// How far gradients reach back, in words and as curves.
fn reach(health: &Health) -> String {
    let mut html = String::new();
    let drawn: Vec<&SideHealth> =
        health.sides.iter().skip(health.sides.len().saturating_sub(COLOURS)).collect();
    for side in &drawn {
        html += &paragraph(&format!("{}: {}.", side_name(side), sentence(&side.reach)));
    }
    let lines: Vec<Line> = drawn.iter().map(|side| line(side)).collect();
    let norms = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let y = Axis::logarithmic(norms.chain([0.1, 1.0]), 1e-8);
    let labels = Labels {
        title: "Reach of the gradient by lag",
        x: "lag k, in steps",
        y: "‖∂L/∂s at lag k‖, relative to lag 0",
    };
    let svg =
        LineChart { size: Size::FULL, labels, lines: &lines, y, marks: &[], places: &[] }.render();
    let mut table =
        Table::new(["where", "lag", "mean", "lower quartile", "median", "upper quartile"]);
    for side in &drawn {
        let step = side.reach.lags.len().div_ceil(20).max(1);
        side.reach.lags.iter().step_by(step).for_each(|lag| table.row(row(side, lag)));
    }
    let names = legend(lines.iter().map(|line| &line.name));
    html + &figure("Reach: medians, with the quartiles as bands", &(names + &svg), &table)
}

fn sentence(reach: &Reach) -> String {
    match reach.lost_after {
        Some(steps) => {
            format!("the gradient falls below 1 % of its size after {}", counted(steps, "step"))
        }
        None => format!(
            "the gradient stays above 1 % of its size over all {} that were measured",
            counted(reach.longest(), "step")
        ),
    }
}

fn line(side: &SideHealth) -> Line {
    let lags = &side.reach.lags;
    let points = lags.iter().map(|lag| (lag.lag as f64, lag.norm.median));
    let band = lags.iter().map(|lag| (lag.lag as f64, lag.norm.lower, lag.norm.upper));
    Line { name: side_name(side), points: points.collect(), bands: vec![band.collect()] }
}

fn row(side: &SideHealth, lag: &LagNorm) -> [String; 6] {
    let norm = &lag.norm;
    let [mean, lower, median, upper] = [norm.mean, norm.lower, norm.median, norm.upper].map(number);
    [side_name(side), lag.lag.to_string(), mean, lower, median, upper]
}

/// One row for each side.
fn units(sides: &[SideHealth]) -> String {
    let mut table = Table::new([
        "where",
        "units",
        "dead",
        "constant",
        "effective rank",
        "state norm",
        "gradient norm",
        "Lyapunov exponent",
    ]);
    for side in sides {
        let optional = |value: Option<f64>| value.map_or("–".to_owned(), number);
        let counts = [side.counts.units, side.counts.dead, side.counts.constant];
        let rest = [
            optional(side.effective_rank),
            number(side.state_norm),
            number(side.gradient_norm),
            optional(side.lyapunov.map(|spread| spread.median)),
        ];
        let counts = counts.map(|count| count.to_string());
        table.row(std::iter::once(side_name(side)).chain(counts).chain(rest));
    }
    let note = "The effective rank is the participation ratio of the states; the state norm is per unit; \
                the exponent is per step: below 0 small differences die out, above 0 they grow.";
    "<h3>Units and states</h3>\n".to_owned()
        + &table.render()
        + &format!("<p class=\"note\">{note}</p>\n")
}

fn gates(sides: &[SideHealth]) -> String {
    let mut table =
        Table::new(["where", "what", "mean", "at the lower limit", "at the upper limit"]);
    let mut count = 0;
    for side in sides {
        for gate in &side.saturation {
            count += 1;
            let shares = [gate.low, gate.high].map(percent);
            let cells = [side_name(side), gate.what.clone(), number(gate.mean)];
            table.row(cells.into_iter().chain(shares));
        }
    }
    match count {
        0 => String::new(),
        _ => {
            "<h3>Gates and states at their limits (within 1 %)</h3>\n".to_owned() + &table.render()
        }
    }
}

fn weights(sides: &[SideHealth]) -> String {
    let mut table = Table::new(["where", "gate", "spectral radius", "largest singular value"]);
    let mut count = 0;
    for side in sides {
        for weights in &side.weights {
            count += 1;
            let radius = weights.spectral_radius.map_or("–".to_owned(), number);
            let largest = number(weights.largest_singular_value);
            table.row([side_name(side), weights.gate.clone(), radius, largest]);
        }
    }
    match count {
        0 => String::new(),
        _ => "<h3>Recurrent weights</h3>\n".to_owned() + &table.render(),
    }
}
