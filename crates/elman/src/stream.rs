//! Networks one step at a time: what is known after each step, before the next one has happened.
//!
//! A [`Stream`] holds the states of one or several sequences and memory for their steps. A step
//! allocates nothing, and gives the same bits as [`Network::forward`] over the whole sequence gives at
//! that step. The first layer's products with the rows of an embedding are made once, when the stream
//! is: a step with a token then looks up a row and multiplies the state alone.
//!
//! ```
//! use elman::{Network, Rng, SequenceBatch, Stream};
//! use ndarray::array;
//!
//! # fn main() -> elman::Result<()> {
//! let mut network = Network::<f32>::new(Network::builder(2).gru(4).every_step().dense(3))?;
//! network.initialize(&mut Rng::new(1))?;
//! let values = array![[[0.5, -0.1], [0.3, 0.8]]];
//! let whole = network.forward(&SequenceBatch::full(values), None)?.outputs;
//!
//! let mut stream = Stream::new(&network, 1)?;
//! assert_eq!(stream.step(&[0.5, -0.1])?, [whole[[0, 0, 0]], whole[[0, 0, 1]], whole[[0, 0, 2]]]);
//! let mut other = stream.fork(); // two futures of one past
//! assert_eq!(stream.step(&[0.3, 0.8])?, [whole[[0, 1, 0]], whole[[0, 1, 1]], whole[[0, 1, 2]]]);
//! assert_ne!(other.step(&[0.0, 0.0])?, stream.outputs());
//! # Ok(())
//! # }
//! ```
//!
//! # What it refuses
//!
//! A layer that reads time from the end, and a readout that looks at more steps than the last one:
//! such a network has no answer before its sequence ends.

use std::sync::Arc;

use crate::error::Result;
use crate::memory;
use crate::network::{BegunTokens, Network, NetworkState, StepInput, StepMemory};
use crate::real::Real;

/// A network on its way through one or several sequences, a step of each at a time.
///
/// The network may not change meanwhile; that is why the stream borrows it, or shares it.
pub struct Stream<'n, T: Real> {
    network: Held<'n, T>,
    begun: Option<Arc<BegunTokens<T>>>,
    memory: StepMemory<T>,
}

/// A network that does not change.
#[derive(Clone)]
enum Held<'n, T: Real> {
    Borrowed(&'n Network<T>),
    Shared(Arc<dyn AsRef<Network<T>> + Send + Sync>),
}

impl<T: Real> Held<'_, T> {
    fn get(&self) -> &Network<T> {
        match self {
            Held::Borrowed(network) => network,
            Held::Shared(owner) => (**owner).as_ref(),
        }
    }
}

impl<T: Real> Stream<'static, T> {
    /// A stream that shares what has the network, a model say, and so may live anywhere.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use elman::{Network, Stream};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let network = Network::<f32>::new(Network::builder(1).gru(4).last_step().dense(1))?;
    /// let mut stream = Stream::shared(Arc::new(network), 1)?;
    /// let last = std::thread::spawn(move || stream.step(&[0.5]).map(<[f32]>::to_vec));
    /// assert_eq!(last.join().expect("no panic")?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn shared<N>(owner: Arc<N>, rows: usize) -> Result<Self>
    where
        N: AsRef<Network<T>> + Send + Sync + 'static,
    {
        Self::start(Held::Shared(owner), rows, None)
    }
}

impl<'n, T: Real> Stream<'n, T> {
    /// A stream of `rows` sequences, which start as the network's
    /// [`InitialState`](crate::network::InitialState) says.
    ///
    /// # Errors
    ///
    /// A network that reads time from the end or pools steps; one whose initial state must be given.
    pub fn new(network: &'n Network<T>, rows: usize) -> Result<Self> {
        Self::start(Held::Borrowed(network), rows, None)
    }

    /// A stream that goes on from this state: one row for each row of it.
    ///
    /// # Errors
    ///
    /// A network that reads time from the end or pools steps; a state of another network.
    pub fn from_state(network: &'n Network<T>, state: &NetworkState<T>) -> Result<Self> {
        let rows = state.layers.first().map_or(0, |layer| layer.nrows());
        Self::start(Held::Borrowed(network), rows, Some(state))
    }

    fn start(held: Held<'n, T>, rows: usize, state: Option<&NetworkState<T>>) -> Result<Self> {
        let network = held.get();
        network.check_steps()?;
        let states: usize = network.state_shapes(1).iter().map(|(_, size)| size).sum();
        let numbers = states + network.config().output_size() + 1;
        memory::check_count("rows", rows, (numbers * size_of::<T>()) as u64)?;
        let mut memory = network.step_memory(rows);
        network.set_step_state(state, &mut memory)?;
        let begun = network.begun_tokens().map(Arc::new);
        Ok(Stream { network: held, begun, memory })
    }

    /// The number of sequences.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.memory.rows()
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        self.network.get()
    }

    /// One step with numeric inputs `[rows, I]`; the answers `[rows, O]`.
    ///
    /// # Errors
    ///
    /// Another number of values; a network that reads tokens as well.
    pub fn step(&mut self, inputs: &[T]) -> Result<&[T]> {
        self.step_both(inputs, &[])
    }

    /// One step with a token of each channel for each row, `[rows, channels]`; the answers `[rows, O]`.
    ///
    /// # Errors
    ///
    /// Another number of tokens, an id outside of its vocabulary; a network that reads numbers as well.
    pub fn step_tokens(&mut self, tokens: &[u32]) -> Result<&[T]> {
        self.step_both(&[], tokens)
    }

    /// One step of a network that reads numbers `[rows, I]` and tokens `[rows, channels]`; the answers
    /// `[rows, O]`.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step) and [`step_tokens`](Self::step_tokens). Nothing has happened then.
    pub fn step_both(&mut self, inputs: &[T], tokens: &[u32]) -> Result<&[T]> {
        let input = StepInput { numeric: inputs, tokens };
        self.network.get().step(input, self.begun.as_deref(), &mut self.memory)?;
        Ok(self.memory.answers())
    }

    /// The answers to the last step, `[rows, O]`; zeros before the first one.
    #[must_use]
    pub fn outputs(&self) -> &[T] {
        self.memory.answers()
    }

    /// The states: what [`from_state`](Self::from_state) and [`set_state`](Self::set_state) take up
    /// again, and [`Network::forward`] too.
    #[must_use]
    pub fn state(&self) -> NetworkState<T> {
        self.memory.state()
    }

    /// Goes on from this state.
    ///
    /// # Errors
    ///
    /// A state of another network, or of another number of rows. Nothing has changed then.
    pub fn set_state(&mut self, state: &NetworkState<T>) -> Result<()> {
        self.network.get().set_step_state(Some(state), &mut self.memory)
    }

    /// Starts again.
    ///
    /// # Errors
    ///
    /// A network whose initial state must be given.
    pub fn reset(&mut self) -> Result<()> {
        self.network.get().set_step_state(None, &mut self.memory)
    }

    /// Another stream that goes on from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        let (network, begun) = (self.network.clone(), self.begun.clone());
        Stream { network, begun, memory: self.memory.clone() }
    }

    /// Goes on from where `other` is, without new memory.
    ///
    /// # Errors
    ///
    /// A stream of another number of rows, or of another network.
    pub fn follow(&mut self, other: &Self) -> Result<()> {
        if !std::ptr::eq(self.network.get(), other.network.get()) {
            let expected = "a stream of the same network";
            return Err(crate::Error::argument("other", expected, "one of another network"));
        }
        if self.rows() != other.rows() {
            return Err(crate::Error::shape("other", &[self.rows()], &[other.rows()]));
        }
        self.memory.copy_from(&other.memory);
        Ok(())
    }

    /// Makes the state of one row that of another: several futures of one past, side by side.
    ///
    /// # Errors
    ///
    /// A row that there is not.
    pub fn copy_row(&mut self, from: usize, to: usize) -> Result<()> {
        for (name, row) in [("from", from), ("to", to)] {
            if row >= self.rows() {
                return Err(crate::Error::argument(name, format!("below {}", self.rows()), row));
            }
        }
        self.memory.copy_row(from, to);
        Ok(())
    }
}
