//! From the arguments about the network to the library's description of it.

use elman::cell::{
    CellKind, ForgetGate, GruOptions, LstmOptions, MinGruOptions, MinLstmOptions, Normalization,
    Peepholes, Recurrence, ResetPlacement, SimpleOptions,
};
use elman::dropout::MaskSpan;
use elman::layer::RecurrentRegularization;
use elman::network::{
    DenseConfig, HeadConfig, InitialState, Initialization, NetworkOptions, OutputWeights, Pooling,
    Readout,
};
use elman::{ActivationKind, Directions, Initializer, LayerConfig, Merge, Residual};

use super::network::NetworkArgs;
use super::value::{
    ActivationChoice, BiasInitChoice, CellChoice, DirectionChoice, EachChoice, InitChoice,
    InitialStateChoice, MergeChoice, NormalizationChoice, PoolingChoice, RecurrenceChoice,
    ResetChoice, SpanChoice,
};

/// The shape of the network, which answers once for a sequence or at every step.
pub fn network(args: &NetworkArgs, each: EachChoice) -> NetworkOptions {
    let parts = args.pooling.iter().map(|part| pooling(args, *part));
    NetworkOptions {
        layers: layers(args),
        readout: match each {
            EachChoice::Sequence => Readout::Pooled(parts.collect()),
            EachChoice::Step => Readout::EveryStep,
        },
        head: head(args),
        initial_state: match args.initial_state {
            InitialStateChoice::Zeros => InitialState::Zeros,
            InitialStateChoice::Learned => InitialState::Learned,
        },
        initialization: Initialization {
            input_weights: initializer(args.input_init),
            recurrent_weights: initializer(args.recurrent_init),
            bias: match args.bias_init {
                BiasInitChoice::Uniform => initializer(InitChoice::Uniform),
                BiasInitChoice::Normal => initializer(InitChoice::Normal),
                BiasInitChoice::Zeros => initializer(InitChoice::Zeros),
            },
            forget_bias: args.forget_bias,
        },
    }
}

/// The units of each layer: one number stands for all of them.
pub fn hidden_sizes(args: &NetworkArgs) -> Vec<usize> {
    match (args.hidden_size.0.as_slice(), args.layers) {
        (&[size], Some(layers)) => vec![size; layers],
        (sizes, _) => sizes.to_vec(),
    }
}

fn layers(args: &NetworkArgs) -> Vec<LayerConfig> {
    let layer = |(index, hidden_size): (usize, usize)| LayerConfig {
        cell: cell(args),
        hidden_size,
        directions: match args.direction {
            DirectionChoice::Forward => Directions::Forward,
            DirectionChoice::Reverse => Directions::Reverse,
            DirectionChoice::Both => Directions::Both,
        },
        merge: match args.merge {
            MergeChoice::Concatenate => Merge::Concatenate,
            MergeChoice::Sum => Merge::Sum,
            MergeChoice::Mean => Merge::Mean,
            MergeChoice::Product => Merge::Product,
        },
        // Between two layers: the first one reads the data.
        dropout: if index == 0 { 0.0 } else { args.layer_dropout },
        dropout_span: match args.dropout_span {
            SpanChoice::Step => MaskSpan::Step,
            SpanChoice::Sequence => MaskSpan::Sequence,
        },
        regularization: RecurrentRegularization {
            state_dropout: args.state_dropout.unwrap_or(0.0),
            update_dropout: args.update_dropout,
            zoneout: args.zoneout,
            cell_zoneout: args.cell_zoneout,
        },
        residual: match args.residual.is_on() && index > 0 {
            true => Residual::Identity,
            false => Residual::None,
        },
    };
    hidden_sizes(args).into_iter().enumerate().map(layer).collect()
}

fn cell(args: &NetworkArgs) -> CellKind {
    let (clip, normalization) = (args.pre_activation_clip, normalization(args.normalization));
    match args.cell {
        CellChoice::Simple => CellKind::Simple(SimpleOptions {
            activation: activation(args.activation),
            recurrence: match args.recurrence {
                RecurrenceChoice::Full => Recurrence::Full,
                RecurrenceChoice::Independent => Recurrence::Independent,
            },
            clip,
            normalization,
        }),
        CellChoice::Lstm => CellKind::Lstm(LstmOptions {
            peepholes: match args.peepholes.is_on() {
                true => Peepholes::Present,
                false => Peepholes::Absent,
            },
            forget_gate: match args.coupled_gates.is_on() {
                true => ForgetGate::Coupled,
                false => ForgetGate::Own,
            },
            projection_size: args.projection_size,
            clip,
            cell_clip: args.cell_clip,
            normalization,
            ..LstmOptions::DEFAULT
        }),
        CellChoice::Gru => CellKind::Gru(GruOptions {
            reset: match args.reset_placement {
                ResetChoice::After => ResetPlacement::After,
                ResetChoice::Before => ResetPlacement::Before,
            },
            clip,
            normalization,
            ..GruOptions::DEFAULT
        }),
        CellChoice::MinGru => CellKind::MinGru(MinGruOptions::DEFAULT),
        CellChoice::MinLstm => CellKind::MinLstm(MinLstmOptions::DEFAULT),
    }
}

fn normalization(choice: NormalizationChoice) -> Normalization {
    match choice {
        NormalizationChoice::None => Normalization::None,
        NormalizationChoice::Layer => Normalization::LAYER,
    }
}

/// α and β are those that the library holds for usual.
fn activation(choice: ActivationChoice) -> ActivationKind {
    match choice {
        ActivationChoice::Tanh => ActivationKind::Tanh,
        ActivationChoice::Relu => ActivationKind::Relu,
        ActivationChoice::Sigmoid => ActivationKind::Sigmoid,
        ActivationChoice::HardSigmoid => ActivationKind::HardSigmoid,
        ActivationChoice::Identity => ActivationKind::Identity,
        ActivationChoice::Softsign => ActivationKind::Softsign,
        ActivationChoice::Softplus => ActivationKind::Softplus,
        ActivationChoice::Silu => ActivationKind::Silu,
        ActivationChoice::Gelu => ActivationKind::Gelu,
        ActivationChoice::LeakyRelu => ActivationKind::LeakyRelu { alpha: 0.01 },
        ActivationChoice::ThresholdedRelu => ActivationKind::ThresholdedRelu { alpha: 1.0 },
        ActivationChoice::Elu => ActivationKind::Elu { alpha: 1.0 },
        ActivationChoice::ScaledHardSigmoid => {
            ActivationKind::ScaledHardSigmoid { alpha: 0.2, beta: 0.5 }
        }
    }
}

fn pooling(args: &NetworkArgs, choice: PoolingChoice) -> Pooling {
    match choice {
        PoolingChoice::Last => Pooling::LastStep,
        PoolingChoice::First => Pooling::FirstStep,
        PoolingChoice::Mean => Pooling::Mean,
        PoolingChoice::Max => Pooling::Max,
        PoolingChoice::Attention => Pooling::Attention { size: args.attention_size },
    }
}

fn head(args: &NetworkArgs) -> HeadConfig {
    let layer = |size: &usize| DenseConfig {
        size: *size,
        activation: activation(args.head_activation),
        dropout: args.head_dropout,
    };
    let sizes = args.head_hidden.iter().flat_map(|sizes| &sizes.0);
    HeadConfig {
        dropout: args.dropout,
        hidden: sizes.map(layer).collect(),
        output_weights: OutputWeights::Own,
    }
}

fn initializer(choice: InitChoice) -> Initializer {
    match choice {
        InitChoice::Uniform => Initializer::RecurrentUniform,
        InitChoice::Glorot => Initializer::GlorotUniform,
        InitChoice::He => Initializer::HeUniform,
        InitChoice::Orthogonal => Initializer::Orthogonal { gain: 1.0 },
        InitChoice::Normal => Initializer::ScaledNormal { scale: 0.05 },
        InitChoice::Zeros => Initializer::Zeros,
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    fn names<C: ValueEnum>() -> Vec<String> {
        let values = C::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect()
    }

    #[test]
    fn the_choices_are_those_of_the_library() {
        assert_eq!(names::<CellChoice>(), CellKind::ALL.map(|kind| kind.to_string()));
        // A line and a stretched tanh have no usual α and β.
        let no_default = |kind: &ActivationKind| {
            matches!(kind, ActivationKind::Affine { .. } | ActivationKind::ScaledTanh { .. })
        };
        let known = ActivationKind::ALL.into_iter().filter(|kind| !no_default(kind));
        let known: Vec<ActivationKind> = known.collect();
        let offered = ActivationChoice::value_variants().iter().map(|choice| activation(*choice));
        assert_eq!(offered.collect::<Vec<_>>(), known);
        let stems = known.iter().map(|kind| kind.to_string());
        let stems = stems.map(|name| name.split('(').next().unwrap_or_default().to_owned());
        assert_eq!(names::<ActivationChoice>(), stems.collect::<Vec<_>>());
        assert_eq!(names::<MergeChoice>(), Merge::ALL.map(Merge::name));
    }
}
