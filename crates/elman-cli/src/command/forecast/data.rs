//! The series of a training, and those of its test.

use std::path::{Path, PathBuf};

use elman::forecast::{Backtest, ForecastOptions, Frame};

use crate::args::TrainArgs;
use crate::failure::{Failure, Outcome};

/// The series of a run: those to learn from, and the same with the rows that they are tested on.
pub struct Data {
    pub training: Frame,
    pub test: Option<(Frame, Backtest)>,
}

impl Data {
    pub fn read(args: &TrainArgs, options: &ForecastOptions) -> Outcome<Self> {
        let forecast = &args.forecast;
        let frame = Frame::read(&args.train, &options.frame)?;
        let plan =
            |windows| Backtest { horizon: options.horizon, windows, step: forecast.test_step };
        if let Some(windows) = forecast.test_windows {
            let plan = plan(windows);
            long_enough(&frame, plan)?;
            let training = frame.before(plan.held_out());
            return Ok(Data { training, test: Some((frame, plan)) });
        }
        let Some(test) = &args.test else { return Ok(Data { training: frame, test: None }) };
        let paths: Vec<PathBuf> = args.train.iter().chain([test]).cloned().collect();
        let all = Frame::read(&paths, &options.frame)?;
        let plan = plan(windows_after(&frame, &all, plan(1), test)?);
        Ok(Data { training: frame, test: Some((all, plan)) })
    }
}

/// Refuses series that have nothing before the first cut-off.
fn long_enough(frame: &Frame, plan: Backtest) -> Outcome {
    if plan.windows == 0 || plan.step == 0 {
        let option = if plan.windows == 0 { "--test-windows" } else { "--test-step" };
        return Err(Failure::input(option, "at least 1", 0));
    }
    for series in &frame.series {
        plan.origins(series.values.len()).map_err(|_| {
            let name = format!("{}series {:?}", place(frame, series.row), series.id);
            let expected = format!("more than {} steps, which the test takes", plan.held_out());
            Failure::input(name, expected, series.values.len())
        })?;
    }
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
