//! How much memory a training takes, known before it begins.

use serde::Serialize;

use super::options::TrainingOptions;
use crate::error::{Error, Result};
use crate::layer::TraceKeeps;
use crate::layer::time_loop::segment_steps;
use crate::memory::{self, Room, Size};
use crate::model::ROWS;
use crate::network::NetworkConfig;
use crate::real::Real;

/// The memory that a training takes beyond its data, in bytes: an estimate, within a tenth or so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// The weights with their packed copies, gradients, moments, averages, and the best ones.
    pub weights: u64,
    /// The inputs, traces and gradients of the largest batch.
    pub traces: u64,
    /// The outputs of the layers over the sequences that are evaluated side by side.
    pub evaluation: u64,
}

/// The largest batches of a training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// The sequences of all data.
    pub(crate) sequences: usize,
    /// The steps of the longest one.
    pub(crate) longest: usize,
}

impl Footprint {
    /// The footprint of training this network in numbers of type `T`.
    ///
    /// # Errors
    ///
    /// A network that cannot be built.
    pub(super) fn of<T: Real>(
        network: &NetworkConfig,
        options: &TrainingOptions,
        extent: Extent,
    ) -> Result<Self> {
        let sizes = network.run_sizes()?;
        // The weights, their gradient, those of the best epoch, and those of the model that is made.
        let copies =
            4 + options.optimizer.moment_count() + 2 * usize::from(options.averaging.is_some());
        let rows = |most: usize| most.min(extent.sequences) as f64;
        let steps = options.bptt.map_or(extent.longest, |steps| steps.min(extent.longest));
        let segment = segment_steps(steps) as f64;
        let (batch, steps) = (rows(options.batch_size), steps as f64);
        let mut traced = sizes.traced * batch * steps;
        if options.keeps == TraceKeeps::Borders {
            let kept = sizes.recurrent * steps / segment * batch;
            let again = 2.0 * sizes.recurrent * segment * batch.max(8.0);
            traced -= (sizes.recurrent * batch * steps - kept - again).max(0.0);
        }
        #[expect(clippy::cast_possible_truncation, reason = "beyond the range it is the largest")]
        let bytes = |values: f64| (values * size_of::<T>() as f64) as u64;
        Ok(Footprint {
            weights: bytes(sizes.parameters * copies as f64 + sizes.packed),
            traces: bytes(traced),
            evaluation: bytes(sizes.inference * rows(ROWS) * extent.longest as f64),
        })
    }

    /// As [`of`](Self::of), refused where there is no room for it; `None` where it is not known.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of) and [`check`](Self::check).
    pub(super) fn checked<T: Real>(
        network: &NetworkConfig,
        options: &TrainingOptions,
        extent: Option<Extent>,
    ) -> Result<Option<Self>> {
        let footprint = extent.map(|extent| Self::of::<T>(network, options, extent)).transpose()?;
        footprint.map_or(Ok(()), |footprint| footprint.check())?;
        Ok(footprint)
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.traces).saturating_add(self.evaluation)
    }

    /// Refuses a training that the machine has no room for.
    ///
    /// # Errors
    ///
    /// More than what [`memory::room`] leaves.
    pub fn check(&self) -> Result<()> {
        memory::room().map_or(Ok(()), |room| self.check_in(room))
    }

    fn check_in(&self, room: Room) -> Result<()> {
        if self.total() <= room.bytes {
            return Ok(());
        }
        let expected = format!("at most {}, which {} leaves", Size(room.bytes), room.limit);
        let Footprint { weights, traces, evaluation } = *self;
        let largest = weights.max(traces).max(evaluation);
        let hint = match largest {
            _ if largest == weights => "a smaller hidden_size",
            _ if largest == traces => "recompute, bptt, a smaller batch_size or hidden_size",
            _ => "a smaller hidden_size, or shorter sequences",
        };
        let found = format!(
            "{} ({} for weights, gradients and moments, {} for the traces of a batch, {} for \
             evaluation; hint: {hint} needs less)",
            Size(self.total()),
            Size(weights),
            Size(traces),
            Size(evaluation),
        );
        Err(Error::argument("memory", expected, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::memory::Limit;
    use crate::optimizer::{OptimizerConfig, Sgd};

    const EXTENT: Extent = Extent { sequences: 4, longest: 50_000 };

    fn footprint(options: &TrainingOptions) -> Footprint {
        let network = Network::<f32>::builder(1).lstm(1024).dense(2);
        Footprint::of::<f32>(&network, options, EXTENT).unwrap()
    }

    #[test]
    fn each_option_lowers_its_part() {
        let whole = footprint(&TrainingOptions::default());
        let of = |options| footprint(&options);
        let small = of(TrainingOptions { batch_size: 2, ..TrainingOptions::default() });
        assert_eq!(small.traces * 2, whole.traces);
        assert_eq!(small.weights, whole.weights);
        let cut = of(TrainingOptions { bptt: Some(500), ..TrainingOptions::default() });
        assert_eq!(cut.traces * 100, whole.traces);
        assert_eq!(cut.evaluation, whole.evaluation);
        let keeps = TraceKeeps::Borders;
        let again = of(TrainingOptions { keeps, ..TrainingOptions::default() });
        assert!(again.traces * 4 < whole.traces, "{again:?}");
        let optimizer = OptimizerConfig::Sgd(Sgd::default());
        let plain = of(TrainingOptions { optimizer, ..TrainingOptions::default() });
        // AdamW has two moments, each a number for a parameter: 4 · 1024 · (1 + 1024 + 1), and a head.
        let parameters = 4 * 1024 * 1026 + 1025 * 2;
        assert_eq!(whole.weights - plain.weights, 2 * 4 * parameters);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_figures() {
        let footprint =
            Footprint { weights: 200_000_000, traces: 4_900_000_000, evaluation: 800_000_000 };
        assert_eq!(footprint.total(), 5_900_000_000);
        let room = |bytes| Room { bytes, limit: Limit::AddressSpace };
        assert!(footprint.check_in(room(5_900_000_000)).is_ok());
        let message = footprint.check_in(room(3_000_000_000)).unwrap_err().to_string();
        let expected = "memory: expected at most 3.0 GB, which the limit of the address space leaves, \
                        got 5.9 GB (200.0 MB for weights, gradients and moments, 4.9 GB for the traces \
                        of a batch, 800.0 MB for evaluation; hint: recompute, bptt, a smaller \
                        batch_size or hidden_size needs less)";
        assert_eq!(message, expected);
    }

    #[test]
    fn a_network_beyond_any_machine_has_a_footprint_all_the_same() {
        let network = Network::<f32>::builder(1).gru(20_000).dense(2);
        let extent = Extent { sequences: usize::MAX, longest: usize::MAX };
        let footprint =
            Footprint::of::<f32>(&network, &TrainingOptions::default(), extent).unwrap();
        assert_eq!(footprint.total(), u64::MAX);
    }
}
