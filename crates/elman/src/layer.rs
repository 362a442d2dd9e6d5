//! A layer: one cell over a batch of sequences in one direction, forward and back through time.
//!
//! The state belongs to the caller: an initial state may be passed in and the final state is always
//! handed back, so truncated back-propagation, streaming and resets are the caller's to compose.
//! A layer refuses to average: gradients are those of the scalar whose gradient was passed in.

mod arrays;
mod checks;
mod keeps;
mod regularization;
pub(crate) mod time_loop;

use ndarray::{Array3, ArrayView3};

use crate::cell::{Cell, check_parameters, flatten, unflatten};
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;
pub use arrays::{ArrivingGradient, GradientTargets, LayerGradient, LayerOutput};
pub use keeps::TraceKeeps;
pub use regularization::RecurrentRegularization;
use time_loop::{
    BackwardArrays, BoundCell, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Shape, Span,
};

/// The direction in which a layer reads time. Bidirectional is two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// From a sequence's own last step to its first. Outputs stay at the step they belong to.
    Reverse,
}

impl Direction {
    /// The time of the `s`-th step that is computed.
    #[inline(always)]
    fn time(self, s: usize, length: usize) -> usize {
        match self {
            Direction::Forward => s,
            Direction::Reverse => length - 1 - s,
        }
    }
}

/// A cell over batches of sequences.
///
/// ```
/// use elman::{ActivationKind, Direction, Layer, SequenceBatch, SimpleCell};
/// use ndarray::{Array2, Array3, array};
///
/// # fn main() -> elman::Result<()> {
/// let layer = Layer::new(SimpleCell::<f64>::new(2, 4, ActivationKind::Tanh)?, Direction::Forward)?;
/// let mut parameters = layer.parameters();
/// parameters.set("bias", array![0.1, 0.2, 0.3, 0.4].view())?;
/// let weights = layer.prepare(&parameters)?;
/// let batch = SequenceBatch::full(Array3::zeros((1, 3, 2)));
///
/// let computed = layer.forward(&weights, &batch, None)?;
/// assert_eq!(computed.outputs.dim(), (1, 3, 4));
///
/// let mut trace = layer.forward_traced(&weights, &batch, None)?;
/// let grad_outputs = Array3::ones((1, 3, 4));
/// let mut grad = parameters.zeros_like();
/// let arriving = elman::layer::ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
/// let leaving = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad)?;
/// assert_eq!(leaving.inputs.dim(), (1, 3, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Layer<C> {
    cell: C,
    direction: Direction,
}

/// What a traced forward run keeps so that backward can run, once.
///
/// Start with `Trace::default()` where the memory is to be used again.
#[derive(Clone, Debug, Default)]
pub struct Trace<T> {
    lengths: Vec<usize>,
    outputs: Array3<T>,
    kept: LoopTrace<T>,
    keeps: TraceKeeps,
    spent: bool,
}

impl<T: Real> Trace<T> {
    /// Memory for runs that keep so much.
    #[must_use]
    pub fn keeping(keeps: TraceKeeps) -> Self {
        Trace { keeps, ..Trace::default() }
    }

    /// The hidden states of all steps, `[B, T, output_size]`; zero in padding.
    #[must_use]
    pub fn outputs(&self) -> ArrayView3<'_, T> {
        self.outputs.view()
    }
}

impl<C> Layer<C> {
    /// A layer that runs `cell` in `direction`.
    ///
    /// # Errors
    ///
    /// A cell whose sizes do not agree: see [`Cell`].
    pub fn new<T: Real>(cell: C, direction: Direction) -> Result<Self>
    where
        C: Cell<T>,
    {
        checks::check_cell(&cell)?;
        Ok(Layer { cell, direction })
    }

    /// The cell.
    #[must_use]
    pub fn cell(&self) -> &C {
        &self.cell
    }

    /// The cell, the layer being given up.
    #[must_use]
    pub fn into_cell(self) -> C {
        self.cell
    }

    /// The direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Parameters of the right names and shapes, all zero.
    ///
    /// # Panics
    ///
    /// Never for a cell that [`new`](Self::new) accepted, unless its shapes change.
    #[must_use]
    pub fn parameters<T: Real>(&self) -> Parameters<T>
    where
        C: Cell<T>,
    {
        Parameters::zeros(self.cell.parameter_shapes()).expect("shapes were accepted by new")
    }

    /// Derives from the parameters what the runs need; to be done again when they change.
    ///
    /// # Errors
    ///
    /// Parameters of other names or shapes.
    pub fn prepare<T: Real>(&self, parameters: &Parameters<T>) -> Result<C::Prepared>
    where
        C: Cell<T>,
    {
        check_parameters(&self.cell, parameters)?;
        Ok(self.cell.prepare(parameters.values()))
    }

    /// All outputs and the final state. Without an initial state it starts from zeros.
    ///
    /// # Errors
    ///
    /// A batch or an initial state whose shape does not fit.
    pub fn forward<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        initial_state: Option<&C::State>,
    ) -> Result<LayerOutput<T, C::State>>
    where
        C: Cell<T>,
    {
        let mut outputs = Array3::from_elem((0, 0, 0), T::ZERO);
        let final_state = self.forward_into(prepared, batch, initial_state, &mut outputs)?;
        Ok(LayerOutput { outputs, final_state })
    }

    /// As [`forward`](Self::forward), with the outputs in the memory of `outputs` where their shape is
    /// the same, and the final state handed back.
    ///
    /// # Errors
    ///
    /// A batch or an initial state whose shape does not fit; then the outputs hold nothing of use.
    pub fn forward_into<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        initial_state: Option<&C::State>,
        outputs: &mut Array3<T>,
    ) -> Result<C::State>
    where
        C: Cell<T>,
    {
        let mut trace = Trace::default();
        std::mem::swap(&mut trace.outputs, outputs);
        self.forward_keeping(Keep::Nothing, prepared, batch, initial_state, &mut trace)?;
        std::mem::swap(&mut trace.outputs, outputs);
        Ok(unflatten::<T, C>(&self.cell, trace.kept.final_state, batch.batch_size()))
    }

    /// As [`forward`](Self::forward), keeping what [`backward`](Self::backward) needs.
    ///
    /// # Errors
    ///
    /// A batch or an initial state whose shape does not fit.
    pub fn forward_traced<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        initial_state: Option<&C::State>,
    ) -> Result<Trace<T>>
    where
        C: Cell<T>,
    {
        let mut trace = Trace::default();
        self.forward_traced_into(prepared, batch, initial_state, &mut trace)?;
        Ok(trace)
    }

    /// As [`forward_traced`](Self::forward_traced), in the memory of an earlier trace: for training,
    /// where fresh memory for every step costs as much as a good part of the arithmetic.
    ///
    /// # Errors
    ///
    /// A batch or an initial state whose shape does not fit.
    pub fn forward_traced_into<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        initial_state: Option<&C::State>,
        trace: &mut Trace<T>,
    ) -> Result<()>
    where
        C: Cell<T>,
    {
        let keep = trace.keeps.of(batch.seq_len());
        self.forward_keeping(keep, prepared, batch, initial_state, trace)
    }

    /// The final state of a traced run.
    #[must_use]
    pub fn final_state<T: Real>(&self, trace: &Trace<T>) -> C::State
    where
        C: Cell<T>,
    {
        unflatten::<T, C>(&self.cell, trace.kept.final_state.clone(), trace.lengths.len())
    }

    /// Back-propagation through time: adds the gradients of the parameters to `grad_parameters` and
    /// returns those of the inputs and of the initial state.
    ///
    /// `batch` and `prepared` are those of the forward run. The trace is used up: its memory becomes
    /// that of the deltas.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit the trace, or a trace that was used before.
    pub fn backward<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        trace: &mut Trace<T>,
        arriving: ArrivingGradient<'_, T, C::State>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<LayerGradient<T, C::State>>
    where
        C: Cell<T>,
    {
        let mut inputs = Array3::from_elem((0, 0, 0), T::ZERO);
        let targets = GradientTargets { parameters: grad_parameters, inputs: &mut inputs };
        let initial_state = self.backward_into(prepared, batch, trace, arriving, targets)?;
        Ok(LayerGradient { inputs, initial_state })
    }

    /// As [`backward`](Self::backward), with the gradient of the inputs in the memory of
    /// `targets.inputs` where the shape is the same, and that of the initial state handed back.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit the trace, or a trace that was used before.
    pub fn backward_into<T: Real>(
        &self,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        trace: &mut Trace<T>,
        arriving: ArrivingGradient<'_, T, C::State>,
        targets: GradientTargets<'_, T>,
    ) -> Result<C::State>
    where
        C: Cell<T>,
    {
        let GradientTargets { parameters: grad_parameters, inputs: grad_inputs } = targets;
        check_parameters(&self.cell, grad_parameters)?;
        self.check_prepared(prepared)?;
        self.check_batch(batch)?;
        self.check_trace(batch, trace)?;
        let (batch_size, seq_len) = (batch.batch_size(), batch.seq_len());
        if let Some(outputs) = &arriving.outputs {
            let expected = [batch_size, seq_len, self.cell.output_size()];
            if outputs.shape() != expected {
                return Err(Error::shape("grad_outputs", &expected, outputs.shape()));
            }
        }
        let final_state = arriving
            .final_state
            .map(|grad| flatten::<T, C>(&self.cell, "grad_final_state", grad, batch_size))
            .transpose()?;
        let outputs = arriving.outputs.as_ref().map(|grad| grad.as_standard_layout());
        if grad_inputs.dim() != batch.values().dim() || !grad_inputs.is_standard_layout() {
            *grad_inputs = Array3::from_elem(batch.values().dim(), T::ZERO);
        }
        let mut initial = vec![T::ZERO; trace.kept.initial.len()];
        trace.spent = true;
        let shape = self.shape(Span { lengths: &trace.lengths, seq_len });
        time_loop::backward(
            self.bound(prepared),
            shape,
            BackwardArrays {
                inputs: batch.as_slice(),
                outputs: trace.outputs.as_slice().unwrap_or(&[]),
            },
            &mut trace.kept,
            Gradients {
                outputs: outputs.as_ref().and_then(|grad| grad.as_slice()),
                final_state: final_state.as_deref(),
                inputs: grad_inputs.as_slice_mut(),
                initial: &mut initial,
                parameters: grad_parameters.values_mut(),
            },
        );
        Ok(unflatten::<T, C>(&self.cell, initial, batch_size))
    }

    fn forward_keeping<T: Real>(
        &self,
        keep: Keep,
        prepared: &C::Prepared,
        batch: &SequenceBatch<T>,
        initial_state: Option<&C::State>,
        trace: &mut Trace<T>,
    ) -> Result<()>
    where
        C: Cell<T>,
    {
        self.check_prepared(prepared)?;
        self.check_batch(batch)?;
        let (batch_size, seq_len) = (batch.batch_size(), batch.seq_len());
        trace.kept.initial = match initial_state {
            Some(state) => flatten::<T, C>(&self.cell, "initial_state", state, batch_size)?,
            None => vec![T::ZERO; batch_size * self.cell.state_size()],
        };
        let outputs = (batch_size, seq_len, self.cell.output_size());
        if trace.outputs.dim() != outputs || !trace.outputs.is_standard_layout() {
            trace.outputs = Array3::from_elem(outputs, T::ZERO);
        }
        trace.lengths.clear();
        if keep != Keep::Nothing {
            trace.lengths.extend_from_slice(batch.lengths());
        }
        time_loop::forward(
            self.bound(prepared),
            self.shape(Span { lengths: batch.lengths(), seq_len }),
            ForwardArrays {
                inputs: batch.as_slice(),
                outputs: trace.outputs.as_slice_mut().unwrap_or(&mut []),
            },
            Keeping { trace: &mut trace.kept, keep },
        );
        trace.spent = keep == Keep::Nothing;
        Ok(())
    }

    fn bound<'a, T: Real>(&'a self, prepared: &'a C::Prepared) -> BoundCell<'a, T, C>
    where
        C: Cell<T>,
    {
        BoundCell { cell: &self.cell, prepared, direction: self.direction }
    }

    /// The outputs of this layer alone.
    fn shape<'a, T: Real>(&self, span: Span<'a>) -> Shape<'a>
    where
        C: Cell<T>,
    {
        Shape { span, output_stride: self.cell.output_size(), output_offset: 0, noise: None }
    }
}
