//! The series of a training, and those of its test.

use std::path::{Path, PathBuf};

use elman::forecast::{Backtest, ForecastOptions, Frame, Series};
use elman::forecaster::lengths;

use super::options::blame;
use crate::args::TrainArgs;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;
use crate::printer::text::list;

/// The series of a run: those to learn from, and the same with the rows that they are tested on.
pub struct Data {
    pub training: Frame,
    pub test: Option<(Frame, Backtest)>,
}

impl Data {
    pub fn read(args: &TrainArgs, options: &ForecastOptions) -> Outcome<Self> {
        let forecast = &args.forecast;
        let mut frame = Frame::read(&args.train, &options.frame)?;
        let plan =
            |windows| Backtest { horizon: options.horizon, windows, step: forecast.test_step };
        if let Some(windows) = forecast.test_windows {
            let plan = plan(windows);
            long_enough(&mut frame, plan, args)?;
            let training = frame.before(plan.held_out());
            return Ok(Data { training, test: Some((frame, plan)) });
        }
        let Some(test) = &args.test else { return Ok(Data { training: frame, test: None }) };
        let paths: Vec<PathBuf> = args.train.iter().chain([test]).cloned().collect();
        let all = Frame::read(&paths, &options.frame)?;
        let plan = plan(windows_after(&frame, &all, plan(1), test)?);
        Ok(Data { training: frame, test: Some((all, plan)) })
    }

    /// Refuses the first series that is too short to learn from, or leaves such series out.
    pub fn check_lengths(
        &mut self,
        options: &ForecastOptions,
        args: &TrainArgs,
        given: &Given,
    ) -> Outcome {
        let windows = lengths(&self.training, options).map_err(|error| blame(error, given))?;
        let least = windows.context + windows.horizon;
        let is_short = |series: &&Series| series.values.len() < least;
        let short: Vec<&Series> = self.training.series.iter().filter(is_short).collect();
        let Some(first) = short.first() else { return Ok(()) };
        let all_are = short.len() == self.training.series.len();
        if all_are || !args.forecast.skip_short {
            let name = format!("{}series {:?}", place(&self.training, first.row), first.id);
            let expected = format!("at least {least} steps, to read and to forecast");
            let hint = if all_are { "" } else { " (hint: --skip-short leaves it out)" };
            let found = format!("{}{hint}", first.values.len());
            return Err(Failure::input(name, expected, found));
        }
        let ids: Vec<String> = short.iter().map(|series| series.id.clone()).collect();
        let names = list(&ids, super::MOST_NAMES);
        let line = format!("left out, with less than {least} steps: {names}");
        Printer::new(args.talk).warn(&line);
        self.training.series.retain(|series| !ids.contains(&series.id));
        if let Some((all, _)) = &mut self.test {
            all.series.retain(|series| !ids.contains(&series.id));
        }
        Ok(())
    }
}

/// Refuses series that have nothing before the first cut-off, or leaves them out.
fn long_enough(frame: &mut Frame, plan: Backtest, args: &TrainArgs) -> Outcome {
    if plan.windows == 0 || plan.step == 0 {
        let option = if plan.windows == 0 { "--test-windows" } else { "--test-step" };
        return Err(Failure::input(option, "at least 1", 0));
    }
    let is_short = |series: &Series| series.values.len() <= plan.held_out();
    let first = frame.series.iter().find(|series| is_short(series));
    let Some(first) = first else { return Ok(()) };
    if !args.forecast.skip_short || frame.series.iter().all(is_short) {
        let name = format!("{}series {:?}", place(frame, first.row), first.id);
        let expected = format!("more than {} steps, which the test takes", plan.held_out());
        return Err(Failure::input(name, expected, first.values.len()));
    }
    let short = frame.series.iter().filter(|series| is_short(series));
    let ids: Vec<&str> = short.map(|series| series.id.as_str()).collect();
    let names = list(&ids, super::MOST_NAMES);
    let line = format!("left out, as the test takes all of their steps: {names}");
    Printer::new(args.talk).warn(&line);
    frame.series.retain(|series| !is_short(series));
    Ok(())
}

/// The cut-offs that the rows of a test file have room for.
fn windows_after(training: &Frame, all: &Frame, plan: Backtest, path: &Path) -> Outcome<usize> {
    if plan.step == 0 {
        return Err(Failure::input("--test-step", "at least 1", 0));
    }
    let mut least = usize::MAX;
    for series in &all.series {
        let own = training.series.iter().find(|own| own.id == series.id);
        let Some(own) = own else {
            let found = format!("{:?}", series.id);
            return Err(Failure::input(path.display(), "series of the training data", found));
        };
        least = least.min(series.values.len() - own.values.len());
    }
    match least.checked_sub(plan.horizon) {
        Some(rest) => Ok(rest / plan.step + 1),
        None => {
            let expected =
                format!("at least {} further rows of each series, a horizon", plan.horizon);
            Err(Failure::input(path.display(), expected, least))
        }
    }
}

/// The file and the row of a series, to begin a message with.
pub fn place(frame: &Frame, row: u64) -> String {
    match &frame.source {
        Some(source) if row > 0 => format!("{}: row {row}: ", source.path.display()),
        _ => String::new(),
    }
}
