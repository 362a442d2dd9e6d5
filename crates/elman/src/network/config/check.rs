//! What a description must keep to be a network.

use super::{
    DenseConfig, NetworkConfig, NetworkOptions, OutputWeights, Outputs, Pooling, Readout,
    TokenDropout, TokenInput,
};
use crate::cell::{Cell, CellKind, CellSizes, CellVisitor};
use crate::dropout;
use crate::embedding::Embedding;
use crate::error::{Error, Field, Result};
use crate::parameters::ParameterShape;
use crate::stack::{Directions, LayerConfig, Merge, Residual};

/// More than anything that is trained on a processor; sizes beyond are slips, or attacks.
const MAX_WEIGHTS: usize = 1 << 30;

/// The largest size of any one thing, so that no arithmetic on a few of them overflows.
const MAX_SIZE: usize = 1 << 28;

/// The most layers that a network may have: recurrent ones, or hidden ones of its head.
pub const MAX_LAYERS: usize = 1000;

pub(super) fn options(options: &NetworkOptions) -> Result<()> {
    let layers = &options.layers;
    if !(1..=MAX_LAYERS).contains(&layers.len()) {
        return Err(Error::argument(Field::Layers, format!("1 to {MAX_LAYERS}"), layers.len()));
    }
    for (index, layer) in layers.iter().enumerate() {
        layer.check(index)?;
        size(Field::HiddenSize, || format!("layers[{index}].hidden_size"), layer.hidden_size)?;
    }
    readout(options)?;
    dropout::check(Field::Dropout.called("head.dropout"), options.head.dropout)?;
    let hidden = &options.head.hidden;
    if hidden.len() > MAX_LAYERS {
        let expected = format!("at most {MAX_LAYERS}");
        return Err(Error::argument(
            Field::HeadHidden.called("head.hidden"),
            expected,
            hidden.len(),
        ));
    }
    hidden.iter().enumerate().try_for_each(|(index, layer)| dense(index, layer))?;
    initialization(options)
}

fn size(field: Field, name: impl Fn() -> String, size: usize) -> Result<()> {
    if (1..=MAX_SIZE).contains(&size) {
        return Ok(());
    }
    let expected = if size == 0 { "at least 1".to_owned() } else { format!("at most {MAX_SIZE}") };
    Err(Error::argument(field.called(name()), expected, size))
}

fn dense(index: usize, layer: &DenseConfig) -> Result<()> {
    size(Field::HeadHidden, || format!("head.hidden[{index}].size"), layer.size)?;
    layer.activation.check()?;
    let name = Field::HeadDropout.called(format!("head.hidden[{index}].dropout"));
    dropout::check(name, layer.dropout)
}

fn readout(options: &NetworkOptions) -> Result<()> {
    let Readout::Pooled(parts) = &options.readout else { return Ok(()) };
    if parts.is_empty() {
        return Err(Error::argument(Field::Pooling.called("readout"), "at least one part", "none"));
    }
    for (index, part) in parts.iter().enumerate() {
        if parts[..index].iter().any(|earlier| earlier.name() == part.name()) {
            let expected = "each part once";
            return Err(Error::argument(Field::Pooling.called("readout"), expected, part.name()));
        }
        if let Pooling::Attention { size: width } = part {
            size(Field::AttentionSize, || "readout.attention.size".to_owned(), *width)?;
        }
    }
    match options.layers.last() {
        Some(top) if parts.contains(&Pooling::LastStep) => last_step(top),
        _ => Ok(()),
    }
}

/// The final outputs of two directions stand at two steps; if they are merged into one, there is no
/// single step whose input a residual connection could add.
fn last_step(top: &LayerConfig) -> Result<()> {
    let both = top.directions == Directions::Both && top.merge != Merge::Concatenate;
    if !(both && top.residual == Residual::Identity) {
        return Ok(());
    }
    let expected = format!(
        "a pooling other than last above a residual layer that merges both directions by {}",
        top.merge.name()
    );
    Err(Error::argument(Field::Pooling.called("readout"), expected, "last"))
}

fn initialization(options: &NetworkOptions) -> Result<()> {
    let init = &options.initialization;
    let matrix = [
        (Field::InputInit, "initialization.input_weights", init.input_weights),
        (Field::RecurrentInit, "initialization.recurrent_weights", init.recurrent_weights),
    ];
    for (field, name, initializer) in matrix {
        initializer.check().map_err(|error| renamed(error, field, name))?;
    }
    let (field, name) = (Field::BiasInit, "initialization.bias");
    init.bias.check().map_err(|error| renamed(error, field, name))?;
    if init.bias.needs_matrix() {
        let expected = "one that needs no matrix, uniform or zeros say";
        return Err(Error::argument(field.called(name), expected, init.bias.name()));
    }
    let Some(bias) = init.forget_bias else { return Ok(()) };
    let name = Field::ForgetBias.called("initialization.forget_bias");
    if !options.has_forget_gates() {
        return Err(Error::argument(name, "none, as no layer is an lstm with a forget gate", bias));
    }
    if !bias.is_finite() {
        return Err(Error::argument(name, "a finite number", bias));
    }
    Ok(())
}

fn renamed(error: Error, field: Field, place: &str) -> Error {
    match error {
        Error::Argument { name, expected, found, .. } => {
            Error::argument(field.called(format!("{place}: {name}")), expected, found)
        }
        other => other,
    }
}

fn tokens(index: usize, channel: &TokenInput) -> Result<()> {
    let name = |field: &str| format!("inputs.tokens[{index}].{field}");
    let sizes =
        [("vocabulary_size", channel.vocabulary_size), ("embedding_size", channel.embedding_size)];
    for (field, size) in sizes {
        if !(1..=MAX_SIZE).contains(&size) {
            let expected = format!("1 to {MAX_SIZE}");
            return Err(Error::argument(name(field), expected, size));
        }
    }
    if let Some(id) = channel.padding_id {
        let table = Embedding::new(channel.vocabulary_size, channel.embedding_size)?;
        table.with_padding_id(id)?;
    }
    if let Some(TokenDropout { probability, unknown_id }) = channel.token_dropout {
        dropout::check(name("token_dropout.probability"), probability)?;
        if unknown_id as usize >= channel.vocabulary_size {
            let expected = format!("an id below {} (vocabulary_size)", channel.vocabulary_size);
            return Err(Error::argument(name("token_dropout.unknown_id"), expected, unknown_id));
        }
    }
    dropout::check(name("dropout"), channel.dropout)
}

fn outputs(outputs: &Outputs) -> Result<()> {
    if outputs.0.is_empty() {
        return Err(Error::argument("outputs", "at least one group", "none"));
    }
    for (index, group) in outputs.0.iter().enumerate() {
        if outputs.0[..index].iter().any(|earlier| earlier.name == group.name) {
            return Err(Error::argument("outputs", "groups of distinct names", &group.name));
        }
        if !(1..=MAX_SIZE).contains(&group.size) {
            let name = format!("outputs: size of {:?}", group.name);
            return Err(Error::argument(name, format!("1 to {MAX_SIZE}"), group.size));
        }
    }
    Ok(())
}

pub(super) fn network(config: &NetworkConfig) -> Result<()> {
    let count = count(config)?;
    if count.is_some_and(|count| count <= MAX_WEIGHTS) {
        return Ok(());
    }
    let found = count.map_or("more than can be counted".to_owned(), |count| count.to_string());
    Err(Error::argument("network", format!("at most {MAX_WEIGHTS} weights"), found))
}

/// The number of parameters of a network whose parts are sound, but for those of custom cells.
pub(super) fn count(config: &NetworkConfig) -> Result<Option<usize>> {
    options(&config.body)?;
    let inputs = &config.inputs;
    if inputs.numeric > MAX_SIZE || inputs.tokens.len() > MAX_LAYERS {
        let found = format!("{} numeric, {} of tokens", inputs.numeric, inputs.tokens.len());
        let expected = format!("at most {MAX_SIZE} numeric channels, {MAX_LAYERS} of tokens");
        return Err(Error::argument("inputs", expected, found));
    }
    for (index, channel) in inputs.tokens.iter().enumerate() {
        tokens(index, channel)?;
    }
    if inputs.width() == 0 {
        return Err(Error::argument("inputs", "at least one channel", "none"));
    }
    outputs(&config.outputs)?;
    let mut total = Total::default();
    for channel in &inputs.tokens {
        total.add(&[channel.vocabulary_size, channel.embedding_size]);
    }
    let mut width = inputs.width();
    for (index, layer) in config.body.layers.iter().enumerate() {
        let measured = measure(layer, width)?;
        for _ in layer.directions.each() {
            measured.shapes.iter().for_each(|shape| total.add(&shape.shape));
            if config.body.initial_state == super::InitialState::Learned {
                total.add(&[measured.state_size]);
            }
        }
        width = layer.width(index, width, measured.output_size)?;
    }
    let mut features = width;
    if let Readout::Pooled(parts) = &config.body.readout {
        features = width.saturating_mul(parts.len());
        for part in parts {
            if let Pooling::Attention { size } = part {
                total.add(&[width.saturating_add(1), *size]);
            }
        }
    }
    let hidden = config.body.head.hidden.iter().map(|layer| layer.size);
    for size in hidden {
        total.add(&[features.saturating_add(1), size]);
        features = size;
    }
    match config.body.head.output_weights {
        OutputWeights::Own => total.add(&[features.saturating_add(1), config.outputs.size()]),
        OutputWeights::Embedding => {
            tied(config, features)?;
            total.add(&[config.outputs.size()]);
        }
    }
    Ok(total.0)
}

/// Refuses to take the embedding for the weights of the outputs where it has another shape.
fn tied(config: &NetworkConfig, features: usize) -> Result<()> {
    let refuse = |expected: String, found: String| {
        Err(Error::argument(Field::Tied.called("head.output_weights"), expected, found))
    };
    let [channel] = config.inputs.tokens.as_slice() else {
        let found = config.inputs.tokens.len().to_string();
        return refuse("one token channel to share its embedding with".to_owned(), found);
    };
    if channel.embedding_size != features {
        let expected = format!("an embedding as wide as what the outputs read, {features}");
        return refuse(expected, channel.embedding_size.to_string());
    }
    if channel.vocabulary_size != config.outputs.size() {
        let expected = format!("an output for each of {} tokens", channel.vocabulary_size);
        return refuse(expected, config.outputs.size().to_string());
    }
    Ok(())
}

/// A sum that knows when it overflowed.
struct Total(Option<usize>);

impl Default for Total {
    fn default() -> Self {
        Total(Some(0))
    }
}

impl Total {
    fn add(&mut self, shape: &[usize]) {
        let len = shape.iter().try_fold(1usize, |len, axis| len.checked_mul(*axis));
        self.0 = self.0.and_then(|sum| sum.checked_add(len?));
    }
}

/// The sizes of one direction of a layer.
pub(in crate::network) struct Measured {
    shapes: Vec<ParameterShape>,
    pub(in crate::network) output_size: usize,
    pub(in crate::network) state_size: usize,
    pub(in crate::network) delta_size: usize,
}

/// The sizes of a layer's cell, for an input of `input_size` values. Nothing of these sizes is
/// allocated.
pub(in crate::network) fn measure(layer: &LayerConfig, input_size: usize) -> Result<Measured> {
    let sizes = CellSizes { input_size, hidden_size: layer.hidden_size };
    match &layer.cell {
        CellKind::Custom { .. } => {
            let output_size = layer.hidden_size;
            Ok(Measured { shapes: Vec::new(), output_size, state_size: output_size, delta_size: 0 })
        }
        kind => kind.visit(Measure(sizes))?,
    }
}

struct Measure(CellSizes);

impl CellVisitor<f32> for Measure {
    type Output = Result<Measured>;

    fn visit<C: Cell<f32> + Clone + 'static>(
        self,
        make: impl Fn(CellSizes) -> Result<C>,
    ) -> Self::Output {
        let cell = make(self.0)?;
        Ok(Measured {
            shapes: cell.parameter_shapes(),
            output_size: cell.output_size(),
            state_size: cell.state_size(),
            delta_size: cell.delta_size(),
        })
    }
}
