//! Zoneout: values of the state that stay as they were.
//!
//! ```text
//! s̃_t = cell(x_t, s_{t-1})        s_t = m⊙s_{t-1} + (1-m)⊙s̃_t
//! ds̃_t = (1-m)⊙ds_t               ds_{t-1} = m⊙ds_t + what comes back through the cell
//! ```
//!
//! In training m is 1 with the given probability and else 0; in inference it is the probability.
//! The mask stands outside the cell, so every cell has it, a user's own included. What the cell
//! computed, s̃, is kept for backward beside the states.
//!
//! # Source
//!
//! D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations",
//! arXiv:1606.01305.

use super::Sizes;
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::real::Real;
use crate::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose};

/// The chance that a value of the state stays as it was, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zoneout<'a> {
    /// For each value of the hidden state.
    pub hidden: f64,
    /// For each value of the other parts of the state: the cell state of an LSTM.
    pub inner: f64,
    /// `None` in inference, where the expected value stands for the draw.
    pub draws: Option<Draws<'a>>,
}

impl Zoneout<'_> {
    /// That both are probabilities.
    ///
    /// # Errors
    ///
    /// Names the one that is not.
    pub fn check(&self) -> Result<()> {
        for (name, probability) in [("zoneout", self.hidden), ("cell_zoneout", self.inner)] {
            if !(0.0..1.0).contains(&probability) {
                let expected = "a probability from 0 up to but not including 1";
                return Err(Error::argument(name, expected, probability));
            }
        }
        Ok(())
    }
}

/// Where the random numbers of a training step come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws<'a> {
    pub source: MaskSource,
    /// A number for the layer and direction.
    pub layer: usize,
    /// The index in the data of each row of the batch, `[B]`.
    pub sequences: &'a [usize],
    /// The step of the whole sequence with which the batch starts.
    pub first_step: usize,
}

/// The masks of a run, and memory for one row of them.
pub(super) struct ZoneoutMasks<'a, T> {
    parts: [Part<T>; 2],
    draws: Option<Draws<'a>>,
    direction: Direction,
    keep: Vec<T>, // [S]
}

/// The mask of some values of a state row.
struct Part<T> {
    size: usize,
    mask: Option<Mask<T>>,
}

/// Which step of which row.
#[derive(Clone, Copy)]
pub(super) struct RowStep {
    /// The row of the batch.
    pub row: usize,
    pub length: usize,
    /// The step, counted in the direction of the layer.
    pub s: usize,
}

impl<'a, T: Real> ZoneoutMasks<'a, T> {
    pub fn new(zoneout: Zoneout<'a>, sizes: &Sizes, direction: Direction) -> Self {
        let part = |purpose, size, probability| {
            let mask = zoneout.draws.map(|draws| {
                let site = MaskSite { purpose, layer: draws.layer };
                let mask = Mask::zoneout(draws.source.masks(site), probability);
                mask.expect("probabilities that were checked")
            });
            Part { size, mask }
        };
        let mut keep = vec![T::from_f64(zoneout.hidden); sizes.output];
        keep.resize(sizes.state, T::from_f64(zoneout.inner));
        ZoneoutMasks {
            parts: [
                part(Purpose::HiddenZoneout, sizes.output, zoneout.hidden),
                part(Purpose::CellZoneout, sizes.inner(), zoneout.inner),
            ],
            draws: zoneout.draws,
            direction,
            keep,
        }
    }

    /// m of one step of one row, `[S]`.
    fn mask(&mut self, at: RowStep) -> &[T] {
        if let Some(draws) = self.draws {
            let sequence = draws.sequences.get(at.row).copied().unwrap_or(at.row);
            let step = draws.first_step + self.direction.time(at.s, at.length);
            let mut rest = self.keep.as_mut_slice();
            for part in &self.parts {
                let (values, others) = rest.split_at_mut(part.size);
                if let Some(mask) = &part.mask {
                    mask.fill(MaskPlace::of_step(sequence, step), values);
                }
                rest = others;
            }
        }
        &self.keep
    }

    /// `state = m⊙previous + (1-m)⊙state` for one row.
    pub fn forward(&mut self, at: RowStep, previous: &[T], state: &mut [T]) {
        let draws = self.draws.is_some();
        for ((new, &old), &m) in state.iter_mut().zip(previous).zip(self.mask(at)) {
            // A draw copies the value: its bits stay.
            *new = match draws {
                true if m > T::ZERO => old,
                true => *new,
                false => m.mul_add(old, (T::ONE - m) * *new),
            };
        }
    }

    /// Splits the gradient of a state row: `carried = m⊙grad`, `grad = (1-m)⊙grad`.
    pub fn backward(&mut self, at: RowStep, grad: &mut [T], carried: &mut [T]) {
        for ((grad, carried), &m) in grad.iter_mut().zip(carried).zip(self.mask(at)) {
            *carried = m * *grad;
            *grad = (T::ONE - m) * *grad;
        }
    }
}
