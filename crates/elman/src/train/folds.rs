//! Cross-validation: how good a way of training is, apart from the luck of one split.

use super::side_by_side::{Stopped, side_by_side, workers};
use super::{
    MemberCallback, Monitor, Progress, Purpose, Report, Trained, Trainer, TrainingOptions,
};
use crate::data::{Dataset, Split, folds};
use crate::error::Result;
use crate::real::Real;
use crate::task::Evaluation;

/// One fold of a cross-validation.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Which sequences were learnt from, and which were held out.
    pub split: Split,
    /// How the training without the held-out sequences went.
    pub report: Report,
    /// How good its model is on the held-out sequences.
    pub evaluation: Evaluation,
}

impl Trainer {
    /// Trains once for each of so many folds, on the others, and measures on the fold itself, which
    /// neither weights nor scaling nor the choice of the epoch have seen. Classes are spread
    /// evenly over the folds.
    ///
    /// Trainings run side by side on the threads that the options ask for; what comes out does not
    /// depend on their number. The callback is called from several threads; if it says stop, the
    /// trainings under way end and the others are left out.
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit); fewer than two folds, or more than sequences; a model whose
    /// outputs are not finite.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::train::{Control, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let steps = [array![[1.0]], array![[-2.0]], array![[3.0]], array![[-4.0]]];
    /// let data = Dataset::with_labels(&steps, &["plus", "minus", "plus", "minus"])?;
    /// let folds = Trainer::default().cross_validate::<f32>(2, &data, &|_, _| Control::Continue)?;
    /// assert!(folds.iter().all(|fold| fold.evaluation.sequences() == 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cross_validate<T: Real>(
        &self,
        count: usize,
        data: &Dataset,
        callback: &MemberCallback<'_>,
    ) -> Result<Vec<Fold>> {
        let splits = folds(data, count, &mut Purpose::Folds.rng(self.options.seed))?;
        let stopped = Stopped::default();
        let results = side_by_side(count, workers(&self.options)?, |index| {
            if stopped.is_set() {
                return Ok(None);
            }
            let listen =
                |index: usize, progress: &Progress| stopped.heed(callback(index, progress));
            self.fold::<T>(index, &splits[index], data, &listen).map(Some)
        })?;
        Ok(results.into_iter().flatten().collect())
    }

    fn fold<T: Real>(
        &self,
        index: usize,
        split: &Split,
        data: &Dataset,
        callback: &MemberCallback<'_>,
    ) -> Result<Fold> {
        let options = TrainingOptions { threads: Some(1), ..self.options.clone() };
        let trainer = Trainer { options, network: self.network.clone() };
        let training = data.subset(&split.training)?;
        let Trained { model, report } =
            trainer.fit_with::<T>(&training, &mut |progress| callback(index, progress))?;
        let evaluation = model.evaluate(&data.subset(&split.validation)?)?;
        Ok(Fold { split: split.clone(), report, evaluation })
    }

    /// A trainer for all sequences, for as many epochs as a validation has shown to be best: small
    /// data sets cannot spare a part. It sets nothing aside and stops at no metric.
    ///
    /// # Errors
    ///
    /// No epochs.
    pub fn refit(&self, epochs: usize) -> Result<Self> {
        let options = TrainingOptions {
            epochs: Some(epochs),
            validation_fraction: 0.0,
            patience: None,
            monitor: Monitor::Loss,
            target_metric: None,
            ..self.options.clone()
        };
        Trainer::new(options, self.network.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Control;
    use crate::train::testing::{fit, short, signs, small};

    #[test]
    fn folds_are_trainings_without_what_they_are_measured_on() {
        let data = signs(40, 1);
        let validated = |threads| {
            let options = TrainingOptions { threads, validation_fraction: 0.2, ..short(4) };
            let trainer = Trainer::new(options, small()).unwrap();
            trainer.cross_validate::<f32>(5, &data, &|_, _| Control::Continue).unwrap()
        };
        let folds = validated(Some(1));
        for fold in &folds {
            let training = data.subset(&fold.split.training).unwrap();
            let options = TrainingOptions { validation_fraction: 0.2, ..short(4) };
            let single = fit::<f32>(options, small(), &training);
            let held_out = data.subset(&fold.split.validation).unwrap();
            assert_eq!(single.model.evaluate(&held_out).unwrap(), fold.evaluation);
            assert_eq!(single.report.epochs, fold.report.epochs);
        }
        let evaluations =
            |folds: &[Fold]| folds.iter().map(|fold| fold.evaluation.clone()).collect::<Vec<_>>();
        assert_eq!(evaluations(&folds), evaluations(&validated(Some(3))));
        assert_eq!(folds.len(), 5);
    }

    #[test]
    fn a_refit_is_the_training_of_that_length_on_everything() {
        let data = signs(40, 2);
        let options = TrainingOptions { validation_fraction: 0.25, patience: Some(2), ..short(30) };
        let trainer = Trainer::new(options, small()).unwrap().refit(3).unwrap();
        let found = trainer.fit(&data).unwrap();
        let wanted = fit::<f32>(short(3), small(), &data);
        let weights = |trained: &Trained| trained.model.network().parameters().values().to_vec();
        assert_eq!(weights(&found), weights(&wanted));
    }
}
