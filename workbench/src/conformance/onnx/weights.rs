//! The weights of a node in the library's layout.

use elman::Real;
use elman::cell::{ForgetGate, LstmOptions};
use ndarray::{Array1, Array2, Array3, Axis, RemoveAxis, Slice};

use crate::conformance::arrays::joined;
use crate::conformance::case::Stop;
use crate::conformance::recurrent::{CellChoice, Weights};

/// The weights of all directions, as the node has them.
pub struct NodeWeights<T> {
    pub input: Array3<T>,             // [directions, G·H, I]
    pub recurrent: Array3<T>,         // [directions, G·H, H]
    pub bias: Option<Array2<T>>,      // [directions, 2·G·H]
    pub peepholes: Option<Array2<T>>, // [directions, 3H]: i, o, f
}

impl<T: Real> NodeWeights<T> {
    /// One direction's weights in the library's layout.
    pub fn of(&self, direction: usize, cell: CellChoice) -> Result<Weights<T>, Stop> {
        let gates = Gates::of(cell, self.recurrent.len_of(Axis(2)));
        let matrix = |stored: &Array3<T>| {
            let stored = row(stored, direction)?;
            Ok::<_, Stop>(gates.chosen(&stored)?.reversed_axes())
        };
        let (input, recurrent) = (matrix(&self.input)?, matrix(&self.recurrent)?);
        let (mut bias, mut second) = self.biases(direction, &gates)?;
        let recurrent_bias = cell.has_recurrent_bias().then(|| {
            // The recurrent bias of the candidate, the last gate, stands inside the reset.
            let inside = Slice::from(second.len() - gates.hidden_size..);
            let recurrent_bias = second.slice_axis(Axis(0), inside).to_owned();
            second.slice_axis_mut(Axis(0), inside).fill(T::ZERO);
            recurrent_bias
        });
        bias += &second;
        let peepholes = match &self.peepholes {
            None => None,
            Some(stored) => Some(gates.peepholes(&row(stored, direction)?)?),
        };
        Ok(Weights { recurrent_bias, peepholes, ..Weights::new(input, recurrent, bias) })
    }

    /// The bias of the inputs and that of the recurrence; zeros without them.
    fn biases(&self, direction: usize, gates: &Gates) -> Result<(Array1<T>, Array1<T>), Stop> {
        let Some(stored) = &self.bias else {
            let zeros = Array1::from_elem(gates.order.len() * gates.hidden_size, T::ZERO);
            return Ok((zeros.clone(), zeros));
        };
        let both = row(stored, direction)?;
        let half = both.len() / 2;
        let part = |slice| both.slice_axis(Axis(0), slice).to_owned();
        let (first, second) = (part(Slice::from(..half)), part(Slice::from(half..)));
        Ok((gates.chosen(&first)?, gates.chosen(&second)?))
    }
}

/// One direction of stacked weights.
fn row<T: Real, D: RemoveAxis>(
    stored: &ndarray::Array<T, D>,
    direction: usize,
) -> Result<ndarray::Array<T, D::Smaller>, Stop> {
    if direction < stored.len_of(Axis(0)) {
        return Ok(stored.index_axis(Axis(0), direction).to_owned());
    }
    Err(Stop::failed("weights: too few directions"))
}

/// Which of the node's gates the library has, in its order.
struct Gates {
    order: &'static [usize],
    /// The same for the peepholes i, o, f.
    peepholes: &'static [usize],
    hidden_size: usize,
}

impl Gates {
    fn of(cell: CellChoice, hidden_size: usize) -> Gates {
        let (order, peepholes): (&[usize], &[usize]) = match cell {
            CellChoice::Simple(_) => (&[0], &[]),
            // i o f c as i o g.
            CellChoice::Lstm(LstmOptions { forget_gate: ForgetGate::Coupled, .. }) => {
                (&[0, 1, 3], &[0, 1])
            }
            // i o f c as i f o g, and i o f as i f o.
            CellChoice::Lstm(_) => (&[0, 2, 1, 3], &[0, 2, 1]),
            // z r h as r z n.
            CellChoice::Gru(_) => (&[1, 0, 2], &[]),
        };
        Gates { order, peepholes, hidden_size }
    }

    /// The blocks of the first axis that the library has, in its order.
    fn chosen<T: Real, D: RemoveAxis>(
        &self,
        stored: &ndarray::Array<T, D>,
    ) -> Result<ndarray::Array<T, D>, Stop> {
        self.blocks(stored, self.order)
    }

    fn peepholes<T: Real>(&self, stored: &Array1<T>) -> Result<Array1<T>, Stop> {
        self.blocks(stored, self.peepholes)
    }

    fn blocks<T: Real, D: RemoveAxis>(
        &self,
        stored: &ndarray::Array<T, D>,
        order: &[usize],
    ) -> Result<ndarray::Array<T, D>, Stop> {
        let size = self.hidden_size;
        let most = order.iter().max().map_or(0, |last| (last + 1) * size);
        if stored.len_of(Axis(0)) < most {
            let found = stored.shape();
            return Err(Stop::failed(format!(
                "weights: expected {most} rows or more, got {found:?}"
            )));
        }
        let block =
            |at: &usize| stored.slice_axis(Axis(0), Slice::from(at * size..(at + 1) * size));
        joined(Axis(0), &order.iter().map(block).collect::<Vec<_>>())
    }
}
