//! A stream gives the bits of the whole run at every step, for every cell, and allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cells/list.rs"]
#[allow(unused_macros, dead_code, reason = "the cells are visited in another way")]
mod list;

use elman::layer::RecurrentRegularization;
use elman::network::{InitialState, NetworkBuilder, NetworkConfig, TokenInput};
use elman::{
    ActivationKind, CellKind, LayerConfig, Network, Real, Residual, Rng, SequenceBatch, Stream,
    TokenBatch,
};
use ndarray::{Array2, Array3, ArrayView3};

const STEPS: usize = 7;
const VOCABULARY: usize = 5;

fn random<T: Real>(config: NetworkConfig) -> Network<T> {
    let custom = |layer: &LayerConfig| matches!(layer.cell, CellKind::Custom { .. });
    let own = |sizes| Ok(list::own_cell(sizes));
    let mut network = match config.body.layers.iter().any(custom) {
        true => as_type::<T>(Network::with_cell(config, own).unwrap()),
        false => Network::new(config).unwrap(),
    };
    let mut rng = Rng::new(17);
    network.update(|parameters| {
        parameters.values_mut().iter_mut().for_each(|v| *v = T::from_f64(0.4 * rng.normal()));
    });
    network
}

/// The own cell of the suites computes in f64 alone.
fn as_type<T: Real>(network: Network<f64>) -> Network<T> {
    let any: Box<dyn std::any::Any> = Box::new(network);
    *any.downcast::<Network<T>>().unwrap()
}

/// Numbers and tokens with the channels of a network.
fn batch<T: Real>(config: &NetworkConfig, rows: usize) -> SequenceBatch<T> {
    let mut rng = Rng::new(29);
    let shape = (rows, STEPS, config.inputs.numeric);
    let values = Array3::from_shape_simple_fn(shape, || T::from_f64(rng.normal()));
    let channels = config.inputs.tokens.iter().map(|channel| {
        let size = channel.vocabulary_size;
        TokenBatch::full(Array2::from_shape_simple_fn((rows, STEPS), || {
            u32::try_from(rng.below(size)).unwrap()
        }))
    });
    SequenceBatch::full(values).with_tokens(channels.collect()).unwrap()
}

/// What a stream reads in a step of the batch.
fn at<T: Real>(batch: &SequenceBatch<T>, t: usize) -> (Vec<T>, Vec<u32>) {
    let rows = 0..batch.batch_size();
    let values = rows.clone().flat_map(|row| (0..batch.input_size()).map(move |i| [row, t, i]));
    let values = values.map(|at| batch.values()[at]).collect();
    let tokens = rows.flat_map(|row| batch.tokens().iter().map(move |c| c.ids()[[row, t]]));
    (values, tokens.collect())
}

fn words<'a, T: Real>(values: impl IntoIterator<Item = &'a T>) -> Vec<[u32; 2]> {
    values.into_iter().map(|value| value.to_words()).collect()
}

/// The first steps of a batch.
fn prefix<T: Real>(batch: &SequenceBatch<T>, steps: usize) -> SequenceBatch<T> {
    let values = batch.values().slice_move(ndarray::s![.., ..steps, ..]).to_owned();
    let channels = batch.tokens().iter();
    let channels =
        channels.map(|c| TokenBatch::full(c.ids().slice(ndarray::s![.., ..steps]).to_owned()));
    SequenceBatch::full(values).with_tokens(channels.collect()).unwrap()
}

/// Every step of a stream has the bits of a run over the whole prefix.
fn steps_equal_prefixes<T: Real>(what: &str, config: &NetworkConfig) {
    let network = random::<T>(config.clone());
    for rows in [1, 3, 26] {
        let batch = batch::<T>(config, rows);
        let mut stream = Stream::new(&network, rows).unwrap();
        for t in 0..STEPS {
            let run = network.forward(&prefix(&batch, t + 1), None).unwrap();
            let outputs: ArrayView3<T> = run.outputs.view();
            let last = outputs.index_axis(ndarray::Axis(1), outputs.dim().1 - 1);
            let (values, tokens) = at(&batch, t);
            let found = stream.step_both(&values, &tokens).unwrap();
            assert_eq!(words(found), words(last), "{what}: {rows} rows, step {t}");
            let (state, whole) = (stream.state(), run.final_state);
            for (found, expected) in state.layers.iter().zip(&whole.layers) {
                assert_eq!(words(found), words(expected), "{what}: state, {rows} rows, step {t}");
            }
        }
    }
}

fn both<T: Real>(what: &str, config: NetworkConfig) {
    steps_equal_prefixes::<T>(what, &config);
}

fn tokens() -> TokenInput {
    TokenInput::new(VOCABULARY, 3)
}

/// A stack of a cell: tokens alone, numbers beside tokens, a residual layer, a head with hidden units.
fn stacks(cell: &CellKind) -> Vec<NetworkConfig> {
    let layer = || LayerConfig::new(cell.clone(), 6);
    let residual = || LayerConfig { residual: Residual::Identity, ..layer() };
    let only = Network::builder(0).tokens(tokens()).layer(layer());
    let mixed = Network::builder(2).tokens(tokens()).tokens(tokens()).layer(layer());
    let end = |builder: NetworkBuilder| builder.hidden(4, ActivationKind::Gelu);
    vec![
        only.clone().layer(layer()).every_step().dense(VOCABULARY),
        end(only.layer(layer()).layer(residual())).every_step().dense(2),
        end(mixed).last_step().dense(2),
        Network::builder(3).layer(layer()).layer(residual()).last_step().dense(2),
    ]
}

#[test]
fn every_cell_steps_as_it_runs() {
    for kind in list::every_kind() {
        for config in stacks(&kind) {
            both::<f32>(&format!("{kind:?}"), config.clone());
            both::<f64>(&format!("{kind:?}"), config);
        }
    }
    let own = CellKind::Custom { name: "leaky".to_owned() };
    stacks(&own).into_iter().for_each(|config| both::<f64>("own cell", config));
}

#[test]
fn wide_layers_step_as_they_run() {
    for cell in [LayerConfig::lstm(96), LayerConfig::gru(96), LayerConfig::simple(96)] {
        let wide = Network::builder(0).tokens(TokenInput::new(70, 24)).layer(cell.clone());
        both::<f32>("wide", wide.layer(cell).every_step().dense(65));
    }
}

#[test]
fn what_the_bottom_layer_adds_and_noise_in_inference_are_as_in_a_run() {
    let mut config = Network::builder(0).tokens(tokens()).lstm(3).residual().every_step().dense(2);
    both::<f64>("residual at the bottom", config.clone());
    config.body.layers[0].regularization =
        RecurrentRegularization { zoneout: 0.2, cell_zoneout: 0.35, ..Default::default() };
    both::<f32>("zoneout", config.clone());
    config.body.layers[0].regularization =
        RecurrentRegularization { state_dropout: 0.3, update_dropout: 0.2, ..Default::default() };
    both::<f32>("dropout", config.clone());
    config.body.initial_state = InitialState::Learned;
    both::<f32>("learned state", config);
}

#[test]
fn a_stream_forks_is_saved_and_goes_on() {
    let network = random::<f32>(stacks(&LayerConfig::gru(1).cell)[0].clone());
    let mut stream = Stream::new(&network, 2).unwrap();
    stream.step_tokens(&[1, 4]).unwrap();
    let saved = stream.state();
    let mut fork = stream.fork();
    let expected = stream.step_tokens(&[2, 0]).unwrap().to_vec();
    assert_ne!(fork.step_tokens(&[0, 2]).unwrap(), expected);
    assert_eq!(stream.outputs(), expected, "a fork changes nothing");
    let mut restored = Stream::from_state(&network, &saved).unwrap();
    assert_eq!(restored.step_tokens(&[2, 0]).unwrap(), expected);
    fork.set_state(&saved).unwrap();
    assert_eq!(fork.step_tokens(&[2, 0]).unwrap(), expected);
    fork.reset().unwrap();
    fork.follow(&stream).unwrap();
    assert_eq!(fork.outputs(), expected);
    fork.copy_row(1, 0).unwrap();
    let twins = fork.step_tokens(&[3, 3]).unwrap();
    assert_eq!(twins[..VOCABULARY], twins[VOCABULARY..]);
    assert_eq!(twins[VOCABULARY..], stream.step_tokens(&[0, 3]).unwrap()[VOCABULARY..]);
}

#[test]
fn a_step_allocates_nothing() {
    let mut configs: Vec<NetworkConfig> = list::every_kind().iter().flat_map(stacks).collect();
    configs.push(Network::builder(0).tokens(tokens()).lstm(96).every_step().dense(65));
    for config in configs {
        let network = random::<f32>(config.clone());
        for rows in [1, 30] {
            let batch = batch::<f32>(&config, rows);
            let (values, tokens) = at(&batch, 0);
            let mut stream = Stream::new(&network, rows).unwrap();
            let twin = stream.fork();
            let counted = allocation_counter::measure(|| {
                for _ in 0..3 {
                    stream.step_both(&values, &tokens).unwrap();
                    stream.follow(&twin).unwrap();
                    stream.reset().unwrap();
                }
            });
            let counted = counted.count_total;
            assert_eq!(counted, 0, "{:?}, {rows} rows", config.body.layers);
        }
    }
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1u8; 10])));
    assert_eq!(counted.count_total, 1, "nothing is counted");
}

#[test]
fn networks_without_an_answer_at_each_step_are_refused() {
    let start = || Network::builder(2).gru(4);
    for (config, expected) in [
        (
            start().lstm(3).bidirectional().every_step().dense(1),
            "layers[1].directions: expected forward in a stream, got both, which starts from the end of a sequence",
        ),
        (
            start().reverse().last_step().dense(1),
            "layers[0].directions: expected forward in a stream, got reverse, which starts from the end of a sequence",
        ),
        (
            start().mean().last_step().dense(1),
            "readout: expected every step or the last step in a stream, got mean, last, which looks at more than one step",
        ),
        (
            start().initial_state(InitialState::Given).every_step().dense(1),
            "initial_state: expected a state for each sequence, as the network has it given, got none",
        ),
    ] {
        let network = Network::<f32>::new(config).unwrap();
        let error = Stream::new(&network, 1).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn steps_of_another_shape_are_refused_and_do_nothing() {
    let config = Network::builder(1).tokens(tokens()).gru(4).every_step().dense(1);
    let network = random::<f32>(config);
    let mut stream = Stream::new(&network, 2).unwrap();
    stream.step_both(&[0.5, 0.25], &[1, 2]).unwrap();
    let before = stream.state();
    for (values, tokens, expected) in [
        (&[0.5][..], &[1, 2][..], "inputs: expected shape [2, 1], got [1]"),
        (&[0.5, 1.0], &[1], "tokens: expected shape [2, 1], got [1]"),
        (&[0.5, 1.0], &[4, 5], "tokens[0]: row 1: expected an id below 5 (vocabulary_size), got 5"),
    ] {
        let error = stream.step_both(values, tokens).map(<[f32]>::to_vec).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(stream.state(), before);
    let other = random::<f32>(Network::builder(2).gru(4).last_step().dense(1));
    let error = stream.follow(&Stream::new(&other, 2).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "other: expected a stream of the same network, got one of another network"
    );
    assert_eq!(stream.copy_row(0, 2).unwrap_err().to_string(), "to: expected below 2, got 2");
    let error = stream.set_state(&Stream::new(&network, 1).unwrap().state()).unwrap_err();
    assert_eq!(error.to_string(), "initial_state.layers[0]: expected shape [2, 4], got [1, 4]");
}
