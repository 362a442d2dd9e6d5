//! Several trainings in one command: members of an ensemble, folds, a refit on everything.

use std::sync::Mutex;
use std::time::Instant;

use elman::model::MemberRecord;
use elman::train::{
    Control, Fold, Outcome, Progress, Report, Trained, TrainedMembers, Trainer, TrainingData,
};

use crate::interrupt;
use crate::printer::style::Style;
use crate::printer::text::measure;
use crate::printer::{Printer, evaluation};

/// What all the trainings have in common.
pub struct Several<'a> {
    pub trainer: &'a Trainer,
    pub data: TrainingData<'a>,
    pub printer: Printer,
}

impl Several<'_> {
    /// Trains an ensemble to the end, or until the user interrupts it. The report is that of the
    /// first member, with the evaluations of all together.
    pub fn members(&self, count: usize) -> elman::Result<Trained<f32>> {
        let start = Instant::now();
        let trained =
            self.trainer.fit_members(count, self.data, &self.listener("member", count))?;
        let TrainedMembers { model, mut reports, training, validation } = trained;
        let is_stopped = reports.len() < count
            || reports.iter().any(|report| report.outcome == Outcome::Stopped);
        let first = reports.remove(0);
        let mut report = Report { training, validation, elapsed: start.elapsed(), ..first };
        if is_stopped {
            report.outcome = Outcome::Stopped;
        }
        Ok(Trained { model, report })
    }

    /// Trains and measures on each fold.
    pub fn folds(&self, count: usize) -> elman::Result<Vec<Fold>> {
        let listener = self.listener("fold", count);
        self.trainer.cross_validate::<f32>(count, self.data.training, &listener)
    }

    /// Trains on everything, for as many epochs as were best; unless the training has not come so far.
    pub fn refit(&self, trained: Trained<f32>) -> elman::Result<Trained<f32>> {
        let epochs = trained.report.best_epoch.unwrap_or(0);
        if epochs == 0 || trained.report.outcome == Outcome::Stopped {
            return Ok(trained);
        }
        self.printer.say(|_| format!("training on everything for {epochs} epochs"));
        let mut refitted = self.trainer.refit(epochs)?.fit_with(self.data.training, &mut |_| {
            if interrupt::asked() { Control::Stop } else { Control::Continue }
        })?;
        let Report { validation, elapsed, .. } = trained.report;
        let metrics = trained.model.provenance().metrics.iter();
        let of_validation = metrics.filter(|(name, _)| name.starts_with("validation_"));
        let kept = of_validation.map(|(name, value)| (name.clone(), *value));
        refitted.model.provenance_mut().metrics.extend(kept);
        refitted.report.elapsed += elapsed;
        refitted.report.validation = validation;
        Ok(refitted)
    }

    /// Says how each of `count` trainings ended, and passes an interrupt on.
    fn listener(&self, what: &str, count: usize) -> impl Fn(usize, &Progress) -> Control + Sync {
        // Lines of different threads shall not mix.
        let line = Mutex::new(());
        let printer = self.printer;
        move |index, progress| {
            if let Progress::Epoch(epoch) = progress
                && epoch.record.epoch == epoch.epochs
            {
                let _line = line.lock();
                let validation = epoch.record.validation.map_or(String::new(), |validation| {
                    let score = validation.score;
                    format!(" · validation {} {}", score.name(), measure(score.value()))
                });
                let (number, loss) = (index + 1, measure(epoch.record.loss));
                printer.say(|_| format!("{what} {number}/{count} · loss {loss}{validation}"));
            }
            if interrupt::asked() { Control::Stop } else { Control::Continue }
        }
    }
}

/// The folds of a cross-validation, and their mean and spread.
pub fn table(folds: &[Fold], style: Style) -> String {
    if folds.is_empty() {
        return String::new();
    }
    let names: Vec<String> = (1..=folds.len()).map(|fold| format!("fold {fold}")).collect();
    let rows = names.iter().zip(folds).map(|(name, fold)| (name.as_str(), &fold.evaluation));
    let rows: Vec<_> = rows.collect();
    let scores: Vec<f64> = folds.iter().map(|fold| fold.evaluation.score().value()).collect();
    let (name, words) = (folds[0].evaluation.score().name(), evaluation::spread(&scores));
    let words = style.dim(&format!("folds: {name} {words}"));
    format!("{}{words}\n\n", evaluation::metrics(&rows, style))
}

/// How far the members of an ensemble differ, by each of their scores.
pub fn spread(members: &[MemberRecord], style: Style) -> String {
    let names = members.first().map(|member| member.metrics.keys().collect::<Vec<_>>());
    let lines = names.unwrap_or_default().into_iter().filter(|name| !name.ends_with("_loss"));
    let lines = lines.map(|name| {
        let values = members.iter().filter_map(|member| member.metrics.get(name).copied());
        let words = evaluation::spread(&values.collect::<Vec<_>>());
        format!("{}\n", style.dim(&format!("members: {} {words}", name.replace('_', " "))))
    });
    lines.collect()
}
