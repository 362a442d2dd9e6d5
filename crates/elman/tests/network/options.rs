//! Every option makes a difference where it can, and is refused by name where it cannot.

use elman::cell::CellKind;
use elman::error::{Error, Field};
use elman::network::{
    InitialState, Initialization, NetworkBuilder, NetworkConfig, OutputGroup, Outputs,
    TokenDropout, TokenInput,
};
use elman::{
    ActivationKind, DropoutMode, Initializer, LayerConfig, Merge, Network, NetworkTrace, Residual,
};

use crate::list::{batch, network};

fn outputs(config: &NetworkConfig, mode: DropoutMode<'_>) -> Vec<f64> {
    let (network, batch) = (network::<f64>(config), batch(config, 0.0));
    let mut trace = NetworkTrace::default();
    network.forward_traced(&batch, None, mode, &mut trace).unwrap();
    trace.outputs().iter().copied().collect()
}

#[test]
fn every_option_makes_a_difference() {
    let both = || Network::builder(3).simple(4).bidirectional();
    let square = || Network::builder(3).simple(3);
    let hidden = |kind| both().hidden(3, kind).dense(2);
    // Of each list any two differ.
    let lists: [Vec<NetworkConfig>; 6] = [
        vec![
            both().dense(2),
            both().first_step().dense(2),
            both().mean().dense(2),
            both().max().dense(2),
            both().attention(3).dense(2),
        ],
        Merge::ALL.map(|merge| both().merge(merge).dense(2)).to_vec(),
        vec![square().dense(2), square().residual().dense(2), square().reverse().dense(2)],
        vec![
            hidden(ActivationKind::Tanh),
            hidden(ActivationKind::Relu),
            hidden(ActivationKind::Identity),
            hidden(ActivationKind::Gelu),
        ],
        vec![square().dense(2), square().initial_state(InitialState::Learned).dense(2)],
        vec![both().attention(3).dense(2), both().attention(4).dense(2)],
    ];
    for list in lists {
        let all: Vec<_> = list.iter().map(|config| outputs(config, DropoutMode::Off)).collect();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{:?}", list[index]);
        }
    }
}

#[test]
fn every_dropout_drops_in_training_alone() {
    let plain = || Network::builder(3).simple(4);
    let mut embedding = TokenInput::new(7, 2);
    let mut hidden = plain().hidden(3, ActivationKind::Tanh).dense(2);
    hidden.body.head.hidden[0].dropout = 0.5;
    let without = Network::builder(3).tokens(embedding).simple(4).dense(2);
    embedding.dropout = 0.5;
    let cases: [(NetworkConfig, NetworkConfig); 4] = [
        (plain().head_dropout(0.5).dense(2), plain().dense(2)),
        (plain().dropout(0.5).dense(2), plain().dense(2)),
        (hidden, plain().hidden(3, ActivationKind::Tanh).dense(2)),
        (Network::builder(3).tokens(embedding).simple(4).dense(2), without),
    ];
    for (config, without) in cases {
        let inference = outputs(&config, DropoutMode::Off);
        assert_eq!(inference, outputs(&without, DropoutMode::Off), "{config:?}");
        let [one, other] = [1, 2].map(|seed| outputs(&config, DropoutMode::of_seed(seed)));
        assert_ne!(one, inference, "{config:?}");
        assert_ne!(one, other, "{config:?}");
        assert_eq!(one, outputs(&config, DropoutMode::of_seed(1)));
    }
}

/// A description, and what its refusal says.
type Refusal = (NetworkConfig, &'static str, Option<Field>);

/// A channel of 7 tokens, some of which become this one.
fn unknown(probability: f64, unknown_id: u32) -> TokenInput {
    let token_dropout = Some(TokenDropout { probability, unknown_id });
    TokenInput { token_dropout, ..TokenInput::new(7, 3) }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn refusals() -> Vec<Refusal> {
    let plain = || Network::builder(3).simple(4);
    let both = || plain().bidirectional();
    let init = |initialization| plain().initialization(initialization).dense(2);
    let normal = |scale| Initializer::ScaledNormal { scale };
    let tokens = |channel| Network::builder(0).tokens(channel).simple(4).dense(2);
    let usual = Initialization::default();
    let hidden = |size| plain().hidden(size, ActivationKind::Relu);
    let mut no_layers = plain().dense(2);
    no_layers.body.layers.clear();
    let top = |builder: NetworkBuilder| builder.layer(LayerConfig::simple(4));
    let merged = |merge| top(both().merge(merge)).bidirectional().merge(merge).residual();
    vec![
        (no_layers, "layers: expected 1 to 1000, got 0", Some(Field::Layers)),
        (
            Network::builder(3).simple(0).dense(2),
            "layers[0].hidden_size: expected at least 1, got 0",
            Some(Field::HiddenSize),
        ),
        (
            Network::builder(0).simple(4).dense(2),
            "inputs: expected at least one channel, got none",
            None,
        ),
        (plain().dense(0), "outputs: size of \"outputs\": expected 1 to 268435456, got 0", None),
        (plain().dense(Outputs(vec![])), "outputs: expected at least one group, got none", None),
        (
            plain().dense(vec![OutputGroup::new("a", 1), OutputGroup::new("a", 2)]),
            "outputs: expected groups of distinct names, got a",
            None,
        ),
        (
            plain().gru(5).dropout(1.0).dense(2),
            "layers[1].dropout: expected a probability from 0 up to but not including 1, got 1",
            Some(Field::LayerDropout),
        ),
        (
            plain().tied().dense(2),
            "head.output_weights: expected one token channel to share its embedding with, got 0",
            Some(Field::Tied),
        ),
        (
            Network::builder(0).tokens(TokenInput::new(7, 3)).simple(4).tied().dense(7),
            "head.output_weights: expected an embedding as wide as what the outputs read, 4, got 3",
            Some(Field::Tied),
        ),
        (
            Network::builder(0).tokens(TokenInput::new(7, 4)).simple(4).tied().dense(2),
            "head.output_weights: expected an output for each of 7 tokens, got 2",
            Some(Field::Tied),
        ),
        (
            plain().head_dropout(-0.1).dense(2),
            "head.dropout: expected a probability from 0 up to but not including 1, got -0.1",
            Some(Field::Dropout),
        ),
        (
            plain().merge(Merge::Sum).dense(2),
            "layers[0].merge: expected concatenate, as the layer has one direction, got sum",
            Some(Field::Merge),
        ),
        (
            plain().residual().dense(2),
            "layers[0].residual: expected an input as wide as the output, 4, got 3 values",
            Some(Field::Residual),
        ),
        (
            top(both()).residual().dense(2),
            "layers[1].residual: expected an input as wide as the output, 4, got 8 values",
            Some(Field::Residual),
        ),
        (
            merged(Merge::Mean).dense(2),
            "readout: expected a pooling other than last above a residual layer that merges both \
             directions by mean, got last",
            Some(Field::Pooling),
        ),
        (
            plain().mean().max().mean().dense(2),
            "readout: expected each part once, got mean",
            Some(Field::Pooling),
        ),
        (
            plain().attention(0).dense(2),
            "readout.attention.size: expected at least 1, got 0",
            Some(Field::AttentionSize),
        ),
        (
            hidden(0).dense(2),
            "head.hidden[0].size: expected at least 1, got 0",
            Some(Field::HeadHidden),
        ),
        (
            init(Initialization { bias: Initializer::GlorotUniform, ..usual }),
            "initialization.bias: expected one that needs no matrix, uniform or zeros say, got \
             glorot-uniform",
            Some(Field::BiasInit),
        ),
        (
            init(Initialization { input_weights: normal(-1.0), ..usual }),
            "initialization.input_weights: scaled-normal: scale: expected 0 or more, got -1",
            Some(Field::InputInit),
        ),
        (
            init(Initialization { recurrent_weights: normal(f64::NAN), ..usual }),
            "initialization.recurrent_weights: scaled-normal: scale: expected a finite number, got NaN",
            Some(Field::RecurrentInit),
        ),
        (
            init(Initialization { forget_bias: Some(1.0), ..usual }),
            "initialization.forget_bias: expected none, as no layer is an lstm with a forget gate, got 1",
            Some(Field::ForgetBias),
        ),
        (
            tokens(TokenInput::new(0, 3)),
            "inputs.tokens[0].vocabulary_size: expected 1 to 268435456, got 0",
            None,
        ),
        (
            tokens(TokenInput { padding_id: Some(7), ..TokenInput::new(7, 3) }),
            "padding_id: expected below 7 (vocabulary_size), got 7",
            None,
        ),
        (
            tokens(TokenInput { dropout: 2.0, ..TokenInput::new(7, 3) }),
            "inputs.tokens[0].dropout: expected a probability from 0 up to but not including 1, got 2",
            None,
        ),
        (
            tokens(unknown(1.0, 0)),
            "inputs.tokens[0].token_dropout.probability: expected a probability from 0 up to but not \
             including 1, got 1",
            None,
        ),
        (
            tokens(unknown(0.5, 7)),
            "inputs.tokens[0].token_dropout.unknown_id: expected an id below 7 (vocabulary_size), got 7",
            None,
        ),
        (
            Network::builder(1 << 20).lstm(1 << 20).dense(2),
            "network: expected at most 1073741824 weights, got 8796099313666",
            None,
        ),
        (
            Network::builder(3)
                .layer(LayerConfig::new(CellKind::Custom { name: "mine".into() }, 4))
                .dense(2),
            "cell: expected a cell that Elman knows, or Network::with_cell, got custom cell mine",
            None,
        ),
    ]
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (config, wanted, wanted_field) in refusals() {
        let error = Network::<f32>::new(config).err().unwrap();
        let Error::Argument { field, .. } = &error else { panic!("{error}") };
        assert_eq!((error.to_string().as_str(), *field), (wanted, wanted_field));
    }
}

#[test]
fn a_description_is_read_back_from_json_and_knows_its_fields() {
    for described in crate::list::every_network() {
        let text = serde_json::to_string(&described.config).unwrap();
        let read: NetworkConfig = serde_json::from_str(&text).unwrap();
        assert_eq!(read, described.config, "{}", described.name);
    }
    let config = Network::builder(3).simple(4).residual().dense(2);
    assert_eq!(config.body.layers[0].residual, Residual::Identity);
    let mut value = serde_json::to_value(&config).unwrap();
    value["body"]["layers"][0]["hiden_size"] = 3.into();
    let message = serde_json::from_value::<NetworkConfig>(value).unwrap_err().to_string();
    assert!(message.contains("unknown field `hiden_size`"), "{message}");
}
