//! One step forward and one step backward of any cell, on arrays: for a learner to follow, and for
//! code that brings its own time loop.

use ndarray::{Array2, ArrayView2};

use crate::cell::{BackwardRows, Begun, Cell, CellState, SequenceDeltas, StateRows, StepRows};
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;

/// What [`step`] computed and [`step_backward`] needs.
#[derive(Clone, Debug)]
pub struct StepTrace<T> {
    previous: Vec<T>, // [B, S]
    state: Vec<T>,    // [B, S]
    trace: Vec<T>,    // [B, delta_size], of which trace_size are used
}

/// The gradients that one step hands back.
#[derive(Clone, Debug)]
pub struct StepGradient<T, S> {
    /// dx_t, `[B, I]`.
    pub inputs: Array2<T>,
    /// The gradient of the state before the step.
    pub previous: S,
    /// The deltas, `[B, delta_size]`: da_t for the simple cell.
    pub deltas: Array2<T>,
}

/// One step forward: `state_t` from `x_t` `[B, I]` and `state_{t-1}`.
///
/// ```
/// use elman::cell::{step, step_backward};
/// use elman::{ActivationKind, Layer, SimpleCell, SimpleState, layer::Direction};
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let cell = SimpleCell::<f64>::new(2, 1, ActivationKind::Tanh)?;
/// let layer = Layer::new(cell.clone(), Direction::Forward)?;
/// let mut parameters = layer.parameters();
/// parameters.set("input_weights", array![[1.0], [2.0]].view())?;
/// let h0 = SimpleState { hidden: Array2::zeros((1, 1)) };
/// let (h1, trace) = step(&cell, &parameters, array![[0.1, 0.2]].view(), &h0)?;
/// assert!((h1.hidden[[0, 0]] - 0.462_117_157_26).abs() < 1e-11); // tanh 0.5
///
/// let mut grad = parameters.zeros_like();
/// let dh1 = SimpleState { hidden: array![[1.0]] };
/// let back = step_backward(&cell, &parameters, &trace, array![[0.1, 0.2]].view(), &dh1, &mut grad)?;
/// assert!((back.inputs[[0, 1]] - 2.0 * 0.786_447_732_96).abs() < 1e-10); // 2 (1 - tanh² 0.5)
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Parameters, inputs or a state of the wrong shape.
pub fn step<T: Real, C: Cell<T>>(
    cell: &C,
    parameters: &Parameters<T>,
    inputs: ArrayView2<'_, T>,
    previous: &C::State,
) -> Result<(C::State, StepTrace<T>)> {
    check_parameters(cell, parameters)?;
    check_inputs(cell, inputs)?;
    let batch_size = inputs.nrows();
    let previous = flatten::<T, C>(cell, "previous state", previous, batch_size)?;
    let inputs = inputs.as_standard_layout();
    let rows: Vec<&[T]> = inputs.rows().into_iter().filter_map(|row| row.to_slice()).collect();
    let mut state = vec![T::ZERO; previous.len()];
    let mut trace = vec![T::ZERO; batch_size * cell.delta_size()];
    let mut trace_rows: Vec<&mut [T]> = trace.chunks_exact_mut(cell.delta_size()).collect();
    let mut scratch = vec![T::ZERO; batch_size * cell.delta_size()];
    let mut scratch_rows: Vec<&mut [T]> = scratch.chunks_exact_mut(cell.delta_size()).collect();
    let operands = StepRows {
        inputs: &rows,
        previous: &previous,
        state: &mut state,
        scratch: &mut scratch_rows,
        begun: Begun::Nothing,
        trace: &mut trace_rows,
        carried: None,
        update_factors: None,
    };
    cell.step(&cell.prepare(parameters.values()), operands);
    let visible = unflatten::<T, C>(cell, state.clone(), batch_size);
    Ok((visible, StepTrace { previous, state, trace }))
}

/// One step backward: adds the gradients of the parameters to `grad_parameters` and returns those of
/// the input and of the state before. See [`step`] for an example.
///
/// # Errors
///
/// Arrays whose shapes do not fit the cell or the step that was traced.
pub fn step_backward<T: Real, C: Cell<T>>(
    cell: &C,
    parameters: &Parameters<T>,
    trace: &StepTrace<T>,
    inputs: ArrayView2<'_, T>,
    grad_state: &C::State,
    grad_parameters: &mut Parameters<T>,
) -> Result<StepGradient<T, C::State>> {
    check_parameters(cell, parameters)?;
    check_parameters(cell, grad_parameters)?;
    check_inputs(cell, inputs)?;
    let (batch_size, output_size) = (inputs.nrows(), cell.output_size());
    let mut grad_state = flatten::<T, C>(cell, "grad_state", grad_state, batch_size)?;
    if trace.state.len() != grad_state.len() || trace.trace.len() != batch_size * cell.delta_size()
    {
        return Err(Error::shape("trace", &[grad_state.len()], &[trace.state.len()]));
    }
    let prepared = cell.prepare(parameters.values());
    let mut deltas = Array2::from_shape_fn((batch_size, cell.delta_size()), |(row, k)| {
        trace.trace[row * cell.delta_size() + k]
    });
    let mut grad_previous = vec![T::ZERO; grad_state.len()];
    let mut grad_inputs = Array2::from_elem((batch_size, cell.input_size()), T::ZERO);
    let flat_deltas = deltas.as_slice_mut().unwrap_or(&mut []);
    let mut delta_rows: Vec<&mut [T]> = flat_deltas.chunks_exact_mut(cell.delta_size()).collect();
    let state_size = cell.state_size();
    let [previous, state] = [&trace.previous, &trace.state].map(|states| {
        let rows = states.chunks_exact(state_size).map(|state| state.split_at(output_size));
        rows.unzip::<_, _, Vec<_>, Vec<_>>()
    });
    cell.step_backward(
        &prepared,
        BackwardRows {
            previous: StateRows { hidden: &previous.0, inner: &previous.1 },
            state: StateRows { hidden: &state.0, inner: &state.1 },
            grad_state: &mut grad_state,
            deltas: &mut delta_rows,
            grad_previous: &mut grad_previous,
            carried: None,
            update_factors: None,
        },
    );
    let flat_inputs = grad_inputs.as_slice_mut().unwrap_or(&mut []);
    let mut input_rows: Vec<&mut [T]> = flat_inputs.chunks_exact_mut(cell.input_size()).collect();
    let delta_rows: Vec<&[T]> = flat_deltas.chunks_exact(cell.delta_size()).collect();
    cell.input_gradient(&prepared, &delta_rows, &mut input_rows);
    let inputs = inputs.as_standard_layout();
    let inputs = inputs.as_slice().unwrap_or(&[]);
    let sequences: Vec<_> = (0..batch_size)
        .map(|row| SequenceDeltas {
            inputs: &inputs[row * cell.input_size()..],
            input_size: cell.input_size(),
            initial: &trace.previous[row * state_size..][..output_size],
            outputs: &trace.state[row * state_size..][..output_size],
            output_stride: output_size,
            dropped: &[],
            deltas: &flat_deltas[row * cell.delta_size()..][..cell.delta_size()],
            delta_stride: cell.delta_size(),
            length: 1,
            reverse: false,
        })
        .collect();
    cell.parameter_gradient(&sequences, grad_parameters.values_mut());
    let previous = unflatten::<T, C>(cell, grad_previous, batch_size);
    Ok(StepGradient { inputs: grad_inputs, previous, deltas })
}

/// That the parameters are those of this cell.
pub(crate) fn check_parameters<T: Real, C: Cell<T>>(
    cell: &C,
    parameters: &Parameters<T>,
) -> Result<()> {
    let wanted = cell.parameter_shapes();
    if wanted.len() != parameters.shapes().len() {
        let count = format!("{} parameters of the cell", wanted.len());
        return Err(Error::argument("parameters", count, parameters.shapes().len()));
    }
    for (wanted, found) in wanted.iter().zip(parameters.shapes()) {
        if wanted.name != found.name {
            return Err(Error::argument("parameters", &wanted.name, &found.name));
        }
        if wanted.shape != found.shape {
            return Err(Error::shape(&wanted.name, &wanted.shape, &found.shape));
        }
    }
    Ok(())
}

fn check_inputs<T: Real, C: Cell<T>>(cell: &C, inputs: ArrayView2<'_, T>) -> Result<()> {
    let expected = [inputs.nrows(), cell.input_size()];
    if inputs.shape() == expected {
        return Ok(());
    }
    Err(Error::shape("inputs", &expected, inputs.shape()))
}

/// The rows of a state, its parts side by side: `[B, S]`.
pub(crate) fn flatten<T: Real, C: Cell<T>>(
    cell: &C,
    what: &str,
    state: &C::State,
    batch_size: usize,
) -> Result<Vec<T>> {
    let parts = state.parts();
    for (index, part) in parts.iter().enumerate() {
        let expected = [batch_size, cell.part_size(index)];
        if part.shape() != expected {
            return Err(Error::shape(what, &expected, part.shape()));
        }
    }
    let mut rows = Vec::with_capacity(batch_size * cell.state_size());
    for row in 0..batch_size {
        for part in &parts {
            rows.extend(part.row(row).iter().copied());
        }
    }
    Ok(rows)
}

/// The state of such rows.
pub(crate) fn unflatten<T: Real, C: Cell<T>>(
    cell: &C,
    rows: Vec<T>,
    batch_size: usize,
) -> C::State {
    let (state_size, mut start) = (cell.state_size(), 0);
    if C::State::PARTS == 1 {
        let rows = Array2::from_shape_vec((batch_size, state_size), rows);
        return C::State::from_parts(vec![rows.expect("a row of the state for each sequence")]);
    }
    let part = |index: usize| {
        let (first, size) = (start, cell.part_size(index));
        start += size;
        Array2::from_shape_fn((batch_size, size), |(row, k)| rows[row * state_size + first + k])
    };
    C::State::from_parts((0..C::State::PARTS).map(part).collect())
}
