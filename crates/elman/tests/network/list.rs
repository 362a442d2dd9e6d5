//! The networks that the suites run on. A new part of a description is a line here.

use elman::network::{
    InitialState, InputsBuilder, NetworkBuilder, NetworkConfig, OutputGroup, TokenInput,
};
use elman::{ActivationKind, Merge, Network, Real, Rng, SequenceBatch, TokenBatch};
use ndarray::{Array2, Array3, Axis};

pub const INPUTS: usize = 3;
pub const LENGTHS: [usize; 5] = [5, 2, 0, 6, 1];
const SEQ_LEN: usize = 6;
const VOCABULARY: usize = 7;

/// A description, and what is special about it.
pub struct Described {
    pub name: &'static str,
    pub config: NetworkConfig,
}

/// Networks of tanh cells, whose values are easily computed by hand, with every part in turn.
pub fn every_network() -> Vec<Described> {
    let mut all = Vec::new();
    let mut add = |name, config: NetworkConfig| all.push(Described { name, config });
    let plain = || Network::builder(INPUTS).simple(4);
    let both = || plain().bidirectional();
    add("plain", plain().dense(2));
    add("both", both().dense(2));
    add("widths", plain().simple(6).simple(3).dense(2));
    add("first", both().first_step().dense(2));
    add("mean", both().mean().dense(2));
    add("max", both().max().dense(2));
    add("attention", both().attention(3).dense(2));
    let several = || both().simple(4).bidirectional().first_step().last_step();
    add("all poolings", several().max().attention(3).mean().dense(2));
    add("every step", both().every_step().dense(2));
    for (name, merge) in
        [("sum", Merge::Sum), ("mean merge", Merge::Mean), ("product", Merge::Product)]
    {
        add(name, both().merge(merge).simple(3).mean().dense(2));
        add("merged top, last step", plain().simple(3).bidirectional().merge(merge).dense(2));
        add("merged top, residual", residual(both().merge(merge)).max().mean().dense(2));
    }
    add("residual", residual(plain()).dense(2));
    add("residual reverse", residual(plain().reverse()).dense(2));
    add("residual both", residual(both()).dense(2));
    add("residual every step", residual(both()).every_step().dense(2));
    add("residual at the bottom", Network::builder(INPUTS).simple(INPUTS).residual().dense(2));
    add("layer dropout", residual(both()).dropout(0.4).max().dense(2));
    add("head dropout", both().mean().head_dropout(0.4).dense(2));
    let hidden = || both().hidden(5, ActivationKind::Tanh).hidden(3, ActivationKind::Sigmoid);
    add("hidden layers", hidden().dense(2));
    add("hidden layers, every step", hidden().every_step().head_dropout(0.3).dense(2));
    add("hidden gelu", both().hidden(5, ActivationKind::Gelu).every_step().dense(2));
    let groups = vec![OutputGroup::new("mean", 2), OutputGroup::new("deviation", 1)];
    add("groups", plain().mean().dense(groups));
    add("learned state", both().simple(3).initial_state(InitialState::Learned).dense(2));
    let learned = plain().reverse().initial_state(InitialState::Learned);
    add("learned state, every step", learned.every_step().dense(2));
    add("tokens alone", words(Network::builder(0), 0.0).simple(4).mean().dense(2));
    add("tokens and numbers", words(words(Network::builder(INPUTS), 0.0), 0.0).simple(4).dense(2));
    add("embedding dropout", words(Network::builder(INPUTS), 0.4).gru(4).mean().dense(2));
    all
}

/// Networks whose outputs are weighed by their embedding.
pub fn tied() -> Vec<Described> {
    let tokens = || Network::builder(0).tokens(TokenInput::new(VOCABULARY, 4)).gru(4);
    let every_step = || tokens().every_step().hidden(4, ActivationKind::Tanh).head_dropout(0.3);
    vec![
        Described { name: "tied", config: tokens().tied().dense(VOCABULARY) },
        Described { name: "tied, every step", config: every_step().tied().dense(VOCABULARY) },
    ]
}

/// The same with the other cells.
pub fn every_cell() -> Vec<Described> {
    let builder = || Network::builder(INPUTS);
    let config = |build: &dyn Fn(InputsBuilder) -> NetworkBuilder| {
        let learned = residual_of(build(builder())).initial_state(InitialState::Learned);
        learned.last_step().attention(3).hidden(4, ActivationKind::Tanh).dense(2)
    };
    vec![
        Described { name: "lstm", config: config(&|inputs| inputs.lstm(4).bidirectional()) },
        Described { name: "gru", config: config(&|inputs| inputs.gru(4).bidirectional()) },
    ]
}

fn residual(below: NetworkBuilder) -> NetworkBuilder {
    residual_of(below)
}

/// Another layer like the top one, with a residual connection.
fn residual_of(below: NetworkBuilder) -> NetworkBuilder {
    let layer = below.clone().options().layers[0].clone();
    below.layer(layer).residual()
}

/// Another token channel.
fn words(inputs: InputsBuilder, dropout: f64) -> InputsBuilder {
    inputs.tokens(TokenInput { dropout, ..TokenInput::new(VOCABULARY, 3) })
}

/// A network of these parameters: normal numbers, so that nothing is zero by chance.
pub fn network<T: Real>(config: &NetworkConfig) -> Network<T> {
    let mut network = Network::<T>::new(config.clone()).unwrap();
    let mut rng = Rng::new(11);
    network.update(|parameters| {
        parameters.values_mut().iter_mut().for_each(|v| *v = T::from_f64(0.5 * rng.normal()));
    });
    network
}

/// A ragged batch with the channels of a network; `padding` stands where nobody may look.
pub fn batch<T: Real>(config: &NetworkConfig, padding: f64) -> SequenceBatch<T> {
    batch_of(config, &LENGTHS, SEQ_LEN, padding)
}

pub fn batch_of<T: Real>(
    config: &NetworkConfig,
    lengths: &[usize],
    seq_len: usize,
    padding: f64,
) -> SequenceBatch<T> {
    let mut rng = Rng::new(5);
    let shape = (lengths.len(), seq_len, config.inputs.numeric);
    let mut values = Array3::from_shape_simple_fn(shape, || T::from_f64(rng.normal()));
    for (mut row, &length) in values.outer_iter_mut().zip(lengths) {
        row.slice_axis_mut(Axis(0), (length..).into()).fill(T::from_f64(padding));
    }
    let channels = config.inputs.tokens.iter().map(|channel| {
        let ids = Array2::from_shape_fn((lengths.len(), seq_len), |(row, t)| {
            let id = rng.below(channel.vocabulary_size);
            let id = if t < lengths[row] { id } else { 1000 };
            u32::try_from(id).unwrap()
        });
        TokenBatch::with_lengths(ids, lengths.to_vec()).unwrap()
    });
    let channels: Vec<TokenBatch> = channels.collect();
    SequenceBatch::with_lengths(values, lengths.to_vec()).unwrap().with_tokens(channels).unwrap()
}

/// Normal numbers of the shape of a network's outputs.
pub fn grad_outputs<T: Real>(dim: (usize, usize, usize)) -> Array3<T> {
    let mut rng = Rng::new(23);
    Array3::from_shape_simple_fn(dim, || T::from_f64(rng.normal()))
}
