//! Progress of training: a bar on a terminal, a few plain lines elsewhere.

use elman::train::{EpochProgress, Progress, StepProgress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text::{duration, measure};
use super::{Printer, stderr_is_watched};

/// At most about this many plain lines, however many epochs there are.
const PLAIN_LINES: usize = 20;
/// How often the bar is redrawn in a second.
const REFRESH: u8 = 10;

/// Shows the progress of training.
pub struct Display {
    printer: Printer,
    bar: Option<ProgressBar>,
    /// The validation metric of the last epoch, in words.
    validation: String,
}

impl Display {
    /// A display that suits the terminal, or the lack of one.
    pub fn new(printer: Printer) -> Self {
        let bar = (printer.talks() && stderr_is_watched()).then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(REFRESH);
            ProgressBar::with_draw_target(None, target).with_style(style())
        });
        Display { printer, bar, validation: String::new() }
    }

    /// Shows one step or epoch.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Step(step) => self.step(step),
            Progress::Epoch(epoch) => self.epoch(epoch),
            _ => {}
        }
    }

    /// Shows a text above the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.say(|_| text.to_owned())),
            None => self.printer.say(|_| text.to_owned()),
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn step(&self, step: &StepProgress) {
        let Some(bar) = &self.bar else { return };
        bar.set_length((step.epochs * step.steps) as u64);
        bar.set_position(((step.epoch - 1) * step.steps + step.step) as u64);
        bar.set_prefix(format!("epoch {}/{}", step.epoch, step.epochs));
        let validation = &self.validation;
        let left = duration(step.remaining);
        bar.set_message(format!("loss {}{validation} · {left} left", measure(step.loss)));
    }

    fn epoch(&mut self, epoch: &EpochProgress) {
        let record = &epoch.record;
        if let Some(validation) = &record.validation {
            let (name, value) = (validation.score.name(), measure(validation.score.value()));
            self.validation = format!(" · validation {name} {value}");
        }
        let every = epoch.epochs.div_ceil(PLAIN_LINES);
        let is_shown =
            record.epoch == 1 || record.epoch.is_multiple_of(every) || record.epoch == epoch.epochs;
        if self.bar.is_none() && is_shown {
            self.printer.say(|_| self.line(epoch));
        }
    }

    fn line(&self, epoch: &EpochProgress) -> String {
        let (record, validation) = (&epoch.record, &self.validation);
        let loss = measure(record.loss);
        let left = duration(epoch.remaining);
        format!("epoch {}/{} · loss {loss}{validation} · {left} left", record.epoch, epoch.epochs)
    }
}

fn style() -> ProgressStyle {
    // The template is a constant; were it wrong, indicatif's own would do. A wide message is cut at
    // the width of the terminal, where a line that wraps would leave its traces.
    ProgressStyle::with_template("{prefix} {bar:25.cyan/dim} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━╌")
}
