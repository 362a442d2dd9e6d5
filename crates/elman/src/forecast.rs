//! Forecasting: dated tables as series, what is done to them before a network sees them, what they
//! are held against, and how good a forecast is.
//!
//! A [`Frame`] has series whose steps follow each other at one [`Frequency`]; what breaks the
//! frequency is refused with its place. A [`Transform`] is fitted on the part before a cut-off and
//! undone exactly. [`Windows`] are the stretches of context and horizon to learn from, and
//! [`Backtest`] the cut-offs to measure at. A [`Recipe`] is all that a model knows of it. Formulas and names are those of the field: utilsforecast
//! and darts, where they agree.

mod baseline;
mod calendar;
mod frame;
pub mod metric;
mod options;
mod recipe;
mod spread;
mod transform;
mod window;

pub use baseline::Baseline;
pub use calendar::{Frequency, MonthDay, Style};
pub(crate) use frame::Fault;
pub use frame::{Frame, FrameOptions, Gaps, Repeats, Series};
pub use options::{ForecastOptions, Identity, IntervalKind, Mode, ScaleKind, StepKind};
pub(crate) use recipe::{Drawn, Encoded, Said, Seen, Unit};
pub use recipe::{Forecast, Recipe, Scale, SeriesScale, TrainedUntil};
pub(crate) use spread::{Pool, Spread};
pub use transform::{Step, Transform};
pub use window::{Backtest, Window, Windows};

pub use crate::loss::Output;
