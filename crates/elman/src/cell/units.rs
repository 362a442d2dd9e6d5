//! What a cell may bring for speed: inputs of several steps at once, and units shared by threads.

use std::array::from_fn;
use std::ops::Range;

use elman_kernels::parallel::Team;

use crate::cell::{BackwardRows, StepRows};
use crate::real::Real;

/// A cell that can begin several steps at once. `P` is its [`Prepared`](super::Cell::Prepared).
///
/// Where a sequence runs alone, each step reads all weights for one row. The part that does not need
/// the state is then computed for several steps together, which reads the weights of the inputs once
/// for all of them. The layer decides when this pays.
pub trait InputsAhead<T, P> {
    /// Computes what does not need the state for the steps with these inputs. Each scratch row, of
    /// [`delta_size`](super::Cell::delta_size) values, is what the step will find as its
    /// [`scratch`](StepRows::scratch), with [`Begun::Inputs`](super::Begun::Inputs).
    fn begin_steps(&self, prepared: &P, inputs: &[&[T]], scratch: &mut [&mut [T]], units: &Units);
}

/// A cell whose units can be shared by several threads in every step. `P` is its
/// [`Prepared`](super::Cell::Prepared).
///
/// Where a batch has fewer sequences than there are threads, each thread runs the whole time loop for
/// units of its own. Whatever a step needs of the units of others, the threads
/// [exchange](Units::exchange). Rows of the state, the trace and the deltas must consist of parts of H
/// values each, one for every unit, and each output element must be computed in the same way by
/// whoever computes it: then no number of threads changes a bit.
///
/// The layer exchanges `h_t` itself after every step forward. On the way back the cell exchanges the
/// deltas that its product with `Uᵀ` needs.
pub trait UnitSharing<T, P> {
    /// As [`Cell::step`](super::Cell::step), for the [own](Units::own) units alone. Of
    /// [`previous`](StepRows::previous), only the hidden state is there for all units.
    fn step_units(&self, prepared: &P, rows: StepRows<'_, '_, T>, units: &mut Units);

    /// As [`Cell::step_backward`](super::Cell::step_backward), for the [own](Units::own) units alone.
    fn step_units_backward(&self, prepared: &P, rows: BackwardRows<'_, '_, T>, units: &mut Units);
}

/// The units that one call computes, and the threads that compute the others meanwhile.
#[derive(Debug)]
pub struct Units {
    hidden_size: usize,
    own: Range<usize>,
    columns: [Range<usize>; MOST_PARTS],
    team: Team,
}

/// The most parts of H values that one product of a cell computes: the gates of an LSTM.
const MOST_PARTS: usize = 4;

impl Units {
    /// All units of a cell.
    #[must_use]
    pub fn all(hidden_size: usize) -> Self {
        let columns = from_fn(|part| 0..(part + 1) * hidden_size);
        Units { hidden_size, own: 0..hidden_size, columns, team: Team::alone() }
    }

    /// The units of one member of a team.
    pub(crate) fn of<T: Real>(team: Team, hidden_size: usize) -> Self {
        if team.size() < 2 {
            return Units::all(hidden_size);
        }
        let own = share::<T>(hidden_size, team.size(), team.index());
        let columns = from_fn(|part| part * hidden_size + own.start..part * hidden_size + own.end);
        Units { hidden_size, own, columns, team }
    }

    /// H, the number of all units.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hidden_size
    }

    /// The units to be computed. Nothing of the others is needed, unless it was exchanged.
    #[must_use]
    pub fn own(&self) -> Range<usize> {
        self.own.clone()
    }

    /// Whether these are all units.
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.own.len() == self.hidden_size
    }

    /// The columns of the own units in rows of `parts` values for every unit, one part after the
    /// other: what a product is asked to compute.
    ///
    /// # Panics
    ///
    /// No part, or more than four.
    #[must_use]
    pub fn columns(&self, parts: usize) -> &[Range<usize>] {
        if self.are_all() { &self.columns[parts - 1..parts] } else { &self.columns[..parts] }
    }

    /// Completes rows: after each of the offsets stand the values of all units, of which this call
    /// has computed its own. Every thread that shares the units must call it, in the same order.
    pub fn exchange<T: Real>(&mut self, rows: &mut [&mut [T]], offsets: &[usize]) {
        let (hidden_size, count) = (self.hidden_size, self.team.size());
        self.team.exchange(rows, offsets, |member| share::<T>(hidden_size, count, member));
    }
}

/// The units of member `index` of `count`: whole panels of a packed matrix.
pub(crate) fn share<T: Real>(hidden_size: usize, count: usize, index: usize) -> Range<usize> {
    let panel = panel_width::<T>();
    let panels = hidden_size.div_ceil(panel);
    let at = |index: usize| (panels * index / count * panel).min(hidden_size);
    at(index)..at(index + 1)
}

/// How many members can share the units of a cell whose parts each begin with a panel.
pub(crate) fn most_members<T: Real>(hidden_size: usize) -> usize {
    let panel = panel_width::<T>();
    if hidden_size.is_multiple_of(panel) { hidden_size / panel } else { 1 }
}

/// Columns of a panel of a packed matrix: 64 bytes.
fn panel_width<T>() -> usize {
    64 / size_of::<T>()
}
