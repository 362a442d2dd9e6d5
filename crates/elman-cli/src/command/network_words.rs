//! A network in words.

use elman::cell::{
    CellKind, ForgetGate, LstmOptions, Normalization, Peepholes, Recurrence, ResetPlacement,
};
use elman::network::{HeadConfig, InitialState, InputsConfig, NetworkConfig, Pooling, Readout};
use elman::{Directions, LayerConfig, Merge, Residual};

use crate::printer::text::counted;

/// What a network is made of, in one line.
pub fn network_words(config: &NetworkConfig) -> String {
    let body = &config.body;
    let sizes = format!("{} → {}", inputs(&config.inputs), counted(config.output_size(), "output"));
    let start = match body.initial_state {
        InitialState::Zeros => "",
        InitialState::Given => ", state given",
        InitialState::Learned => ", learned initial state",
    };
    let (layers, readout) = (layers(&body.layers), readout(&body.readout));
    format!("{sizes}; {layers}{start}; head on {readout}{}", head(&body.head))
}

fn inputs(inputs: &InputsConfig) -> String {
    let tokens = inputs.tokens.iter().map(|channel| {
        format!("tokens of {} as {}", channel.vocabulary_size, channel.embedding_size)
    });
    let numeric = (inputs.numeric > 0).then(|| counted(inputs.numeric, "input"));
    numeric.into_iter().chain(tokens).collect::<Vec<_>>().join(" + ")
}

/// Equal layers are told once; the first one differs from those above it only in what it reads.
fn layers(layers: &[LayerConfig]) -> String {
    let mut groups: Vec<(usize, &LayerConfig)> = Vec::new();
    for layer in layers {
        match groups.last_mut() {
            Some((count, same)) if alike(same, layer) => {
                *count += 1;
                *same = layer;
            }
            _ => groups.push((1, layer)),
        }
    }
    let words: Vec<String> = groups.iter().map(|(count, layer)| group(*count, layer)).collect();
    words.join(", then ")
}

fn alike(one: &LayerConfig, other: &LayerConfig) -> bool {
    let shape = |layer: &LayerConfig| LayerConfig {
        dropout: 0.0,
        residual: Residual::None,
        ..layer.clone()
    };
    shape(one) == shape(other)
}

fn group(count: usize, layer: &LayerConfig) -> String {
    let units = format!("{} of {}", counted(count, "layer"), counted(layer.hidden_size, "unit"));
    let direction = match (layer.directions, layer.merge) {
        (Directions::Forward, _) => "forward",
        (Directions::Reverse, _) => "reverse",
        (Directions::Both, Merge::Concatenate) => "in each of both directions",
        (Directions::Both, Merge::Sum) => "in each of both directions, summed",
        (Directions::Both, Merge::Mean) => "in each of both directions, averaged",
        (Directions::Both, Merge::Product) => "in each of both directions, multiplied",
    };
    let residual = match layer.residual {
        Residual::None => "",
        Residual::Identity => ", residual",
    };
    let dropout = dropout(layer.dropout);
    let state = match layer.regularization.state_dropout {
        chance if chance > 0.0 => format!(", state dropout {chance}"),
        _ => String::new(),
    };
    format!("{}, {units} {direction}{residual}{dropout}{state}", cell(&layer.cell))
}

fn cell(kind: &CellKind) -> String {
    let (mut words, clip, normalization) = match kind {
        CellKind::Simple(options) => {
            let mut words = vec![format!("simple cell, {}", options.activation)];
            if options.recurrence == Recurrence::Independent {
                words.push("independent units".to_owned());
            }
            (words, options.clip, options.normalization)
        }
        CellKind::Gru(options) => {
            let mut words = vec!["gru cell".to_owned()];
            if options.reset == ResetPlacement::Before {
                words.push("reset before".to_owned());
            }
            (words, options.clip, options.normalization)
        }
        CellKind::Lstm(options) => (lstm(options), options.clip, options.normalization),
        other => (vec![format!("{other} cell")], None, Normalization::None),
    };
    words.extend(clip.map(|limit| format!("pre-activations within {limit}")));
    if normalization != Normalization::None {
        words.push("layer normalization".to_owned());
    }
    words.join(", ")
}

fn lstm(options: &LstmOptions) -> Vec<String> {
    let mut words = vec!["lstm cell".to_owned()];
    if options.peepholes == Peepholes::Present {
        words.push("peepholes".to_owned());
    }
    if options.forget_gate == ForgetGate::Coupled {
        words.push("coupled gates".to_owned());
    }
    words.extend(options.projection_size.map(|size| format!("projected to {size}")));
    words.extend(options.cell_clip.map(|limit| format!("cell state within {limit}")));
    words
}

fn readout(readout: &Readout) -> String {
    let Readout::Pooled(parts) = readout else { return "every step".to_owned() };
    let words = parts.iter().map(|part| match part {
        Pooling::LastStep => "the last step".to_owned(),
        Pooling::FirstStep => "the first step".to_owned(),
        Pooling::Mean => "the mean over time".to_owned(),
        Pooling::Max => "the maximum over time".to_owned(),
        Pooling::Attention { size } => format!("attention of {}", counted(*size, "unit")),
    });
    words.collect::<Vec<_>>().join(" + ")
}

fn head(head: &HeadConfig) -> String {
    let hidden = head.hidden.iter().map(|layer| {
        let units = counted(layer.size, "unit");
        format!(", {units} {}{}", layer.activation, dropout(layer.dropout))
    });
    dropout(head.dropout) + &hidden.collect::<String>()
}

fn dropout(probability: f64) -> String {
    if probability > 0.0 { format!(", dropout {probability}") } else { String::new() }
}
