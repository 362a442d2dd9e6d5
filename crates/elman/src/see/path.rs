//! One cell along one sequence, step by step, with the state and the trace of every step.

use ndarray::ArrayView2;

use crate::cell::{
    BackwardRows, Begun, Cell, CellKind, CellSizes, CellVisitor, StateRows, StepRows,
};
use crate::error::Result;

/// The states along a sequence in the order in which a cell reads it.
pub(super) struct Path {
    /// Before the first step, and after each: T + 1 states `[S]`.
    pub states: Vec<Vec<f64>>,
    /// What each step keeps, `[delta_size]`.
    pub traces: Vec<Vec<f64>>,
}

/// A cell with its weights.
pub(super) trait Walker {
    /// The length of an output, the first part of a state.
    fn output_size(&self) -> usize;

    /// Follows the steps `[T, I]` from a state.
    fn follow(&self, steps: ArrayView2<'_, f64>, initial: &[f64]) -> Path;

    /// The gradient of the state before the step `t`, for that of the state after it.
    fn back(&self, path: &Path, t: usize, grad_state: &[f64]) -> Vec<f64>;
}

/// The cell of a kind, with these parameters.
///
/// # Errors
///
/// A custom cell; options that do not fit together.
pub(super) fn walker(
    kind: &CellKind,
    sizes: CellSizes,
    parameters: &[f64],
) -> Result<Box<dyn Walker>> {
    kind.visit(Bind { sizes, parameters })?
}

struct Bind<'a> {
    sizes: CellSizes,
    parameters: &'a [f64],
}

impl CellVisitor<f64> for Bind<'_> {
    type Output = Result<Box<dyn Walker>>;

    fn visit<C: Cell<f64> + Clone + 'static>(
        self,
        make: impl Fn(CellSizes) -> Result<C>,
    ) -> Self::Output {
        let cell = make(self.sizes)?;
        let prepared = cell.prepare(self.parameters);
        Ok(Box::new(Walking { cell, prepared }))
    }
}

struct Walking<C: Cell<f64>> {
    cell: C,
    prepared: C::Prepared,
}

impl<C: Cell<f64>> Walker for Walking<C> {
    fn output_size(&self) -> usize {
        self.cell.output_size()
    }

    fn follow(&self, steps: ArrayView2<'_, f64>, initial: &[f64]) -> Path {
        let mut path = Path { states: vec![initial.to_vec()], traces: Vec::new() };
        let mut scratch = vec![0.0; self.cell.delta_size()];
        for row in steps.rows() {
            let inputs = row.to_vec();
            let mut state = vec![0.0; self.cell.state_size()];
            let mut trace = vec![0.0; self.cell.delta_size()];
            let previous = path.states.last().map_or(initial, Vec::as_slice);
            self.cell.step(
                &self.prepared,
                StepRows {
                    inputs: &[&inputs],
                    previous,
                    state: &mut state,
                    scratch: &mut [&mut scratch],
                    begun: Begun::Nothing,
                    trace: &mut [&mut trace],
                    carried: None,
                    update_factors: None,
                },
            );
            path.states.push(state);
            path.traces.push(trace);
        }
        path
    }

    fn back(&self, path: &Path, t: usize, grad_state: &[f64]) -> Vec<f64> {
        let size = self.cell.output_size();
        let (previous, state) = (path.states[t].split_at(size), path.states[t + 1].split_at(size));
        let mut grad_state = grad_state.to_vec();
        let mut deltas = path.traces[t].clone();
        let mut grad_previous = vec![0.0; grad_state.len()];
        self.cell.step_backward(
            &self.prepared,
            BackwardRows {
                previous: StateRows { hidden: &[previous.0], inner: &[previous.1] },
                state: StateRows { hidden: &[state.0], inner: &[state.1] },
                grad_state: &mut grad_state,
                deltas: &mut [&mut deltas],
                grad_previous: &mut grad_previous,
                carried: None,
                update_factors: None,
            },
        );
        grad_previous
    }
}
