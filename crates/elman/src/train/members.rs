//! Ensembles: trainings that differ in their seed alone, side by side, one thread each.

use super::parts::Parts;
use super::run::metrics;
use super::side_by_side::{Stopped, side_by_side, workers};
use super::{Control, Progress, Report, Trained, Trainer, TrainingData, TrainingOptions};
use crate::data::Dataset;
use crate::error::{Error, Field, Result};
use crate::model::{DataDigest, MOST_MEMBERS, MemberRecord, Model};
use crate::real::Real;
use crate::task::Evaluation;

/// What is told how the training of a member, by its index, goes.
pub type MemberCallback<'a> = dyn Fn(usize, &Progress) -> Control + Sync + 'a;

/// A trained ensemble.
#[derive(Debug)]
pub struct TrainedMembers<T: Real = f32> {
    /// The model: all members together.
    pub model: Model<T>,
    /// How the training of each member went.
    pub reports: Vec<Report>,
    /// How good the ensemble is on the training data; `None` if an output is not finite.
    pub training: Option<Evaluation>,
    /// How good it is on the validation data; `None` without them.
    pub validation: Option<Evaluation>,
}

impl Trainer {
    /// Trains an ensemble of so many networks, of which member k is what
    /// [`fit`](Self::fit) makes of the seed plus k and one thread.
    ///
    /// Members are trained side by side on the threads that the options ask for; what comes out
    /// does not depend on their number. A part that is set aside for validation is the same for
    /// all of them. The callback is called from several threads.
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit); no member, or more than 1,000; a member that diverged before
    /// its first epoch was over.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::train::{Control, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]]];
    /// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
    /// let trained = Trainer::default().fit_members::<f32>(3, &data, &|_, _| Control::Continue)?;
    /// assert_eq!((trained.model.members().len(), trained.reports.len()), (3, 3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_members<'a, T: Real>(
        &self,
        members: usize,
        data: impl Into<TrainingData<'a>>,
        callback: &MemberCallback<'_>,
    ) -> Result<TrainedMembers<T>> {
        if !(1..=MOST_MEMBERS).contains(&members) {
            let expected = format!("1 to {MOST_MEMBERS}");
            return Err(Error::argument(Field::Members, expected, members));
        }
        let data = data.into();
        let parts = Parts::new(&self.options, data)?;
        let stopped = Stopped::default();
        let listen = |index: usize, progress: &Progress| stopped.heed(callback(index, progress));
        let trained = side_by_side(members, workers(&self.options)?, |index| {
            if stopped.is_set() { Ok(None) } else { self.member(index, &parts, &listen).map(Some) }
        })?;
        self.gather(data, &parts, trained.into_iter().flatten().collect())
    }

    fn member<T: Real>(
        &self,
        index: usize,
        parts: &Parts<'_>,
        callback: &MemberCallback<'_>,
    ) -> Result<Trained<T>> {
        let options = TrainingOptions {
            seed: self.options.seed.wrapping_add(index as u64),
            validation_fraction: 0.0,
            threads: Some(1),
            ..self.options.clone()
        };
        let trainer = Trainer { options, network: self.network.clone() };
        let validation = parts.validation.as_deref();
        let data = TrainingData { training: &parts.training, validation };
        let trained = trainer.fit_with(data, &mut |progress| callback(index, progress))?;
        match (trained.report.best_epoch, trained.report.outcome.error()) {
            (Some(0), Some(error)) => Err(error),
            _ => Ok(trained),
        }
    }

    fn gather<T: Real>(
        &self,
        data: TrainingData<'_>,
        parts: &Parts<'_>,
        trained: Vec<Trained<T>>,
    ) -> Result<TrainedMembers<T>> {
        let record = |(index, trained): (usize, &Trained<T>)| MemberRecord {
            seed: self.options.seed.wrapping_add(index as u64),
            epochs: trained.report.epochs.len(),
            metrics: trained.model.provenance().metrics.clone(),
        };
        let members: Vec<MemberRecord> = trained.iter().enumerate().map(record).collect();
        let (models, reports): (Vec<_>, Vec<_>) =
            trained.into_iter().map(|trained| (trained.model, trained.report)).unzip();
        let mut model = Model::ensemble(models)?;
        let measure = |data: &Dataset| model.evaluate(data).ok();
        let training = measure(&parts.training);
        let validation = parts.validation.as_deref().and_then(measure);
        let provenance = model.provenance_mut();
        provenance.training_data = Some(DataDigest::of(data.training));
        provenance.validation_data = data.validation.map(DataDigest::of);
        provenance.settings = serde_json::json!({
            "training": self.options, "network": self.network, "members": members.len(),
        });
        provenance.metrics = metrics([("training", &training), ("validation", &validation)]);
        provenance.members = members;
        Ok(TrainedMembers { model, reports, training, validation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::testing::{fit, means, short, signs, small};
    use crate::train::{Control, Monitor};

    fn members<T: Real>(options: TrainingOptions, data: &Dataset) -> TrainedMembers<T> {
        let trainer = Trainer::new(options, small()).unwrap();
        trainer.fit_members(3, data, &|_, _| Control::Continue).unwrap()
    }

    fn weights<T: Real>(model: &Model<T>) -> Vec<Vec<u64>> {
        let bits = |network: &crate::Network<T>| {
            network.parameters().values().iter().map(|value| value.to_f64().to_bits()).collect()
        };
        model.members().map(bits).collect()
    }

    #[test]
    fn members_are_the_trainings_of_the_seeds_on_any_number_of_threads() {
        let data = signs(40, 1);
        let options = |threads| TrainingOptions { seed: 7, threads, ..short(3) };
        let reference = members::<f32>(options(Some(1)), &data);
        for (index, found) in weights(&reference.model).iter().enumerate() {
            let options = TrainingOptions { seed: 7 + index as u64, ..short(3) };
            let single = fit::<f32>(options, small(), &data);
            assert_eq!(*found, weights(&single.model)[0]);
            assert_eq!(reference.reports[index].epochs, single.report.epochs);
        }
        for threads in [Some(2), Some(5), None] {
            let other = members::<f32>(options(threads), &data);
            assert_eq!(weights(&other.model), weights(&reference.model));
            assert_eq!(other.model.provenance(), reference.model.provenance());
        }
    }

    #[test]
    fn an_ensemble_says_the_mean_of_what_its_members_say() {
        let data = signs(40, 2);
        let trained = members::<f64>(short(3), &data);
        let found = trained.model.predict(&data).unwrap().into_classes().unwrap();
        let mut mean = ndarray::Array2::<f64>::zeros(found.probabilities().raw_dim());
        for seed in 1..=3 {
            let single = fit::<f64>(TrainingOptions { seed, ..short(3) }, small(), &data);
            mean += &single.model.predict(&data).unwrap().classes().unwrap().probabilities();
        }
        mean /= 3.0;
        let found = found.probabilities();
        let worst = found.iter().zip(&mean).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f64::max) < 1e-14);

        let data = means(40, 2);
        let trained = members::<f64>(short(3), &data);
        let found = trained.model.predict(&data).unwrap().into_values().unwrap();
        let single = |seed| fit::<f64>(TrainingOptions { seed, ..short(3) }, small(), &data);
        let single = |seed| single(seed).model.predict(&data).unwrap().into_values().unwrap();
        let singles: Vec<_> = (1..=3).map(single).collect();
        for ((row, column), value) in found.values().indexed_iter() {
            let sum: f64 = singles.iter().map(|single| single.values()[[row, column]]).sum();
            assert!((value / (sum / 3.0) - 1.0).abs() < 1e-12);
        }
        assert_eq!(trained.model.evaluate_members(&data).unwrap().len(), 3);
    }

    #[test]
    fn all_members_are_validated_on_the_same_part() {
        let options =
            TrainingOptions { validation_fraction: 0.25, monitor: Monitor::Metric, ..short(2) };
        let trained = members::<f32>(options, &signs(40, 3));
        let sizes = trained.reports.iter().map(|report| report.validation_sequences);
        assert_eq!(sizes.collect::<Vec<_>>(), [10, 10, 10]);
        assert!(trained.validation.unwrap().sequences() == 10);
        let provenance = trained.model.provenance();
        assert_eq!(provenance.training_data.as_ref().unwrap().sequences, 40);
        assert_eq!(provenance.members.len(), 3);
        assert!(provenance.members[2].metrics.contains_key("validation_accuracy"));
    }

    #[test]
    fn a_file_holds_all_members() {
        let (data, folder) = (signs(30, 4), tempfile::tempdir().unwrap());
        let trained = members::<f32>(short(2), &data);
        let path = folder.path().join("ensemble.safetensors");
        trained.model.save(&path).unwrap();
        let loaded = Model::<f32>::load(&path).unwrap();
        assert_eq!(weights(&loaded), weights(&trained.model));
        assert_eq!(loaded.predict(&data).unwrap(), trained.model.predict(&data).unwrap());
        assert_eq!(loaded.provenance(), trained.model.provenance());
    }

    #[test]
    fn members_are_stopped_together_and_those_that_do_not_fit_are_refused() {
        let data = signs(30, 4);
        let trainer = Trainer::new(short(1), small()).unwrap();
        for count in [0, 1001] {
            let error = trainer.fit_members::<f32>(count, &data, &|_, _| Control::Continue);
            let expected = format!("members: expected 1 to 1000, got {count}");
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
        let models = [&data, &signs(29, 4)].map(|data| fit::<f32>(short(1), small(), data).model);
        let error = Model::ensemble(models.into()).unwrap_err().to_string();
        assert_eq!(error, "members[1]: expected the task of the first, got another");
        let wild =
            TrainingOptions { learning_rate: 1e300, clip: crate::clip::Clip::None, ..short(2) };
        let trainer = Trainer::new(wild, small()).unwrap();
        let error = trainer.fit_members::<f32>(2, &data, &|_, _| Control::Continue).unwrap_err();
        assert!(matches!(error, Error::Diverged { .. }), "{error}");
    }
}
