//! A network with everything that one update of its weights needs, all memory used again.

use elman_kernels::Level;
use elman_kernels::pointwise::{resize, scale, zero};
use ndarray::{Array2, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3};

use super::options::TrainingOptions;
use super::sparse::Sparse;
use crate::clip::Clip;
use crate::dropout::{Draws, DropoutMode};
use crate::error::Result;
use crate::lesson::{Batch, Lesson, Piece, Start, Tally};
use crate::network::{Network, NetworkState, NetworkTrace};
use crate::optimizer::{Optimizer, Rates, WeightAverage};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::rng::MaskSource;

/// A network that learns.
pub(super) struct Learner<T: Real> {
    pub(super) network: Network<T>,
    pub(super) optimizer: Optimizer<T>,
    seed: u64,
    pub(super) average: Option<WeightAverage<T>>,
    grad: Parameters<T>,
    sparse: Option<Sparse<T>>,
    batch: Batch<T>,
    trace: NetworkTrace<T>,
    grad_outputs: Vec<T>, // [B, S, O]
    /// Where the piece before has ended.
    pub(super) carried: NetworkState<T>,
}

/// A number that is infinite or NaN.
pub(super) struct NotFinite {
    pub(super) what: &'static str,
    pub(super) value: f64,
}

/// One piece of an update.
struct Part<'a> {
    piece: &'a Piece,
    /// Of the answers of the update.
    share: f64,
    update: u64,
}

/// How it is done.
pub(super) struct Pace {
    pub(super) clip: Clip,
    pub(super) rates: Rates,
    /// The number of the update, from 0.
    pub(super) update: u64,
}

/// An update, or the number that stopped it.
pub(super) type Attempt = std::result::Result<(), NotFinite>;

impl<T: Real> Learner<T> {
    /// # Errors
    ///
    /// Options out of their range.
    pub(super) fn new(network: Network<T>, options: &TrainingOptions) -> Result<Self> {
        let parameters = network.parameters();
        let average = options.averaging.map(|averaging| WeightAverage::new(averaging, parameters));
        let optimizer = Optimizer::new(options.optimizer, parameters)?;
        Ok(Learner {
            sparse: Sparse::of(&network, &optimizer),
            optimizer,
            seed: options.seed,
            average: average.transpose()?,
            grad: parameters.zeros_like(),
            batch: Batch::default(),
            trace: NetworkTrace::keeping(options.keeps),
            grad_outputs: Vec::new(),
            carried: NetworkState::default(),
            network,
        })
    }

    /// Makes room for the carried states of so many sequences; none for 0.
    pub(super) fn carry(&mut self, sequences: usize) {
        let shapes = self.network.state_shapes(sequences);
        let layers = shapes
            .into_iter()
            .filter(|_| sequences > 0)
            .map(|shape| Array2::from_elem(shape, T::ZERO));
        self.carried = NetworkState { layers: layers.collect() };
    }

    /// The weights that are judged and saved: the average, once there is one.
    pub(super) fn weights(&self) -> &Parameters<T> {
        let average = self.average.as_ref().and_then(WeightAverage::weights);
        average.unwrap_or(self.network.parameters())
    }

    /// Looks at the network with the weights that are judged.
    pub(super) fn judged<R>(&mut self, look: impl FnOnce(&Network<T>) -> R) -> R {
        let Some(average) = self.average.as_ref().and_then(WeightAverage::weights) else {
            return look(&self.network);
        };
        let own = self.network.parameters().clone();
        self.network.update(|weights| weights.values_mut().copy_from_slice(average.values()));
        let seen = look(&self.network);
        self.network.update(|weights| weights.values_mut().copy_from_slice(own.values()));
        seen
    }

    /// One update of the weights by the gradients of these batches together, added up in `tally`.
    ///
    /// Pieces without an answer carry the state on and have no gradient.
    pub(super) fn update(
        &mut self,
        lesson: &mut Lesson<'_, T>,
        batches: &[Vec<Piece>],
        pace: Pace,
        tally: &mut Tally,
    ) -> Result<Attempt> {
        match &mut self.sparse {
            Some(sparse) => sparse.clear(&mut self.grad),
            None => zero(self.grad.values_mut()),
        }
        let pieces = || batches.iter().flatten();
        let total: f64 = pieces().map(|piece| lesson.feed.weight(piece)).sum();
        for piece in pieces() {
            let share = lesson.feed.weight(piece) / total;
            let part = Part { piece, share, update: pace.update };
            if let Err(bad) = self.accumulate(lesson, &part, tally)? {
                return Ok(Err(bad));
            }
        }
        if total > 0.0 { self.change_weights(pace, tally) } else { Ok(Ok(())) }
    }

    fn change_weights(&mut self, pace: Pace, tally: &mut Tally) -> Result<Attempt> {
        let norm = match &mut self.sparse {
            Some(sparse) => sparse.clip(pace.clip, &mut self.grad)?,
            None => pace.clip.apply(self.grad.values_mut())?,
        };
        if !norm.is_finite() {
            return Ok(Err(NotFinite { what: "gradient norm", value: norm }));
        }
        let (optimizer, grad, sparse) = (&mut self.optimizer, &self.grad, &self.sparse);
        self.network.update(|parameters| match sparse {
            Some(sparse) => optimizer.step_touched(pace.rates, parameters, grad, sparse.ranges()),
            None => optimizer.step(pace.rates, parameters, grad),
        })?;
        if let Some(average) = &mut self.average {
            average.observe(pace.update, self.network.parameters())?;
        }
        tally.updates += 1;
        tally.norms += norm;
        Ok(Ok(()))
    }

    /// Adds the gradient of one piece, times its `share` of the answers of the update.
    fn accumulate(
        &mut self,
        lesson: &mut Lesson<'_, T>,
        part: &Part<'_>,
        tally: &mut Tally,
    ) -> Result<Attempt> {
        let Part { piece, share, .. } = *part;
        lesson.feed.fill(piece, &mut self.batch)?;
        self.forward(part)?;
        if lesson.feed.carries() {
            self.carried = self.network.final_state(&self.trace);
        }
        let weight = lesson.feed.weight(piece);
        if weight == 0.0 {
            return Ok(Ok(()));
        }
        let outputs = self.trace.outputs();
        let shape = outputs.dim();
        resize(&mut self.grad_outputs, outputs.len());
        let answers = answers(outputs);
        let grad = ArrayViewMut2::from_shape(answers.dim(), &mut self.grad_outputs)
            .expect("a gradient for each output");
        let loss = lesson.objective.gradient(answers, &self.batch.targets, grad)?;
        if !loss.is_finite() {
            return Ok(Err(NotFinite { what: "loss", value: loss }));
        }
        tally.weight += weight;
        tally.loss += loss * weight;
        lesson.objective.count(answers, &self.batch.targets, tally);
        if share < 1.0 {
            let share = T::from_f64(share);
            scale(Level::current(), &mut self.grad_outputs, share);
        }
        let grad = ArrayViewMut3::from_shape(shape, &mut self.grad_outputs)
            .expect("a gradient for each output");
        if let Some(sparse) = &mut self.sparse {
            sparse.add(&self.network, &self.batch.inputs)?;
        }
        self.network.backward(&self.batch.inputs, &mut self.trace, grad.view(), &mut self.grad)?;
        Ok(Ok(()))
    }

    /// Runs the network over the batch, from where the piece starts.
    fn forward(&mut self, part: &Part<'_>) -> Result<()> {
        let Part { piece, update, .. } = *part;
        let source = MaskSource { seed: self.seed, update };
        let draws = Draws { source, sequences: &piece.rows, first_step: piece.first_step };
        let initial = match piece.start {
            Start::Fresh => None,
            Start::Continued => Some(&self.carried),
        };
        let mode = DropoutMode::On(draws);
        self.network.forward_traced(&self.batch.inputs, initial, mode, &mut self.trace)
    }

    /// A weight that is infinite or NaN.
    pub(super) fn bad_weight(&self) -> Option<NotFinite> {
        let weights = self.network.parameters().values();
        let bad = weights.iter().find(|weight| !weight.is_finite())?;
        Some(NotFinite { what: "weight", value: bad.to_f64() })
    }
}

/// The answers `[B·S, O]` of outputs `[B, S, O]`.
fn answers<T>(outputs: ArrayView3<'_, T>) -> ArrayView2<'_, T> {
    let (batch_size, answers, width) = outputs.dim();
    outputs
        .into_shape_with_order((batch_size * answers, width))
        .expect("outputs stand one after the other")
}
