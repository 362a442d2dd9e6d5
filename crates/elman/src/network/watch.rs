//! A run of one sequence with everything in it: what each layer read and computed, and the gradient
//! that arrives at it.

use ndarray::{Array2, Array3, ArrayView3};

use super::inputs::span;
use super::{Network, NetworkTrace};
use crate::dropout::DropoutMode;
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;

/// What happened in a run of one sequence, forward and back.
pub(crate) struct WatchedRun<T> {
    /// Of all parameters.
    pub gradient: Parameters<T>,
    /// Each direction of each layer, the lowest layer first.
    pub sides: Vec<WatchedSide<T>>,
}

/// One direction of one layer.
pub(crate) struct WatchedSide<T> {
    pub layer: usize,
    pub direction: Direction,
    /// What it read, `[T, I]`.
    pub inputs: Array2<T>,
    /// Its outputs, `[T, H]`.
    pub outputs: Array2<T>,
    /// The gradient of each output, but for what its own recurrence carries, `[T, H]`.
    pub arriving: Array2<T>,
    /// The state that it started from, `[S]`.
    pub initial: Vec<T>,
    /// Where its outputs begin among those of its layer's directions.
    first: usize,
}

impl<T: Real> Network<T> {
    /// Runs one sequence forward and back, without dropout; `gradient` makes the gradient of the outputs
    /// `[1, S, O]` of them.
    ///
    /// # Errors
    ///
    /// A batch of more or fewer sequences than one; a batch or a gradient of another shape.
    pub(crate) fn watch(
        &self,
        sequence: &SequenceBatch<T>,
        gradient: impl FnOnce(ArrayView3<'_, T>) -> Array3<T>,
    ) -> Result<WatchedRun<T>> {
        if sequence.batch_size() != 1 {
            return Err(Error::argument("batch", "one sequence", sequence.batch_size()));
        }
        let mut trace = NetworkTrace::default();
        self.forward_traced(sequence, None, DropoutMode::Off, &mut trace)?;
        let grad_outputs = gradient(trace.outputs());
        let mut sides = self.sides(sequence, &trace);
        let mut gradient = self.parameters.zeros_like();
        let mut arrivals = Vec::new();
        let grad = grad_outputs.view();
        self.backward_watched(sequence, &mut trace, grad, &mut gradient, &mut arrivals)?;
        let steps = span(sequence).steps();
        for side in &mut sides {
            let columns = Columns { first: side.first, width: side.outputs.ncols() };
            side.arriving = columns.of(&arrivals[side.layer], steps);
        }
        Ok(WatchedRun { gradient, sides })
    }

    /// The sides of a traced run, before anything arrives at them.
    fn sides(&self, batch: &SequenceBatch<T>, trace: &NetworkTrace<T>) -> Vec<WatchedSide<T>> {
        let steps = span(batch).steps();
        let mut runs = trace.stack.runs();
        let mut read = self.inputs.read(batch, &trace.inputs);
        let mut all = Vec::new();
        for ((layer, config), (outputs, sides)) in
            self.config.body.layers.iter().enumerate().zip(trace.stack.layers())
        {
            let directions = config.directions.each();
            for (index, &direction) in directions.iter().enumerate() {
                let size = sides.len() / (steps * directions.len()).max(1);
                let own = Columns { first: index * size, width: size };
                let all_of = Columns { first: 0, width: read.len() / steps.max(1) };
                let initial = runs.next().map_or(Vec::new(), |run| run.initial.clone());
                all.push(WatchedSide {
                    layer,
                    direction,
                    inputs: all_of.of(read, steps),
                    outputs: own.of(sides, steps),
                    arriving: Array2::from_elem((0, 0), T::ZERO),
                    initial,
                    first: own.first,
                });
            }
            read = outputs;
        }
        all
    }
}

/// Some columns of the rows of an array.
struct Columns {
    first: usize,
    width: usize,
}

impl Columns {
    /// Those of an array of so many rows.
    fn of<T: Real>(&self, values: &[T], rows: usize) -> Array2<T> {
        let stride = values.len() / rows.max(1);
        Array2::from_shape_fn((rows, self.width), |(row, column)| {
            values[row * stride + self.first + column]
        })
    }
}
