//! The units that a call of a cell computes.

use std::array::from_fn;
use std::ops::Range;

use elman_kernels::Team;

use crate::real::Real;

/// The units that one call computes, and the threads that compute the others meanwhile.
///
/// Most calls compute all units. Where a batch has fewer sequences than there are threads, each
/// thread runs the whole time loop for units of its own; what a step needs of the others, the threads
/// exchange.
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
    /// All units.
    pub(crate) fn all(hidden_size: usize) -> Self {
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
    /// other.
    pub(crate) fn columns(&self, parts: usize) -> &[Range<usize>] {
        if self.are_all() { &self.columns[parts - 1..parts] } else { &self.columns[..parts] }
    }

    /// Completes rows: after each of the offsets stand the values of all units, of which this call
    /// has computed its own.
    pub(crate) fn exchange<T: Real>(&mut self, rows: &mut [&mut [T]], offsets: &[usize]) {
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
