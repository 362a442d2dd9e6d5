//! A cell with its direction and prepared weights, the concrete cell hidden: what a stack holds.

use crate::cell::{Cell, CellState};
use crate::layer::Direction;
use crate::layer::time_loop::{self, Gradients, Keep, LoopTrace, Shape};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// One direction of one layer of a stack.
pub(crate) trait Bound<T>: Send + Sync {
    fn parameter_shapes(&self) -> Vec<ParameterShape>;
    fn state_size(&self) -> usize;
    fn refresh(&mut self, parameters: &[T]);
    /// Whether a traced run of this cell over `steps` steps left this.
    fn traced(&self, steps: usize, trace: &LoopTrace<T>) -> bool;
    fn forward(
        &self,
        shape: Shape<'_>,
        inputs: &[T],
        outputs: &mut [T],
        run: (&mut LoopTrace<T>, Keep),
    );
    fn backward(
        &self,
        shape: Shape<'_>,
        arrays: (&[T], &[T]),
        trace: &mut LoopTrace<T>,
        gradients: Gradients<'_, T>,
    );
}

struct BoundCell<T: Real, C: Cell<T>> {
    cell: C,
    direction: Direction,
    prepared: C::Prepared,
}

/// Binds a cell; its weights are zero until the first refresh.
pub(crate) fn bind<T: Real, C: Cell<T> + 'static>(
    cell: C,
    direction: Direction,
) -> Box<dyn Bound<T>> {
    let size = cell.parameter_shapes().iter().map(ParameterShape::len).sum();
    let prepared = cell.prepare(&vec![T::ZERO; size]);
    Box::new(BoundCell { cell, direction, prepared })
}

impl<T: Real, C: Cell<T>> Bound<T> for BoundCell<T, C> {
    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.cell.parameter_shapes()
    }

    fn state_size(&self) -> usize {
        self.cell.hidden_size() * C::State::PARTS
    }

    fn refresh(&mut self, parameters: &[T]) {
        self.cell.refresh(parameters, &mut self.prepared);
    }

    fn traced(&self, steps: usize, trace: &LoopTrace<T>) -> bool {
        trace.kept.len() == steps * self.cell.delta_size()
            && trace.inner.len() == steps * (C::State::PARTS - 1) * self.cell.hidden_size()
    }

    fn forward(
        &self,
        shape: Shape<'_>,
        inputs: &[T],
        outputs: &mut [T],
        run: (&mut LoopTrace<T>, Keep),
    ) {
        let cell = (&self.cell, &self.prepared, self.direction);
        time_loop::forward(cell, shape, inputs, outputs, run);
    }

    fn backward(
        &self,
        shape: Shape<'_>,
        arrays: (&[T], &[T]),
        trace: &mut LoopTrace<T>,
        gradients: Gradients<'_, T>,
    ) {
        let cell = (&self.cell, &self.prepared, self.direction);
        time_loop::backward(cell, shape, arrays, trace, gradients);
    }
}
