//! A mask as a ragged batch: the valid steps go in, outputs and gradients come back out.

use elman::{Direction, Real, SequenceBatch};
use ndarray::{Array2, Array3, ArrayView3, Axis, s};

use crate::conformance::case::Stop;

/// What a masked step puts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskedOutput {
    /// The output before it in reading order; 0 before the first valid step.
    Repeated,
    /// 0.
    Zero,
}

/// Where the steps of each row go.
pub struct Spread {
    /// The valid steps of each row, in time.
    valid: Vec<Vec<usize>>,
    /// For each row and step, the place among the valid steps whose output the step puts out.
    sources: Vec<Vec<Option<usize>>>,
}

impl Spread {
    /// The spread of rows that are read in `direction`.
    pub fn new(mask: &Array2<bool>, direction: Direction, masked: MaskedOutput) -> Self {
        let (batch_size, seq_len) = mask.dim();
        let mut spread = Spread { valid: Vec::new(), sources: Vec::new() };
        for row in 0..batch_size {
            let valid: Vec<usize> = (0..seq_len).filter(|&t| mask[[row, t]]).collect();
            let reading: Vec<usize> = match direction {
                Direction::Forward => (0..seq_len).collect(),
                Direction::Reverse => (0..seq_len).rev().collect(),
            };
            let mut sources = vec![None; seq_len];
            let mut before = None;
            for t in reading {
                sources[t] = match (valid.binary_search(&t), masked) {
                    (Ok(place), _) => Some(place),
                    (Err(_), MaskedOutput::Repeated) => before,
                    (Err(_), MaskedOutput::Zero) => None,
                };
                before = sources[t];
            }
            spread.valid.push(valid);
            spread.sources.push(sources);
        }
        spread
    }

    /// The valid steps of `inputs` `[N, T, D]` as a ragged batch.
    pub fn gather<T: Real>(&self, inputs: &Array3<T>) -> Result<SequenceBatch<T>, Stop> {
        let mut compact = Array3::from_elem(inputs.dim(), T::ZERO);
        for (row, place, t) in self.valid_steps() {
            compact.slice_mut(s![row, place, ..]).assign(&inputs.slice(s![row, t, ..]));
        }
        let lengths = self.valid.iter().map(Vec::len).collect();
        Ok(SequenceBatch::with_lengths(compact, lengths)?)
    }

    /// The gradient of the inputs from that of the ragged batch: the adjoint of `gather`.
    pub fn scatter<T: Real>(&self, compact: &Array3<T>) -> Array3<T> {
        let mut inputs = Array3::from_elem(compact.dim(), T::ZERO);
        for (row, place, t) in self.valid_steps() {
            inputs.slice_mut(s![row, t, ..]).assign(&compact.slice(s![row, place, ..]));
        }
        inputs
    }

    /// The output of every step, in time, from the outputs of the valid ones.
    pub fn outputs<T: Real>(&self, compact: ArrayView3<'_, T>) -> Array3<T> {
        let mut outputs = Array3::from_elem(compact.dim(), T::ZERO);
        for (row, t, place) in self.shown_steps() {
            outputs.slice_mut(s![row, t, ..]).assign(&compact.slice(s![row, place, ..]));
        }
        outputs
    }

    /// The gradient at the valid steps from that at every step: the adjoint of `outputs`.
    pub fn grad_outputs<T: Real>(&self, gradient: &Array3<T>) -> Array3<T> {
        let mut compact = Array3::from_elem(gradient.dim(), T::ZERO);
        for (row, t, place) in self.shown_steps() {
            let arriving = gradient.slice(s![row, t, ..]);
            compact.slice_mut(s![row, place, ..]).zip_mut_with(&arriving, |sum, &x| *sum += x);
        }
        compact
    }

    /// `(row, place among the valid steps, step)`
    fn valid_steps(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let rows = self.valid.iter().enumerate();
        rows.flat_map(|(row, steps)| steps.iter().enumerate().map(move |(k, &t)| (row, k, t)))
    }

    /// `(row, step, place among the valid steps)` of the steps that put something out.
    fn shown_steps(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let rows = self.sources.iter().enumerate();
        rows.flat_map(|(row, sources)| {
            let steps = sources.iter().enumerate();
            steps.filter_map(move |(t, &place)| Some((row, t, place?)))
        })
    }
}

/// Which outputs a layer returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All, in time.
    InTime,
    /// All, the last step first.
    Reversed,
    /// That of the step which is read last.
    Last(Direction),
}

impl Shown {
    /// What is shown of the outputs of all steps `[N, T, H]`.
    pub fn select<T: Real>(self, outputs: &Array3<T>) -> Array3<T> {
        match self {
            Shown::InTime => outputs.clone(),
            Shown::Reversed => outputs.slice(s![.., ..;-1, ..]).to_owned(),
            Shown::Last(direction) => {
                let last = last_read(direction, outputs.len_of(Axis(1)));
                outputs.slice(s![.., last..=last, ..]).to_owned()
            }
        }
    }

    /// The gradient at all `seq_len` steps from that at the shown ones: the adjoint of `select`.
    pub fn spread<T: Real>(self, gradient: &Array3<T>, seq_len: usize) -> Array3<T> {
        match self {
            Shown::InTime => gradient.clone(),
            Shown::Reversed => gradient.slice(s![.., ..;-1, ..]).to_owned(),
            Shown::Last(direction) => {
                let (batch_size, _, hidden_size) = gradient.dim();
                let mut all = Array3::from_elem((batch_size, seq_len, hidden_size), T::ZERO);
                let last = last_read(direction, seq_len);
                all.slice_mut(s![.., last..=last, ..]).assign(gradient);
                all
            }
        }
    }
}

fn last_read(direction: Direction, seq_len: usize) -> usize {
    match direction {
        Direction::Forward => seq_len.saturating_sub(1),
        Direction::Reverse => 0,
    }
}
