//! From a batch to what the first layer reads: numeric channels and embedded tokens side by side.

use std::ops::Range;

use elman_kernels::Level;
use elman_kernels::pointwise::{Table, gather_rows, resize, zero};

use crate::dropout::{DropoutMode, Droppable, Mask, MaskSpan, Place};
use crate::embedding::Embedding;
use crate::error::{Error, Result};
use crate::layer::time_loop::Span;
use crate::network::config::{InputsConfig, TokenDropout};
use crate::network::step::StepInput;
use crate::parameters::ParameterShape;
use crate::real::Real;
use crate::rng::{self, MaskPlace, MaskSite, Purpose};
use crate::sequence::{SequenceBatch, TokenBatch};

/// What stands below the layers of a network.
pub(super) struct Inputs {
    numeric: usize,
    channels: Vec<Channel>,
    width: usize,
}

/// A token channel.
struct Channel {
    embedding: Embedding,
    dropout: f64,
    token_dropout: Option<TokenDropout>,
    /// Where its numbers stand in a step.
    offset: usize,
    /// Where its table stands among the tables.
    table: Range<usize>,
}

/// What a run leaves behind.
#[derive(Clone, Debug, Default)]
pub(super) struct InputsTrace<T> {
    /// What the first layer read, `[B, T, width]`; empty where that is the batch itself.
    values: Vec<T>,
    embedded: Vec<T>,    // [B, T, E] of one channel
    masks: Vec<Mask<T>>, // one for each channel
    /// The tokens that were looked up, where some of a channel became unknown.
    replaced: Vec<Option<TokenBatch>>,
    /// The gradient of what the first layer read.
    pub grad: Vec<T>,
    grad_rows: Vec<T>,
}

impl Inputs {
    pub fn new(config: &InputsConfig) -> Result<Self> {
        let (mut offset, mut start) = (config.numeric, 0);
        let mut channels = Vec::with_capacity(config.tokens.len());
        for channel in &config.tokens {
            let mut embedding = Embedding::new(channel.vocabulary_size, channel.embedding_size)?;
            if let Some(id) = channel.padding_id {
                embedding = embedding.with_padding_id(id)?;
            }
            let table = start..start + channel.vocabulary_size * channel.embedding_size;
            start = table.end;
            let (dropout, token_dropout) = (channel.dropout, channel.token_dropout);
            channels.push(Channel { embedding, dropout, token_dropout, offset, table });
            offset += channel.embedding_size;
        }
        Ok(Inputs { numeric: config.numeric, channels, width: offset })
    }

    /// The values of a step.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether the first layer reads the batch itself.
    pub fn is_plain(&self) -> bool {
        self.channels.is_empty()
    }

    pub fn parameter_shapes(&self) -> impl Iterator<Item = ParameterShape> {
        self.channels.iter().enumerate().map(|(index, channel)| {
            let sizes = [channel.embedding.vocabulary_size(), channel.embedding.embedding_size()];
            ParameterShape::new(format!("embeddings.{index}.weights"), &sizes)
        })
    }

    /// The embeddings, each with the place of its table among all tables.
    pub fn tables(&self) -> impl Iterator<Item = (&Embedding, Range<usize>)> {
        self.channels.iter().map(|channel| (&channel.embedding, channel.table.clone()))
    }

    /// Refuses a batch of other channels, and ids outside of a vocabulary.
    pub fn check<T: Real>(&self, batch: &SequenceBatch<T>) -> Result<()> {
        let expected = [batch.batch_size(), batch.seq_len(), self.numeric];
        if batch.values().shape() != expected {
            return Err(Error::shape("inputs", &expected, batch.values().shape()));
        }
        let (wanted, found) = (self.channels.len(), batch.tokens().len());
        if wanted != found {
            let expected = format!("token channels: {wanted}");
            return Err(Error::argument("batch", expected, found));
        }
        for (index, (channel, tokens)) in self.channels.iter().zip(batch.tokens()).enumerate() {
            channel.embedding.check_tokens(format!("tokens[{index}]"), tokens)?;
        }
        Ok(())
    }

    /// What the first layer reads, `[B, T, width]`: the batch itself where nothing is embedded.
    pub fn forward<'a, T: Real>(
        &self,
        batch: &'a SequenceBatch<T>,
        tables: &[T],
        mode: DropoutMode<'_>,
        trace: &'a mut InputsTrace<T>,
    ) -> &'a [T] {
        if self.is_plain() {
            trace.values.clear();
            return batch.as_slice();
        }
        let InputsTrace { values, embedded, masks, replaced, .. } = trace;
        let steps = batch.batch_size() * batch.seq_len();
        resize(values, steps * self.width);
        masks.resize_with(self.channels.len(), Mask::default);
        replaced.resize_with(self.channels.len(), || None);
        let numeric = Strip { width: self.numeric, offset: 0, stride: self.width };
        numeric.write(span(batch), batch.as_slice(), values);
        for (index, channel) in self.channels.iter().enumerate() {
            let strip = self.strip(channel);
            resize(embedded, steps * strip.width);
            let tokens = &batch.tokens()[index];
            replaced[index] = channel.replace_some(index, tokens, mode);
            let tokens = replaced[index].as_ref().unwrap_or(tokens);
            channel.look_up(&tables[channel.table.clone()], tokens, embedded);
            let mask = &mut masks[index];
            let droppable = Droppable {
                values: embedded,
                batch_size: batch.batch_size(),
                steps: batch.seq_len(),
                place: Place::Embedding(index),
                probability: channel.dropout,
                span: MaskSpan::Step,
            };
            let kept = mask.apply(mode, droppable);
            strip.write(span(batch), kept, values);
        }
        values
    }

    /// What the first layer reads in one step, `[rows, width]`, for numeric channels `[rows, I]` and
    /// tokens `[rows, channels]` that were [checked](Self::check_step).
    pub fn step<T: Real>(&self, tables: &[T], input: StepInput<'_, T>, values: &mut [T]) {
        for (row, values) in values.chunks_exact_mut(self.width).enumerate() {
            values[..self.numeric]
                .copy_from_slice(&input.numeric[row * self.numeric..][..self.numeric]);
            for (index, channel) in self.channels.iter().enumerate() {
                let size = channel.embedding.embedding_size();
                let id = input.tokens[row * self.channels.len() + index] as usize;
                let source = &tables[channel.table.start + id * size..][..size];
                values[channel.offset..][..size].copy_from_slice(source);
            }
        }
    }

    /// Refuses a step of other channels, and ids outside of a vocabulary.
    pub fn check_step<T>(&self, rows: usize, numeric: &[T], tokens: &[u32]) -> Result<()> {
        let channels = self.channels.len();
        if numeric.len() != rows * self.numeric {
            return Err(Error::shape("inputs", &[rows, self.numeric], &[numeric.len()]));
        }
        if tokens.len() != rows * channels {
            return Err(Error::shape("tokens", &[rows, channels], &[tokens.len()]));
        }
        for (index, (&id, channel)) in tokens.iter().zip(self.channels.iter().cycle()).enumerate() {
            let size = channel.embedding.vocabulary_size();
            if id as usize >= size {
                let name = format!("tokens[{}]: row {}", index % channels, index / channels);
                return Err(Error::argument(
                    name,
                    format!("an id below {size} (vocabulary_size)"),
                    id,
                ));
            }
        }
        Ok(())
    }

    /// The table of the only channel, if there is no other, numeric or not.
    pub fn only_table(&self) -> Option<Range<usize>> {
        match self.channels.as_slice() {
            [only] if self.numeric == 0 => Some(only.table.clone()),
            _ => None,
        }
    }

    /// What [`forward`](Self::forward) gave for the batch.
    pub fn read<'a, T: Real>(
        &self,
        batch: &'a SequenceBatch<T>,
        trace: &'a InputsTrace<T>,
    ) -> &'a [T] {
        if self.is_plain() { batch.as_slice() } else { &trace.values }
    }

    /// Whether a run over `steps` steps left this.
    pub fn made<T>(&self, steps: usize, trace: &InputsTrace<T>) -> bool {
        trace.values.len() == if self.is_plain() { 0 } else { steps * self.width }
    }

    /// Takes the gradient of what the first layer read to the rows of the tables, and hands that of the
    /// embedded values of each channel, `[B, T, E]` with zeros in padding, to `tell`. Only the rows of
    /// tokens that are there are touched.
    pub fn backward<T: Real>(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut InputsTrace<T>,
        grad_tables: &mut [T],
        mut tell: impl FnMut(usize, &[T]),
    ) {
        let InputsTrace { grad, grad_rows, masks, replaced, .. } = trace;
        let steps = batch.batch_size() * batch.seq_len();
        for (index, channel) in self.channels.iter().enumerate() {
            let strip = self.strip(channel);
            resize(grad_rows, steps * strip.width);
            zero(grad_rows);
            strip.read(span(batch), grad, grad_rows);
            masks[index].backward(grad_rows);
            let table = &mut grad_tables[channel.table.clone()];
            let tokens = replaced[index].as_ref().unwrap_or(&batch.tokens()[index]);
            channel.embedding.add_gradient(tokens, grad_rows, table);
            tell(index, grad_rows);
        }
    }

    /// The part of the gradient of what the first layer read that belongs to the numeric channels.
    pub fn numeric_gradient<T: Real>(
        &self,
        batch: &SequenceBatch<T>,
        trace: &InputsTrace<T>,
        target: &mut [T],
    ) {
        target.fill(T::ZERO);
        let strip = Strip { width: self.numeric, offset: 0, stride: self.width };
        strip.read(span(batch), &trace.grad, target);
    }

    fn strip(&self, channel: &Channel) -> Strip {
        let width = channel.embedding.embedding_size();
        Strip { width, offset: channel.offset, stride: self.width }
    }
}

impl Channel {
    /// The tokens of a training step, of which some have become unknown; `None` where none can.
    fn replace_some(
        &self,
        index: usize,
        tokens: &TokenBatch,
        mode: DropoutMode<'_>,
    ) -> Option<TokenBatch> {
        let DropoutMode::On(draws) = mode else { return None };
        let TokenDropout { probability, unknown_id } = self.token_dropout?;
        if probability <= 0.0 {
            return None;
        }
        let masks = draws.source.masks(MaskSite { purpose: Purpose::Tokens, layer: index });
        let mask = rng::Mask::<f32>::dropout(masks, probability).expect("a checked probability");
        let mut ids = tokens.ids().to_owned();
        for (row, mut ids) in ids.rows_mut().into_iter().enumerate() {
            for (step, id) in ids.iter_mut().enumerate().take(tokens.lengths()[row]) {
                let place = MaskPlace::of_step(draws.sequence(row), draws.first_step + step);
                let mut factor = [0.0];
                mask.fill(place, &mut factor);
                if factor[0] <= 0.0 {
                    *id = unknown_id;
                }
            }
        }
        let lengths = tokens.lengths().to_vec();
        let replaced = TokenBatch::with_lengths(ids, lengths).expect("the lengths of the batch");
        Some(replaced)
    }

    /// The rows of all valid steps of `tokens`.
    fn look_up<T: Real>(&self, table: &[T], tokens: &TokenBatch, rows: &mut [T]) {
        let width = self.embedding.embedding_size();
        let row_size = tokens.seq_len() * width;
        for (row, ids) in tokens.sequences().enumerate() {
            let target = &mut rows[row * row_size..][..ids.len() * width];
            gather_rows(Level::current(), Table { values: table, width }, ids, target);
        }
    }
}

/// Some columns of the steps of a wider array.
#[derive(Clone, Copy)]
struct Strip {
    width: usize,
    offset: usize,
    stride: usize,
}

impl Strip {
    /// From an array of these columns alone to the wider one, in valid steps.
    fn write<T: Copy>(self, span: Span<'_>, narrow: &[T], wide: &mut [T]) {
        self.each(span, |from, to| {
            wide[to..][..self.width].copy_from_slice(&narrow[from..][..self.width]);
        });
    }

    /// The other way round.
    fn read<T: Copy>(self, span: Span<'_>, wide: &[T], narrow: &mut [T]) {
        self.each(span, |to, from| {
            narrow[to..][..self.width].copy_from_slice(&wide[from..][..self.width]);
        });
    }

    /// Calls `copy` with the place of each valid step in the narrow and in the wide array.
    fn each(self, span: Span<'_>, mut copy: impl FnMut(usize, usize)) {
        for (row, &length) in span.lengths.iter().enumerate() {
            for step in row * span.seq_len..row * span.seq_len + length {
                copy(step * self.width, step * self.stride + self.offset);
            }
        }
    }
}

pub(super) fn span<T: Real>(batch: &SequenceBatch<T>) -> Span<'_> {
    Span { lengths: batch.lengths(), seq_len: batch.seq_len() }
}
