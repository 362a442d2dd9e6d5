//! One step of a whole network in inference, in memory of the caller.

use std::ops::Range;

use super::{InitialState, Network, NetworkState, Pooling, Readout, rows};
use crate::cell::Begun;
use crate::error::{Error, Result};
use crate::real::Real;
use crate::stack::StackMemory;

/// The most values that are kept of what the bottom layer computes of each token alone.
const MOST_BEGUN: usize = 1 << 24;

/// The states of some rows, and memory for their steps.
#[derive(Clone, Debug)]
pub(crate) struct StepMemory<T> {
    stack: StackMemory<T>,
    inputs: Vec<T>, // [rows, width]; empty where the first layer reads the caller's values
    answers: Vec<Vec<T>>, // [rows, size] for each layer of the head
}

/// What a network reads in one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepInput<'a, T> {
    pub numeric: &'a [T],  // [rows, I]
    pub tokens: &'a [u32], // [rows, channels]
}

/// What the bottom layer computes of each token alone, `b + e·W`: the products with its input weights,
/// made once for all steps.
#[derive(Debug)]
pub(crate) struct BegunTokens<T> {
    values: Vec<T>, // [V, width]
    width: usize,
}

impl<T: Real> StepMemory<T> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.stack.rows()
    }

    /// The answers to the last step, `[rows, O]`.
    pub fn answers(&self) -> &[T] {
        self.answers.last().map_or(&[], Vec::as_slice)
    }

    /// The states.
    pub fn state(&self) -> NetworkState<T> {
        let count = self.rows();
        let layers = self.stack.states().map(|state| rows(state, state.len() / count.max(1)));
        NetworkState { layers: layers.collect() }
    }

    /// Copies the states and answers of `source`, which has as many rows of the same network.
    pub fn copy_from(&mut self, source: &Self) {
        for (target, source) in self.stack.states_mut().zip(source.stack.states()) {
            target.copy_from_slice(source);
        }
        for (target, source) in self.answers.iter_mut().zip(&source.answers) {
            target.copy_from_slice(source);
        }
    }

    /// Makes row `to` a copy of row `from`.
    pub fn copy_row(&mut self, from: usize, to: usize) {
        let count = self.rows().max(1);
        for state in self.stack.states_mut() {
            let size = state.len() / count;
            state.copy_within(from * size..(from + 1) * size, to * size);
        }
    }
}

impl<T: Real> Network<T> {
    /// Refuses a network that cannot answer before it has seen the end of a sequence.
    pub(crate) fn check_steps(&self) -> Result<()> {
        if let Some(layer) = self.stack.backward_layer() {
            let directions = self.config.body.layers[layer].directions;
            let found = format!("{directions:?}, which starts from the end of a sequence");
            let name = format!("layers[{layer}].directions");
            return Err(Error::argument(name, "forward in a stream", found.to_lowercase()));
        }
        match &self.config.body.readout {
            Readout::EveryStep => Ok(()),
            Readout::Pooled(parts) if parts[..] == [Pooling::LastStep] => Ok(()),
            Readout::Pooled(parts) => {
                let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
                let found = format!("{}, which looks at more than one step", names.join(", "));
                Err(Error::argument("readout", "every step or the last step in a stream", found))
            }
        }
    }

    /// Memory for steps of `count` rows; their states are zero.
    pub(crate) fn step_memory(&self, count: usize) -> StepMemory<T> {
        let width = if self.inputs.is_plain() { 0 } else { self.inputs.width() };
        StepMemory {
            stack: self.stack.memory(count),
            inputs: vec![T::ZERO; count * width],
            answers: self.head.memory(count),
        }
    }

    /// Sets the states to those given, or as [`InitialState`] says.
    pub(crate) fn set_step_state(
        &self,
        state: Option<&NetworkState<T>>,
        memory: &mut StepMemory<T>,
    ) -> Result<()> {
        let count = memory.rows();
        if let Some(state) = state {
            self.check_state(state, count)?;
            for (target, source) in memory.stack.states_mut().zip(&state.layers) {
                target.iter_mut().zip(source).for_each(|(target, value)| *target = *value);
            }
            return Ok(());
        }
        let mut start = self.regions.initial.start;
        for target in memory.stack.states_mut() {
            match self.config.body.initial_state {
                InitialState::Given => return Err(Self::no_state()),
                InitialState::Zeros => target.fill(T::ZERO),
                InitialState::Learned => {
                    let size = target.len() / count.max(1);
                    let own = &self.parameters.values()[start..start + size];
                    target.chunks_exact_mut(size).for_each(|row| row.copy_from_slice(own));
                    start += size;
                }
            }
        }
        Ok(())
    }

    /// What the bottom layer computes of each token alone, if the network reads tokens of one channel
    /// and nothing else, few enough that all of it can be kept.
    pub(crate) fn begun_tokens(&self) -> Option<BegunTokens<T>> {
        let table = self.inputs.only_table()?;
        let width = self.stack.begun_size();
        let count = table.len() / self.inputs.width();
        if self.stack.adds_input() || count.saturating_mul(width) > MOST_BEGUN {
            return None;
        }
        let values = self.stack.begin(&self.tables()[table])?;
        Some(BegunTokens { values, width })
    }

    /// One step. `begun` was made of this network as it is.
    pub(crate) fn step(
        &self,
        input: StepInput<'_, T>,
        begun: Option<&BegunTokens<T>>,
        memory: &mut StepMemory<T>,
    ) -> Result<()> {
        let StepInput { numeric, tokens } = input;
        self.inputs.check_step(memory.rows(), numeric, tokens)?;
        let StepMemory { stack, inputs, answers } = memory;
        if let Some(table) = begun {
            for (row, id) in stack.bottom_scratch().chunks_exact_mut(table.width).zip(tokens) {
                row.copy_from_slice(&table.values[*id as usize * table.width..][..table.width]);
            }
            self.stack.step(&[], Begun::Inputs, stack);
        } else if self.inputs.is_plain() {
            self.stack.step(numeric, Begun::Nothing, stack);
        } else {
            self.inputs.step(self.tables(), input, inputs);
            self.stack.step(inputs, Begun::Nothing, stack);
        }
        self.head.step(stack.outputs(), answers);
        Ok(())
    }

    fn tables(&self) -> &[T] {
        let Range { start, end } = self.regions.tables.clone();
        &self.parameters.values()[start..end]
    }
}
