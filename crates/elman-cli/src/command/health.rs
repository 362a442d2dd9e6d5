//! `elman health`: what can ail a recurrent network, in numbers with a sentence each.

mod measure;

use elman::layer::Direction;
use elman::model::Model;
use elman::see::{FixedPoint, FixedPoints, Health, Reach, Rule, SideHealth, UpdateRatio, Weights};
use serde::Serialize;

use self::measure::Measured;
use crate::args::see::HealthArgs;
use crate::failure::Outcome;
use crate::printer::Printer;
use crate::printer::style::Style;
use crate::printer::table::Table;
use crate::printer::text::{Facts, counted, measure};

/// The fixed points of a layer that are shown.
const MOST_POINTS: usize = 8;

#[derive(Serialize)]
struct Document<'a> {
    model: &'a std::path::Path,
    health: &'a Health,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_points: Option<&'a [FixedPoints]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<&'a [UpdateRatio]>,
}

/// Runs `elman health`.
pub fn run(args: &HealthArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    let model = Model::<f32>::load(&args.model)?;
    let Measured { health, fixed_points, updates } = measure::measured(args, &model)?;
    let document = Document {
        model: &args.model,
        health: &health,
        fixed_points: fixed_points.as_deref(),
        updates: updates.as_deref(),
    };
    printer.result(&document, |style| {
        let mut blocks = vec![text(&health, style)];
        blocks.extend(fixed_points.iter().flatten().map(|own| points(own, style)));
        blocks.extend(updates.as_ref().map(|all| ratios(all, style)));
        blocks.push(advice(&health).render(style));
        blocks.join("\n")
    })
}

fn text(health: &Health, style: Style) -> String {
    let sample = &health.sample;
    let mut facts = Facts::default();
    let size = counted(sample.steps, "step");
    let of = format!("{} of {}", sample.sequences, counted(sample.of, "sequence"));
    facts.add("sample", format!("{of}, {size}; median length {}", sample.lengths.median));
    let mut blocks = vec![facts.render(style)];
    for side in &health.sides {
        let heading = format!("{}: {}", name(side), counted(side.counts.units, "unit"));
        blocks.push(format!("{}\n{}", style.bold(&heading), numbers(side, health).render(style)));
    }
    blocks.join("\n")
}

/// The states in which a layer settles.
fn points(own: &FixedPoints, style: Style) -> String {
    let heading = format!("fixed points of {}", place(own.layer, own.direction));
    let mut table = Table::new(["kind", "starts", "largest |λ|", "beyond 1", "half-life", "‖s‖"]);
    for point in own.points.iter().take(MOST_POINTS) {
        table.row(point_row(point));
    }
    let more = match own.points.len().saturating_sub(MOST_POINTS) {
        0 => String::new(),
        more => format!(" {} not shown;", counted(more, "point")),
    };
    let (lost, starts) = (own.lost, counted(own.starts, "start"));
    let line = format!(
        "the layer reads its mean input in every step;{more} {lost} of {starts} led to no point"
    );
    format!("{}\n{}{}\n", style.bold(&heading), table.render(style), style.dim(&line))
}

fn point_row(point: &FixedPoint) -> [String; 6] {
    let largest = point.eigenvalues.first().map_or(0.0, elman::see::Eigenvalue::modulus);
    let size = point.state.iter().map(|value| value * value).sum::<f64>().sqrt();
    let half =
        point.half_life().map_or("–".to_owned(), |steps| format!("{} steps", measure(steps)));
    let counts = [point.starts, point.unstable].map(|count| count.to_string());
    let [starts, unstable] = counts;
    [point.kind().to_owned(), starts, measure(largest), unstable, half, measure(size)]
}

/// The sizes of updates beside those of the weights.
fn ratios(all: &[UpdateRatio], style: Style) -> String {
    let mut table = Table::new(["updates of", "‖w‖", "‖Δw‖ / ‖w‖"]);
    for own in all {
        table.row([own.weights.clone(), measure(own.norm), measure(own.ratio)]);
    }
    let line =
        "of ten updates after ten that are not counted, at the learning rate of the settings";
    format!("{}{}\n", table.render(style), style.dim(line))
}

/// `layer 1 forward, lstm`.
fn name(side: &SideHealth) -> String {
    format!("{}, {}", place(side.layer, side.direction), side.cell)
}

fn place(layer: usize, direction: Direction) -> String {
    let direction = match direction {
        Direction::Forward => "forward",
        Direction::Reverse => "reverse",
    };
    format!("layer {} {direction}", layer + 1)
}

fn numbers(side: &SideHealth, health: &Health) -> Facts {
    let mut facts = Facts::default();
    facts.add("reach", reach(&side.reach, health.sample.lengths.median));
    if let Some(exponent) = side.lyapunov {
        let what = if exponent.median < 0.0 { "die out" } else { "grow" };
        let number = measure(exponent.median);
        facts.add("Lyapunov", format!("{number} per step: small differences {what}"));
    }
    for gate in &side.saturation {
        let [low, high] = [gate.low, gate.high].map(|share| format!("{:.1} %", 100.0 * share));
        let mean = measure(gate.mean);
        facts
            .add(&gate.what, format!("mean {mean}; {low} at the lower limit, {high} at the upper"));
    }
    let idle = format!("{} dead, {} constant", side.counts.dead, side.counts.constant);
    facts.add("idle units", idle);
    if let Some(rank) = side.effective_rank {
        let of = side.counts.units;
        facts.add("effective rank", format!("{rank:.1} of {of} directions are used"));
    }
    let norms = [side.state_norm, side.gradient_norm].map(measure);
    facts.add("norms", format!("state {} per unit, gradient {}", norms[0], norms[1]));
    for weights in &side.weights {
        facts.add(&format!("U of the {}", weights.gate), spectrum(weights));
    }
    facts
}

fn reach(reach: &Reach, length: f64) -> String {
    match reach.lost_after {
        Some(steps) => format!(
            "the gradient falls below 1 % of its size after {}; the median sequence has {length}",
            counted(steps, "step")
        ),
        None => format!(
            "the gradient stays above 1 % of its size over all {} that were measured",
            counted(reach.longest(), "step")
        ),
    }
}

fn spectrum(weights: &Weights) -> String {
    let largest = measure(weights.largest_singular_value);
    match weights.spectral_radius {
        Some(radius) => {
            format!("spectral radius {}, largest singular value {largest}", measure(radius))
        }
        None => format!("largest singular value {largest}"),
    }
}

fn advice(health: &Health) -> Facts {
    let mut facts = Facts::default();
    for advice in &health.advice {
        let place = match advice.rule {
            Rule::ShortReach => "the answer".to_owned(),
            _ => place(advice.layer, advice.direction),
        };
        facts.add("advice", format!("{place}: {}", advice.sentence));
    }
    if health.advice.is_empty() {
        facts.add("advice", "none: no rule fires");
    }
    for left in &health.left_out {
        facts.add("not measured", left);
    }
    facts
}
