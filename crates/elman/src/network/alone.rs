//! Gradients of single sequences, and of what a network reads.

use elman_kernels::pointwise::zero;
use std::ops::Range;

use ndarray::{Array2, ArrayView3, Axis};

use super::{Network, NetworkGradient, NetworkState, NetworkTrace, OutputWeights};
use crate::dropout::DropoutMode;
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;

/// The parameters whose gradient a batch can change: all but the rows of embeddings whose tokens it
/// does not hold.
///
/// With it a training step looks at 500 rows of a table and not at 100,000: it
/// [clears](Self::clear) what the step before wrote, and hands
/// [`ranges`](Self::ranges) to a rule that leaves parameters without a gradient alone. Plain SGD is
/// such a rule; momentum, Adam and weight decay move every parameter in every step, by definition.
///
/// ```
/// use elman::network::{TokenInput, Touched};
/// use elman::{Network, SequenceBatch, TokenBatch};
///
/// # fn main() -> elman::Result<()> {
/// let config = Network::builder(0).tokens(TokenInput::new(100_000, 2)).gru(4).mean().dense(3);
/// let network = Network::<f32>::new(config)?;
/// let batch = SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[&[7, 8, 7], &[90_000]])])?;
/// let mut touched = Touched::default();
/// network.touched_into(&batch, &mut touched)?;
/// let table = network.parameters().range_of("embeddings.0.weights")?.start;
/// assert_eq!(touched.ranges()[1..], [table + 14..table + 18, table + 180_000..table + 180_002]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    ranges: Vec<Range<usize>>,
    ids: Vec<u32>,
}

impl Touched {
    /// Where they stand in the flat buffer, in order and apart from each other.
    #[must_use]
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Takes in what another batch touches.
    pub fn merge(&mut self, other: &Touched) {
        let mut all = std::mem::take(&mut self.ranges);
        all.extend_from_slice(&other.ranges);
        all.sort_unstable_by_key(|range| range.start);
        for range in all {
            match self.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => self.ranges.push(range),
            }
        }
    }

    /// Sets a gradient to zero where it may have been changed.
    pub fn clear<T: Real>(&self, gradient: &mut Parameters<T>) {
        for range in &self.ranges {
            zero(&mut gradient.values_mut()[range.clone()]);
        }
    }

    fn push(&mut self, range: Range<usize>) {
        match self.ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => self.ranges.push(range),
        }
    }
}

impl<T: Real> Network<T> {
    /// The parameters whose gradient `batch` can change, in the memory of an earlier answer.
    ///
    /// # Errors
    ///
    /// A batch that the network does not read.
    pub fn touched_into(&self, batch: &SequenceBatch<T>, touched: &mut Touched) -> Result<()> {
        self.inputs.check(batch)?;
        touched.ranges.clear();
        touched.push(0..self.regions.tables.start);
        if self.config.body.head.output_weights == OutputWeights::Embedding {
            // Every answer weighs every token.
            touched.push(self.regions.tables.clone());
            return Ok(());
        }
        let channels = self.config.inputs.tokens.iter().zip(batch.tokens());
        for ((embedding, table), (channel, tokens)) in self.inputs.tables().zip(channels) {
            let mut ids = std::mem::take(&mut touched.ids);
            ids.clear();
            tokens.sequences().for_each(|sequence| ids.extend_from_slice(sequence));
            // What others become in training.
            ids.extend(channel.token_dropout.map(|dropout| dropout.unknown_id));
            ids.sort_unstable();
            ids.dedup();
            let (start, width) =
                (self.regions.tables.start + table.start, embedding.embedding_size());
            for &id in &ids {
                let row = start + id as usize * width;
                touched.push(row..row + width);
            }
            touched.ids = ids;
        }
        Ok(())
    }

    /// The gradient of each sequence alone, `[B, P]`, P being the number of parameters: row b is that of
    /// `Σ outputs[b]·grad_outputs[b]`. Without dropout.
    ///
    /// Together the rows take B times the memory of the network;
    /// [`sequence_gradient_norms`](Self::sequence_gradient_norms) takes that of one.
    ///
    /// # Errors
    ///
    /// A batch, a state or a gradient whose shape does not fit.
    pub fn sequence_gradients(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        grad_outputs: ArrayView3<'_, T>,
    ) -> Result<Array2<T>> {
        let shape = (batch.batch_size(), self.parameters.values().len());
        let mut all = Array2::from_elem(shape, T::ZERO);
        let mut rows = all.rows_mut().into_iter();
        self.each_gradient(batch, initial_state, grad_outputs, |gradient, _| {
            if let Some(mut row) = rows.next() {
                row.iter_mut().zip(gradient).for_each(|(target, value)| *target = *value);
            }
        })?;
        Ok(all)
    }

    /// The Euclidean norm of the gradient of each sequence alone, `[B]`, without keeping the gradients;
    /// see [`sequence_gradients`](Self::sequence_gradients).
    ///
    /// # Errors
    ///
    /// As [`sequence_gradients`](Self::sequence_gradients).
    pub fn sequence_gradient_norms(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        grad_outputs: ArrayView3<'_, T>,
    ) -> Result<Vec<f64>> {
        let mut norms = Vec::with_capacity(batch.batch_size());
        self.each_gradient(batch, initial_state, grad_outputs, |gradient, touched| {
            let values = touched.ranges().iter().flat_map(|range| &gradient[range.clone()]);
            let squares: f64 = values.map(|value| value.to_f64() * value.to_f64()).sum();
            norms.push(squares.sqrt());
        })?;
        Ok(norms)
    }

    /// Hands the gradient of each sequence alone to `tell`, and where it may differ from zero.
    fn each_gradient(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        grad_outputs: ArrayView3<'_, T>,
        mut tell: impl FnMut(&[T], &Touched),
    ) -> Result<()> {
        let expected =
            [batch.batch_size(), self.readout.answers(batch.seq_len()), self.config.output_size()];
        if grad_outputs.shape() != expected {
            return Err(Error::shape("grad_outputs", &expected, grad_outputs.shape()));
        }
        let mut gradient = self.parameters.zeros_like();
        let (mut alone, mut trace) = (SequenceBatch::default(), NetworkTrace::default());
        let mut touched = Touched::default();
        for row in 0..batch.batch_size() {
            batch.copy_row(row, &mut alone)?;
            let state = initial_state.map(|state| state.row(row)).transpose()?;
            self.touched_into(&alone, &mut touched)?;
            self.forward_traced(&alone, state.as_ref(), DropoutMode::Off, &mut trace)?;
            let answers = self.readout.answers(alone.seq_len());
            let grad = grad_outputs.slice_axis(Axis(0), (row..row + 1).into());
            let grad = grad.slice_axis(Axis(1), (0..answers).into());
            self.backward(&alone, &mut trace, grad, &mut gradient)?;
            tell(gradient.values(), &touched);
            touched.clear(&mut gradient);
        }
        Ok(())
    }

    /// The gradients of the inputs and of the initial state in inference, for the gradient of the
    /// outputs `[B, S, O]`: what the outputs depend on. Nothing is dropped, and no gradient of a
    /// parameter is kept.
    ///
    /// ```
    /// use elman::{Network, Rng, SequenceBatch};
    /// use ndarray::Array3;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let mut network = Network::<f64>::new(Network::builder(2).gru(3).mean().dense(1))?;
    /// network.initialize(&mut Rng::new(1))?;
    /// let batch = SequenceBatch::with_lengths(Array3::ones((2, 4, 2)), vec![4, 3])?;
    /// let gradient = network.input_gradient(&batch, None, Array3::ones((2, 1, 1)).view())?;
    /// assert!(gradient.inputs[[1, 2, 0]] != 0.0 && gradient.inputs[[1, 3, 0]] == 0.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A batch, a state or a gradient whose shape does not fit.
    pub fn input_gradient(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        grad_outputs: ArrayView3<'_, T>,
    ) -> Result<NetworkGradient<T>> {
        let mut trace = NetworkTrace::default();
        self.forward_traced(batch, initial_state, DropoutMode::Off, &mut trace)?;
        let mut unused = self.parameters.zeros_like();
        self.backward_to_inputs(batch, &mut trace, grad_outputs, &mut unused)
    }
}

impl<T: Real> NetworkState<T> {
    /// The state of one sequence.
    fn row(&self, row: usize) -> Result<Self> {
        let one = |array: &Array2<T>| {
            if row >= array.nrows() {
                let found = [array.nrows(), array.ncols()];
                let expected = [row + 1, array.ncols()];
                return Err(Error::shape("initial_state", &expected, &found));
            }
            Ok(array.slice_axis(Axis(0), (row..row + 1).into()).to_owned())
        };
        Ok(NetworkState { layers: self.layers.iter().map(one).collect::<Result<_>>()? })
    }
}
