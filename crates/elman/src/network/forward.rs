//! Forward runs.

use super::head::Answers;
use super::inputs::span;
use super::{InitialState, Network, NetworkOutput, NetworkState, NetworkTrace, Readout};
use crate::dropout::DropoutMode;
use crate::error::{Error, Result};
use crate::layer::time_loop::Keep;
use crate::real::Real;
use crate::sequence::SequenceBatch;
use crate::stack::StackInput;
use elman_kernels::pointwise::resize;

/// How a run is made.
#[derive(Clone, Copy)]
struct Mode<'a> {
    dropout: DropoutMode<'a>,
    keep: Keep,
}

impl<T: Real> Network<T> {
    /// The outputs and the final state, without dropout. Without an initial state it starts as
    /// [`InitialState`] says.
    ///
    /// # Errors
    ///
    /// A batch or a state whose shape does not fit; a token id outside of its vocabulary.
    pub fn forward(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
    ) -> Result<NetworkOutput<T>> {
        let mut trace = NetworkTrace::default();
        let mode = Mode { dropout: DropoutMode::Off, keep: Keep::Nothing };
        self.run(batch, initial_state, mode, &mut trace)?;
        let final_state = self.final_state(&trace);
        Ok(NetworkOutput { outputs: trace.outputs().to_owned(), final_state })
    }

    /// As [`forward`](Self::forward), with dropout if wanted, keeping in `trace` what
    /// [`backward`](Self::backward) needs. The memory of an earlier run is used again.
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward).
    pub fn forward_traced(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        dropout: DropoutMode<'_>,
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        let keep = trace.keeps.of(batch.seq_len());
        self.run(batch, initial_state, Mode { dropout, keep }, trace)
    }

    fn run(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        mode: Mode<'_>,
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        self.inputs.check(batch)?;
        trace.start(batch);
        self.stack.start(&mut trace.stack);
        self.set_initial(initial_state, trace)?;
        let span = span(batch);
        let Mode { dropout, keep } = mode;
        let tables = &self.parameters.values()[self.regions.tables.clone()];
        let inputs = self.inputs.forward(batch, tables, dropout, &mut trace.inputs);
        let input = StackInput { span, inputs };
        self.stack.forward(input, dropout, keep, &mut trace.stack);
        self.readout.forward(&self.stack, input, &trace.stack, &mut trace.readout);
        let features = self.readout.read(&trace.stack, &trace.readout);
        let answers = match self.config.body.readout {
            Readout::EveryStep => Answers::Steps(span),
            Readout::Pooled(_) => Answers::Sequences(batch.batch_size()),
        };
        self.head.forward(features, answers, dropout, &mut trace.head);
        trace.answers = self.readout.answers(batch.seq_len());
        trace.output_size = self.config.output_size();
        trace.finish(keep);
        Ok(())
    }

    fn set_initial(
        &self,
        initial_state: Option<&NetworkState<T>>,
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        let batch_size = trace.lengths.len();
        let learned = self.config.body.initial_state == InitialState::Learned;
        trace.learned_start = learned && initial_state.is_none();
        let states = match initial_state {
            Some(state) => {
                self.check_state(state, batch_size)?;
                Some(&state.layers)
            }
            None if self.config.body.initial_state == InitialState::Given => {
                return Err(Self::no_state());
            }
            None => None,
        };
        let mut start = self.regions.initial.start;
        for (index, (run, (_, size))) in trace.stack.runs_mut().zip(self.stack.states()).enumerate()
        {
            run.initial.clear();
            match states {
                Some(layers) => run.initial.extend(layers[index].iter()),
                None if learned => {
                    let own = &self.parameters.values()[start..start + size];
                    (0..batch_size).for_each(|_| run.initial.extend_from_slice(own));
                }
                None => resize(&mut run.initial, batch_size * size),
            }
            start += size;
        }
        Ok(())
    }

    pub(super) fn check_state(&self, state: &NetworkState<T>, batch_size: usize) -> Result<()> {
        let count = self.stack.states().count();
        if state.layers.len() != count {
            return Err(Error::shape("initial_state", &[count], &[state.layers.len()]));
        }
        for (index, (array, (_, size))) in state.layers.iter().zip(self.stack.states()).enumerate()
        {
            if array.dim() != (batch_size, size) {
                let name = format!("initial_state.layers[{index}]");
                return Err(Error::shape(name, &[batch_size, size], array.shape()));
            }
        }
        Ok(())
    }

    /// What is said where a state must be given and is not.
    pub(super) fn no_state() -> Error {
        let expected = "a state for each sequence, as the network has it given";
        Error::argument("initial_state", expected, "none")
    }
}
