//! `elman train --members`: several networks side by side.

use std::sync::Mutex;
use std::time::Instant;

use elman::train::{
    Control, Outcome, Progress, Report, Trained, TrainedMembers, Trainer, TrainingData,
};

use crate::interrupt;
use crate::printer::Printer;
use crate::printer::text::measure;

/// Trains an ensemble to the end, or until the user interrupts it. The report is that of the first
/// member, with the evaluations of all together.
pub fn train(
    trainer: &Trainer,
    data: TrainingData<'_>,
    members: usize,
    printer: Printer,
) -> elman::Result<Trained<f32>> {
    let start = Instant::now();
    // Lines of different threads shall not mix.
    let line = Mutex::new(());
    let listen = |member: usize, progress: &Progress| {
        if let Progress::Epoch(epoch) = progress
            && epoch.record.epoch == epoch.epochs
        {
            let _line = line.lock();
            let validation = epoch.record.validation.map_or(String::new(), |validation| {
                let score = validation.score;
                format!(" · validation {} {}", score.name(), measure(score.value()))
            });
            let loss = measure(epoch.record.loss);
            printer.say(|_| format!("member {}/{members} · loss {loss}{validation}", member + 1));
        }
        if interrupt::asked() { Control::Stop } else { Control::Continue }
    };
    let trained = trainer.fit_members(members, data, &listen)?;
    let TrainedMembers { model, mut reports, training, validation } = trained;
    let is_stopped =
        reports.len() < members || reports.iter().any(|report| report.outcome == Outcome::Stopped);
    let mut report = Report { training, validation, elapsed: start.elapsed(), ..reports.remove(0) };
    if is_stopped {
        report.outcome = Outcome::Stopped;
    }
    Ok(Trained { model, report })
}
