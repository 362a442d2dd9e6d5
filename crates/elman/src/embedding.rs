//! The embedding: a table with one row of numbers for each token of a vocabulary.
//!
//! It turns a [`TokenBatch`] into the [`SequenceBatch`] that a layer or network reads, and takes the
//! gradient of those inputs back to the table. It makes no one-hot vectors: a lookup copies rows,
//! and its gradient adds rows.

use elman_kernels::Level;
use elman_kernels::pointwise::{Table, TablePart, Targets, gather_rows, scatter_add_rows};
use ndarray::ArrayView3;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use crate::sequence::{SequenceBatch, TokenBatch};

/// A table of V rows of E numbers, looked up by token id.
///
/// Parameters: `weights` `[vocabulary_size, embedding_size]`.
///
/// ```text
/// x_t = weights[id_t]                dweights[v] += Σ dx_t over all (sequence, step) with id_t = v
/// ```
///
/// The sum runs over the sequences of a batch in their order, and over the steps of each in order
/// of time, so it has the same bits on any number of threads. Padding is not read.
///
/// # Source
///
/// PyTorch's `nn.Embedding`, without `max_norm` and `scale_grad_by_freq`.
///
/// ```
/// use elman::{Embedding, SequenceBatch, TokenBatch};
/// use ndarray::{Axis, array};
///
/// # fn main() -> elman::Result<()> {
/// let embedding = Embedding::new(3, 2)?;
/// let mut parameters = embedding.parameters::<f64>();
/// parameters.set("weights", array![[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]].view())?;
/// let tokens = TokenBatch::with_lengths(array![[2, 0, 2], [1, 0, 0]], vec![3, 1])?;
///
/// let mut batch = SequenceBatch::default();
/// embedding.forward_into(&parameters, &tokens, &mut batch)?;
/// assert_eq!(batch.lengths(), [3, 1]);
/// let second = batch.values().index_axis_move(Axis(0), 1);
/// assert_eq!(second, array![[0.3, 0.4], [0.0, 0.0], [0.0, 0.0]]);
///
/// let first = [[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]];
/// let second = [[64.0, 128.0], [9.0, 9.0], [9.0, 9.0]]; // one step, and padding
/// let grad_outputs = array![first, second];
/// let mut grad = parameters.zeros_like();
/// embedding.backward(&tokens, grad_outputs.view(), &mut grad)?;
/// assert_eq!(grad.get("weights")?, array![[4.0, 8.0], [64.0, 128.0], [17.0, 34.0]].into_dyn());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedding {
    vocabulary_size: usize,
    embedding_size: usize,
    padding_id: Option<u32>,
}

impl Embedding {
    /// A table for `vocabulary_size` tokens, ids `0..vocabulary_size`, of `embedding_size` numbers
    /// each.
    ///
    /// # Errors
    ///
    /// A size of 0, or sizes whose product overflows.
    pub fn new(vocabulary_size: usize, embedding_size: usize) -> Result<Self> {
        let sizes = [("vocabulary_size", vocabulary_size), ("embedding_size", embedding_size)];
        if let Some((name, size)) = sizes.into_iter().find(|(_, size)| *size == 0) {
            return Err(Error::argument(name, "at least 1", size));
        }
        if vocabulary_size.checked_mul(embedding_size).is_none() {
            let expected = "a size that fits in memory";
            return Err(Error::argument("embedding_size", expected, embedding_size));
        }
        Ok(Embedding { vocabulary_size, embedding_size, padding_id: None })
    }

    /// With an id that stands for no token: its row gets no gradient. The row itself is looked up
    /// like any other, and is zero for as long as nobody sets it.
    ///
    /// Sequences of different length do not need one: steps past a sequence's length are never
    /// computed.
    ///
    /// # Errors
    ///
    /// An id outside of the vocabulary.
    ///
    /// ```
    /// use elman::{Embedding, TokenBatch};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let embedding = Embedding::new(2, 1)?.with_padding_id(0)?;
    /// let mut grad = embedding.parameters::<f32>();
    /// let tokens = TokenBatch::full(array![[0, 1, 1]]);
    /// embedding.backward(&tokens, array![[[5.0], [2.0], [3.0]]].view(), &mut grad)?;
    /// assert_eq!(grad.values(), [0.0, 5.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_padding_id(self, id: u32) -> Result<Self> {
        if id as usize >= self.vocabulary_size {
            let expected = format!("below {} (vocabulary_size)", self.vocabulary_size);
            return Err(Error::argument("padding_id", expected, id));
        }
        Ok(Embedding { padding_id: Some(id), ..self })
    }

    /// V, the number of rows.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary_size
    }

    /// E, the length of a row.
    #[must_use]
    pub fn embedding_size(&self) -> usize {
        self.embedding_size
    }

    /// The id whose row gets no gradient.
    #[must_use]
    pub fn padding_id(&self) -> Option<u32> {
        self.padding_id
    }

    /// Name and shape of the table: `weights` `[V, E]`.
    #[must_use]
    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        vec![ParameterShape::new("weights", &[self.vocabulary_size, self.embedding_size])]
    }

    /// The table, all zero. PyTorch draws it from the standard normal distribution.
    ///
    /// # Panics
    ///
    /// A table that does not fit in memory.
    #[must_use]
    pub fn parameters<T: Real>(&self) -> Parameters<T> {
        Parameters::zeros(self.parameter_shapes()).expect("one name, and a size that new accepted")
    }

    /// The rows of the tokens, `[B, T, E]`, with their lengths; zero in padding.
    ///
    /// # Errors
    ///
    /// Those of [`forward_into`](Self::forward_into).
    pub fn forward<T: Real>(
        &self,
        parameters: &Parameters<T>,
        tokens: &TokenBatch,
    ) -> Result<SequenceBatch<T>> {
        let mut batch = SequenceBatch::default();
        self.forward_into(parameters, tokens, &mut batch)?;
        Ok(batch)
    }

    /// As [`forward`](Self::forward), in the memory of an earlier batch.
    ///
    /// # Errors
    ///
    /// Parameters of another name or shape; an id outside of the vocabulary, with its row and step.
    /// The batch is then unchanged.
    pub fn forward_into<T: Real>(
        &self,
        parameters: &Parameters<T>,
        tokens: &TokenBatch,
        batch: &mut SequenceBatch<T>,
    ) -> Result<()> {
        self.check_parameters(parameters)?;
        self.check_tokens("tokens", tokens)?;
        let size = [tokens.seq_len(), self.embedding_size];
        let rows = batch.reshape(tokens.lengths().iter().copied(), size)?;
        let table = Table { values: parameters.values(), width: self.embedding_size };
        let row_size = size[0] * size[1];
        // Sequences without a step leave rows without a value, which cannot be cut apart.
        let rows = rows.chunks_exact_mut(row_size.max(1));
        for (row, ids) in rows.zip(tokens.sequences()) {
            let (valid, padding) = row.split_at_mut(ids.len() * self.embedding_size);
            gather_rows(Level::current(), table, ids, valid);
            padding.fill(T::ZERO);
        }
        Ok(())
    }

    /// Adds the gradient of the outputs, `[B, T, E]`, to that of the rows they were copied from.
    /// Values in padding are not read.
    ///
    /// # Errors
    ///
    /// A gradient of another shape than the tokens have; parameters of another name or shape; an id
    /// outside of the vocabulary. The gradient of the parameters is then unchanged.
    pub fn backward<T: Real>(
        &self,
        tokens: &TokenBatch,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<()> {
        self.check_parameters(grad_parameters)?;
        self.check_tokens("tokens", tokens)?;
        let expected = [tokens.batch_size(), tokens.seq_len(), self.embedding_size];
        if grad_outputs.shape() != expected {
            return Err(Error::shape("grad_outputs", &expected, grad_outputs.shape()));
        }
        let grad = grad_outputs.as_standard_layout();
        self.add_gradient(tokens, grad.as_slice().unwrap_or(&[]), grad_parameters.values_mut());
        Ok(())
    }

    /// Adds the gradient of looked-up rows `[B, T, E]` to that of the table. Rows of tokens that are
    /// not there are not touched.
    pub(crate) fn add_gradient<T: Real>(&self, tokens: &TokenBatch, grad: &[T], table: &mut [T]) {
        let width = self.embedding_size;
        let row_size = (tokens.seq_len() * width).max(1);
        let add = |first: usize, rows: &mut [T]| {
            for (grad, ids) in grad.chunks_exact(row_size).zip(tokens.sequences()) {
                let part = TablePart { first, width, rows: &mut *rows };
                let valid = &grad[..ids.len() * width];
                let targets = Targets { ids, skip: self.padding_id };
                scatter_add_rows(Level::current(), targets, valid, part);
            }
        };
        // Every worker looks at all tokens and takes those of its rows of the table: each sum is
        // one chain in the order of the tokens, whoever makes it.
        let work = tokens.lengths().iter().sum::<usize>() * width;
        let workers = crate::workers::count(self.vocabulary_size, work);
        let rows_each = self.vocabulary_size.div_ceil(workers);
        if workers == 1 {
            add(0, table);
        } else {
            let parts = table.par_chunks_mut(rows_each * width);
            parts.enumerate().for_each(|(part, rows)| add(part * rows_each, rows));
        }
    }

    fn check_parameters<T: Real>(&self, parameters: &Parameters<T>) -> Result<()> {
        let shape = [self.vocabulary_size, self.embedding_size];
        match parameters.shapes() {
            [only] if only.name == "weights" && only.shape == shape => Ok(()),
            [only] if only.name == "weights" => Err(Error::shape("weights", &shape, &only.shape)),
            others => {
                let names: Vec<_> = others.iter().map(|shape| shape.name.as_str()).collect();
                Err(Error::argument("parameters", "weights", names.join(", ")))
            }
        }
    }

    /// Refuses ids outside of the vocabulary.
    pub(crate) fn check_tokens(
        &self,
        name: impl std::fmt::Display,
        tokens: &TokenBatch,
    ) -> Result<()> {
        for (row, ids) in tokens.sequences().enumerate() {
            // The largest first: a search for the place would look at the ids one by one.
            let largest = ids.iter().fold(0, |largest: u32, id| largest.max(*id));
            if largest as usize >= self.vocabulary_size
                && let Some(step) = ids.iter().position(|id| *id as usize >= self.vocabulary_size)
            {
                let name = format!("{name}: row {row}, step {step}");
                let expected = format!("an id below {} (vocabulary_size)", self.vocabulary_size);
                return Err(Error::argument(name, expected, ids[step]));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
