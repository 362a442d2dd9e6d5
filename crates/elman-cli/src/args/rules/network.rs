//! Options of the network that depend on each other.

use elman::network::MAX_LAYERS;

use super::{Rule, name};
use crate::args::TrainArgs;
use crate::args::network_options::hidden_sizes;
use crate::args::value::{
    CellChoice, DirectionChoice, NormalizationChoice, PoolingChoice, RecurrenceChoice, ResetChoice,
};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

pub(super) fn network_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    let network = &args.network;
    let cell = network.cell;
    use CellChoice::{Gru, Lstm, Simple};
    let mut by_cell = |option, wanted: &[CellChoice], needs| {
        let found = format!("--cell {}", name(cell));
        rules.push(Rule { option, on: "cell", holds: wanted.contains(&cell), needs, found });
    };
    by_cell("activation", &[Simple], "--cell simple");
    by_cell("recurrence", &[Simple], "--cell simple");
    by_cell("reset-placement", &[Gru], "--cell gru");
    for option in ["normalization", "pre-activation-clip"] {
        by_cell(option, &[Simple, Lstm, Gru], "--cell simple, lstm or gru");
    }
    for option in ["forget-bias", "peepholes", "coupled-gates", "projection-size", "cell-clip"] {
        by_cell(option, &[Lstm], "--cell lstm");
    }
    rules.push(Rule {
        option: "forget-bias",
        on: "coupled-gates",
        holds: !network.coupled_gates.is_on(),
        needs: "--coupled-gates off",
        found: "--coupled-gates on".to_owned(),
    });
    let normalized = network.normalization == NormalizationChoice::Layer;
    for (option, is_set) in [
        ("recurrence", network.recurrence == RecurrenceChoice::Independent),
        ("reset-placement", network.reset_placement == ResetChoice::Before),
        ("peepholes", network.peepholes.is_on()),
        ("coupled-gates", network.coupled_gates.is_on()),
        ("projection-size", true),
        ("cell-clip", true),
        ("pre-activation-clip", true),
    ] {
        rules.push(Rule {
            option,
            on: "normalization",
            holds: !(normalized && is_set),
            needs: "--normalization none",
            found: "--normalization layer".to_owned(),
        });
    }
    let layers = hidden_sizes(network).len();
    let mut by_layers = |option| {
        let (needs, found) = ("--layers 2 or more", format!("--layers {layers}"));
        rules.push(Rule { option, on: "layers", holds: layers > 1, needs, found });
    };
    by_layers("residual");
    by_layers("layer-dropout");
    by_layers("dropout-span");
    rules.push(Rule {
        option: "merge",
        on: "direction",
        holds: network.direction == DirectionChoice::Both,
        needs: "--direction both",
        found: format!("--direction {}", name(network.direction)),
    });
    let pooling: Vec<String> = network.pooling.iter().copied().map(name).collect();
    rules.push(Rule {
        option: "attention-size",
        on: "pooling",
        holds: network.pooling.contains(&PoolingChoice::Attention),
        needs: "--pooling attention",
        found: format!("--pooling {}", pooling.join(",")),
    });
    for option in ["head-activation", "head-dropout"] {
        rules.push(Rule {
            option,
            on: "head-hidden",
            holds: network.head_hidden.is_some(),
            needs: "--head-hidden",
            found: "no hidden layer".to_owned(),
        });
    }
}

/// `--layers` repeats a single size; of several sizes it can only be the number.
pub(super) fn layers(args: &TrainArgs, given: &Given) -> Outcome {
    let Some(layers) = args.network.layers else { return Ok(()) };
    let sizes = args.network.hidden_size.0.len();
    if sizes > 1 && sizes != layers {
        let expected = format!("{sizes}, as --hidden-size has so many sizes");
        return Err(Failure::input(given.name("layers"), expected, layers));
    }
    if !(1..=MAX_LAYERS).contains(&layers) {
        return Err(Failure::input(given.name("layers"), format!("1 to {MAX_LAYERS}"), layers));
    }
    Ok(())
}
