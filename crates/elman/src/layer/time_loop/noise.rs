//! What training does to states on their way through time: dropout and zoneout around every cell.
//!
//! ```text
//! s̃_t = cell(x_t, k⊙h_{t-1}, …)   s_t = m⊙s_{t-1} + (1-m)⊙s̃_t            k: state dropout, m: zoneout
//! ds̃_t = (1-m)⊙ds_t               ds_{t-1} = m⊙ds_t + k⊙(what comes back through the cell)
//! ```
//!
//! In training m is 1 with the given probability and else 0; in inference it is the probability, and
//! nothing is dropped. Both stand outside the cell, so that every cell has them; a cell that also uses
//! `h_{t-1}` outside its recurrent products gets it undropped as well
//! ([`StepRows::carried`](crate::cell::StepRows::carried)). Dropout of the update is the cell's own: it gets the factors.
//! What a cell computed, s̃, and what it read, `k⊙h_{t-1}`, is kept for backward beside the states.

use elman_kernels::pointwise::{Zoneout, split_gradient, write_product, zone_out};
use elman_kernels::{Aligned, Level};

use super::Sizes;
use crate::layer::{Direction, RecurrentRegularization};
use crate::real::Real;
use crate::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose};

/// What is done to the states of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise<'a> {
    /// Checked probabilities.
    pub chances: RecurrentRegularization,
    /// `None` in inference.
    pub draws: Option<Draws<'a>>,
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
    /// How many steps later each row starts, `[B]`; none where all start there.
    pub starts: &'a [usize],
}

impl Noise<'_> {
    /// The index in the data of a row of the batch.
    pub fn sequence(&self, row: usize) -> usize {
        let known = self.draws.and_then(|draws| draws.sequences.get(row).copied());
        known.unwrap_or(row)
    }

    /// Whether states are mixed after the cell.
    pub fn zones_out(&self) -> bool {
        self.chances.zones_out()
    }

    /// Whether the cell reads a dropped state.
    pub fn drops_states(&self) -> bool {
        self.draws.is_some() && self.chances.state_dropout > 0.0
    }
}

/// One row of the batch, and its length.
#[derive(Clone, Copy)]
pub(super) struct NoisyRow {
    pub row: usize,
    pub length: usize,
}

/// The masks of a run over some rows, and memory for their factors.
pub(super) struct LoopNoise<'a, T> {
    chances: RecurrentRegularization,
    draws: Option<Draws<'a>>,
    direction: Direction,
    sizes: RowSizes,
    zoneout: Option<ZoneoutMasks<T>>,
    update: Option<Mask<T>>,
    /// k, `[rows, output_size]`; empty where no state is dropped.
    pub state_factors: Aligned<T>,
    /// Of the current step, `[rows, H]`; empty where no update is dropped.
    update_factors: Aligned<T>,
    /// Room for one mask, `[S]`.
    mask: Vec<T>,
}

/// Zoneout in inference, for one row whose hidden state has so many values.
pub(super) fn zone_out_expected<T: Real>(
    chances: RecurrentRegularization,
    hidden: usize,
    previous: &[T],
    state: &mut [T],
) {
    let (zoneout, cell) = (T::from_f64(chances.zoneout), T::from_f64(chances.cell_zoneout));
    let (hidden_state, inner) = state.split_at_mut(hidden);
    let (hidden_before, inner_before) = previous.split_at(hidden);
    let level = Level::current();
    zone_out(level, Zoneout::Expected(zoneout), hidden_before, hidden_state);
    zone_out(level, Zoneout::Expected(cell), inner_before, inner);
}

#[derive(Clone, Copy)]
struct RowSizes {
    units: usize,
    output: usize,
    state: usize,
}

/// m: a constant in inference.
struct ZoneoutMasks<T> {
    hidden: Part<T>,
    inner: Part<T>,
}

enum Part<T> {
    Expected(T),
    Drawn(Mask<T>),
}

impl<T: Real> Part<T> {
    fn fill(&self, place: MaskPlace, values: &mut [T]) {
        match self {
            Part::Expected(chance) => values.fill(*chance),
            Part::Drawn(mask) => mask.fill(place, values),
        }
    }
}

/// Promises of whoever made a [`Noise`].
const CHECKED: &str = "probabilities that were checked";

impl<'a, T: Real> LoopNoise<'a, T> {
    /// For these rows, in the order in which the loop has them.
    pub fn new(noise: Noise<'a>, sizes: &Sizes, direction: Direction, rows: &[NoisyRow]) -> Self {
        let Noise { chances, draws } = noise;
        let site = |draws: Draws<'_>, purpose| {
            draws.source.masks(MaskSite { purpose, layer: draws.layer })
        };
        let part = |purpose, chance| match draws {
            None => Part::Expected(T::from_f64(chance)),
            Some(draws) => Part::Drawn(Mask::zoneout(site(draws, purpose), chance).expect(CHECKED)),
        };
        let zoneout = noise.zones_out().then(|| ZoneoutMasks {
            hidden: part(Purpose::HiddenZoneout, chances.zoneout),
            inner: part(Purpose::CellZoneout, chances.cell_zoneout),
        });
        let dropout = |purpose, chance: f64| {
            let draws = draws.filter(|_| chance > 0.0)?;
            Some(Mask::dropout(site(draws, purpose), chance).expect(CHECKED))
        };
        let update = dropout(Purpose::CandidateUpdate, chances.update_dropout);
        let state = dropout(Purpose::RecurrentState, chances.state_dropout);
        let width = |mask: &Option<Mask<T>>, size: usize| mask.as_ref().map_or(0, |_| size);
        let mut noise = LoopNoise {
            chances,
            direction,
            zoneout,
            state_factors: Aligned::zeros(rows.len() * width(&state, sizes.output)),
            update_factors: Aligned::zeros(rows.len() * width(&update, sizes.units)),
            update,
            draws,
            sizes: RowSizes { units: sizes.units, output: sizes.output, state: sizes.state },
            mask: vec![T::ZERO; sizes.state],
        };
        if let Some(mask) = state {
            for (r, row) in rows.iter().enumerate() {
                let place = MaskPlace::of_sequence(noise.sequence(*row));
                mask.fill(place, &mut noise.state_factors[r * sizes.output..][..sizes.output]);
            }
        }
        noise
    }

    /// The time of step `s` of a sequence.
    pub fn time(&self, s: usize, length: usize) -> usize {
        self.direction.time(s, length)
    }

    fn sequence(&self, row: NoisyRow) -> usize {
        let known = self.draws.and_then(|draws| draws.sequences.get(row.row).copied());
        known.unwrap_or(row.row)
    }

    /// Where the masks of step `s` of a row stand.
    fn place(&self, row: NoisyRow, s: usize) -> MaskPlace {
        let start = |draws: Draws<'_>| draws.starts.get(row.row).copied().unwrap_or(0);
        let first = self.draws.map_or(0, |draws| draws.first_step + start(draws));
        MaskPlace::of_step(self.sequence(row), first + self.direction.time(s, row.length))
    }

    /// Draws the update factors of row `r` of the loop.
    pub fn draw_update(&mut self, r: usize, row: NoisyRow, s: usize) {
        let place = self.place(row, s);
        if let Some(mask) = &self.update {
            let units = self.sizes.units;
            mask.fill(place, &mut self.update_factors[r * units..][..units]);
        }
    }

    /// The factors that were drawn, `[rows, H]`, if any are.
    pub fn update_factors(&self) -> Option<&[T]> {
        (!self.update_factors.is_empty()).then_some(&self.update_factors[..])
    }

    /// `dropped = k⊙h` for row `r` of the loop.
    pub fn drop_state(&self, r: usize, hidden: &[T], dropped: &mut [T]) {
        let factors = &self.state_factors[r * self.sizes.output..][..self.sizes.output];
        write_product(Level::current(), dropped, hidden, factors);
    }

    /// m of one step of one row, `[S]`; `None` without zoneout.
    fn zoneout_mask(&mut self, row: NoisyRow, s: usize) -> Option<&[T]> {
        let place = self.place(row, s);
        let zoneout = self.zoneout.as_ref()?;
        let (hidden, inner) = self.mask.split_at_mut(self.sizes.output);
        zoneout.hidden.fill(place, hidden);
        zoneout.inner.fill(place, inner);
        Some(&self.mask[..self.sizes.state])
    }

    /// `state = m⊙previous + (1-m)⊙state` for one row.
    pub fn zone_out(&mut self, row: NoisyRow, s: usize, previous: &[T], state: &mut [T]) {
        if self.draws.is_none() && self.chances.zones_out() {
            return zone_out_expected(self.chances, self.sizes.output, previous, state);
        }
        let Some(mask) = self.zoneout_mask(row, s) else { return };
        zone_out(Level::current(), Zoneout::Drawn(mask), previous, state);
    }

    /// Splits the gradient of a state row: `stayed = m⊙grad`, `grad = (1-m)⊙grad`.
    pub fn split_gradient(&mut self, row: NoisyRow, s: usize, grad: &mut [T], stayed: &mut [T]) {
        let Some(mask) = self.zoneout_mask(row, s) else { return stayed.fill(T::ZERO) };
        split_gradient(Level::current(), mask, grad, stayed);
    }
}
