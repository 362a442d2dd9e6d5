//! A cell with its direction and prepared weights, the concrete cell hidden: what a stack holds.

use crate::cell::{Cell, CellKind, CellSizes, CellVisitor};
use crate::error::Result;
use crate::layer::time_loop::{
    self, BackwardArrays, BoundCell, ForwardArrays, Gradients, Keeping, LoopTrace, Shape,
    SingleStep, Sizes, single,
};
use crate::layer::{Direction, Layer};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// One direction of one layer of a stack.
pub(crate) trait Bound<T>: Send + Sync {
    fn parameter_shapes(&self) -> Vec<ParameterShape>;
    /// The length of an output.
    fn output_size(&self) -> usize;
    /// S, the length of a state; the output comes first in it.
    fn state_size(&self) -> usize;
    /// Whether training may drop values of the hidden state in the recurrent products.
    fn drops_state(&self) -> bool;
    /// Whether training may drop values of the candidate.
    fn drops_update(&self) -> bool;
    fn refresh(&mut self, parameters: &[T]);
    /// Whether `trace` is what a traced run of this cell over `steps` steps leaves behind.
    fn traced(&self, steps: usize, trace: &LoopTrace<T>) -> bool;
    fn forward(&self, shape: Shape<'_>, arrays: ForwardArrays<'_, T>, keeping: Keeping<'_, T>);
    fn backward(
        &self,
        shape: Shape<'_>,
        arrays: BackwardArrays<'_, T>,
        trace: &mut LoopTrace<T>,
        gradients: Gradients<'_, T>,
    );
    /// Values of a scratch row of [`step`](Self::step).
    fn delta_size(&self) -> usize;
    /// One step forward in inference, without a gradient to come.
    fn step(&self, rows: SingleStep<'_, T>);
    /// What a step computes of its inputs `[rows, I]` alone, into scratch rows; `None` if the cell
    /// cannot part it from the rest.
    fn begin(&self, inputs: &[T]) -> Option<Vec<T>>;
}

struct OwnedCell<T: Real, C: Cell<T>> {
    cell: C,
    direction: Direction,
    prepared: C::Prepared,
}

/// Binds a cell; its weights are zero until the first refresh.
///
/// # Errors
///
/// A cell whose sizes do not agree.
pub(crate) fn bind<T: Real, C: Cell<T> + Clone + 'static>(
    cell: C,
    direction: Direction,
) -> Result<Box<dyn Bound<T>>> {
    Layer::new(cell.clone(), direction)?;
    let size = cell.parameter_shapes().iter().map(ParameterShape::len).sum();
    let prepared = cell.prepare(&vec![T::ZERO; size]);
    Ok(Box::new(OwnedCell { cell, direction, prepared }))
}

/// Makes the cell of a kind, and binds it.
///
/// # Errors
///
/// A custom cell, sizes or options that the cell refuses.
pub(crate) fn bind_kind<T: Real>(
    kind: &CellKind,
    sizes: CellSizes,
    direction: Direction,
) -> Result<Box<dyn Bound<T>>> {
    kind.visit(Binder { sizes, direction })?
}

struct Binder {
    sizes: CellSizes,
    direction: Direction,
}

impl<T: Real> CellVisitor<T> for Binder {
    type Output = Result<Box<dyn Bound<T>>>;

    fn visit<C: Cell<T> + Clone + 'static>(
        self,
        make: impl Fn(CellSizes) -> Result<C>,
    ) -> Self::Output {
        bind(make(self.sizes)?, self.direction)
    }
}

impl<T: Real, C: Cell<T>> OwnedCell<T, C> {
    fn bound(&self) -> BoundCell<'_, T, C> {
        BoundCell { cell: &self.cell, prepared: &self.prepared, direction: self.direction }
    }
}

impl<T: Real, C: Cell<T>> Bound<T> for OwnedCell<T, C> {
    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.cell.parameter_shapes()
    }

    fn output_size(&self) -> usize {
        self.cell.output_size()
    }

    fn state_size(&self) -> usize {
        self.cell.state_size()
    }

    fn drops_state(&self) -> bool {
        self.cell.drops_state()
    }

    fn drops_update(&self) -> bool {
        self.cell.drops_update()
    }

    fn refresh(&mut self, parameters: &[T]) {
        self.cell.refresh(parameters, &mut self.prepared);
    }

    fn traced(&self, steps: usize, trace: &LoopTrace<T>) -> bool {
        let sizes = Sizes::of(&self.cell);
        // Of each sequence at most a border for each segment.
        if let Some(borders) = steps.checked_div(trace.segment) {
            return trace.kept.is_empty() && trace.inner.len() <= borders * sizes.inner();
        }
        trace.kept.len() == steps * sizes.delta && trace.inner.len() == steps * sizes.inner()
    }

    fn forward(&self, shape: Shape<'_>, arrays: ForwardArrays<'_, T>, keeping: Keeping<'_, T>) {
        time_loop::forward(self.bound(), shape, arrays, keeping);
    }

    fn backward(
        &self,
        shape: Shape<'_>,
        arrays: BackwardArrays<'_, T>,
        trace: &mut LoopTrace<T>,
        gradients: Gradients<'_, T>,
    ) {
        time_loop::backward(self.bound(), shape, arrays, trace, gradients);
    }

    fn delta_size(&self) -> usize {
        self.cell.delta_size()
    }

    fn step(&self, rows: SingleStep<'_, T>) {
        single::step(&self.cell, &self.prepared, rows);
    }

    fn begin(&self, inputs: &[T]) -> Option<Vec<T>> {
        single::begin(&self.cell, &self.prepared, inputs)
    }
}
