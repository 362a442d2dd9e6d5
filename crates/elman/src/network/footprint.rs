//! How many numbers a run of a network keeps, from its description alone.

use super::config::{InputsConfig, NetworkConfig, OutputWeights, Pooling, Readout, measure};
use crate::error::Result;

/// Numbers that runs of a network keep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RunSizes {
    /// For each step of each row of a batch, padding included, in training: inputs, traces,
    /// gradients.
    pub(crate) traced: f64,
    /// The part of these that a run from borders computes again.
    pub(crate) recurrent: f64,
    /// The same in inference.
    pub(crate) inference: f64,
    /// The parameters.
    pub(crate) parameters: f64,
    /// The weights packed for the recurrent layers and the head.
    pub(crate) packed: f64,
}

impl NetworkConfig {
    /// What runs of this network keep. A few numbers for each row of a batch are left out, and so are
    /// layers of a custom cell.
    ///
    /// # Errors
    ///
    /// A network that cannot be built.
    pub(crate) fn run_sizes(&self) -> Result<RunSizes> {
        let parameters = self.parameter_count()?.map_or(f64::INFINITY, |count| count as f64);
        let tables = self
            .inputs
            .tokens
            .iter()
            .map(|channel| channel.vocabulary_size as f64 * channel.embedding_size as f64);
        let tables: f64 = tables.sum();
        let shared = match self.body.head.output_weights {
            OutputWeights::Own => 0.0,
            OutputWeights::Embedding => tables,
        };
        let packed = 2.0 * (parameters - tables + shared);
        let mut sizes = RunSizes { parameters, packed, ..RunSizes::default() };
        sizes.add_inputs(&self.inputs);
        let width = sizes.add_layers(self)?;
        sizes.add_readout(self, width);
        Ok(sizes)
    }
}

impl RunSizes {
    fn add(&mut self, values: usize) {
        self.traced += values as f64;
        self.inference += values as f64;
    }

    fn add_inputs(&mut self, inputs: &InputsConfig) {
        self.add(inputs.numeric);
        if inputs.tokens.is_empty() {
            return;
        }
        let widest = inputs.tokens.iter().map(|channel| channel.embedding_size).max().unwrap_or(0);
        self.add(inputs.tokens.len() + inputs.width() + widest);
        // The gradient of the values, and of one channel's rows.
        self.traced += (inputs.width() + widest) as f64;
        let dropped = inputs.tokens.iter().filter(|channel| channel.dropout > 0.0);
        self.traced += dropped.map(|channel| channel.embedding_size).sum::<usize>() as f64;
    }

    /// The width of the top layer's outputs.
    fn add_layers(&mut self, config: &NetworkConfig) -> Result<usize> {
        let mut width = config.inputs.width();
        let (mut widest, mut widest_second, mut widest_sides) = (0, 0, 0);
        for (index, layer) in config.body.layers.iter().enumerate() {
            let cell = measure(layer, width)?;
            let directions = layer.directions.each().len();
            let sides = directions * cell.output_size;
            let merged = layer.width(index, width, cell.output_size)?;
            let is_plain = layer.is_plain();
            self.add(sides);
            if !is_plain {
                self.add(merged);
                widest_sides = widest_sides.max(sides);
            }
            let noise = &layer.regularization;
            let kept = cell.delta_size + cell.state_size - cell.output_size;
            let computed = if noise.zones_out() { cell.state_size } else { 0 };
            let dropped = if noise.state_dropout > 0.0 { cell.output_size } else { 0 };
            let recurrent = (directions * (kept + computed + dropped)) as f64;
            self.recurrent += recurrent;
            self.traced += recurrent;
            if layer.dropout > 0.0 {
                self.traced += 2.0 * width as f64;
            }
            if index > 0 || !config.inputs.tokens.is_empty() {
                widest = widest.max(width);
                if directions > 1 {
                    widest_second = widest_second.max(width);
                }
            }
            width = merged;
        }
        // Gradients between two layers: two arrays that take turns.
        let between = config.body.layers.len().saturating_sub(1).min(2);
        self.traced += (between.max(usize::from(widest > 0)) * widest) as f64;
        self.traced += (widest_second + widest_sides) as f64;
        Ok(width)
    }

    fn add_readout(&mut self, config: &NetworkConfig, width: usize) {
        let outputs = config.output_size();
        match &config.body.readout {
            Readout::EveryStep => {
                let head = &config.body.head;
                let hidden = || head.hidden.iter().map(|layer| layer.size);
                self.add(hidden().sum::<usize>() + outputs);
                let widest = hidden().fold(width.max(outputs), usize::max);
                // Three arrays of gradients in the head, that of the outputs, and the targets.
                self.traced += (3 * widest + 3 * outputs) as f64;
                if head.dropout > 0.0 {
                    self.traced += 2.0 * width as f64;
                }
            }
            Readout::Pooled(parts) => {
                if parts.iter().any(|part| *part != Pooling::LastStep) {
                    self.traced += width as f64;
                }
                for part in parts {
                    if let Pooling::Attention { size } = part {
                        self.add(size + 1);
                        self.traced += (size + 1) as f64;
                    }
                }
            }
        }
    }
}
