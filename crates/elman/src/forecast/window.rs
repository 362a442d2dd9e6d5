//! Stretches of series: those to learn from, and the cut-offs to measure at.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The lengths of a stretch.
///
/// ```
/// use elman::forecast::{Window, Windows};
///
/// let windows = Windows { context: 3, horizon: 2, stride: 2 };
/// assert_eq!(windows.of(8), [Window { series: 0, origin: 4 }, Window { series: 0, origin: 6 }]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// The steps that are read.
    pub context: usize,
    /// The steps that are forecast.
    pub horizon: usize,
    /// The steps from one window to the next.
    pub stride: usize,
}

/// One stretch: the context ends before `origin`, the horizon begins there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The series.
    pub series: usize,
    /// The first step of the horizon.
    pub origin: usize,
}

impl Windows {
    /// The windows of one series of so many steps, in order; the last one ends with the series.
    #[must_use]
    pub fn of(&self, steps: usize) -> Vec<Window> {
        let Some(last) = steps.checked_sub(self.horizon) else { return Vec::new() };
        let count = (last + 1).saturating_sub(self.context).div_ceil(self.stride.max(1));
        let origin = |index: usize| last - index * self.stride;
        (0..count).rev().map(|index| Window { series: 0, origin: origin(index) }).collect()
    }

    /// The windows of series of these lengths, one series after the other.
    #[must_use]
    pub fn all(&self, lengths: &[usize]) -> Vec<Window> {
        let of = |(series, &steps): (usize, &usize)| {
            self.of(steps).into_iter().map(move |window| Window { series, ..window })
        };
        lengths.iter().enumerate().flat_map(of).collect()
    }
}

/// Cut-offs at the end of a series, as neuralforecast's `cross_validation` has them.
///
/// Window i of n ends its training `horizon + step·(n - 1 - i)` steps before the last row.
///
/// ```
/// use elman::forecast::Backtest;
///
/// let backtest = Backtest { horizon: 2, windows: 3, step: 1 };
/// assert_eq!(backtest.held_out(), 4);
/// assert_eq!(backtest.origins(10)?, [6, 7, 8]);
/// # Ok::<(), elman::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    /// The steps that are forecast from each cut-off.
    pub horizon: usize,
    /// The number of cut-offs.
    pub windows: usize,
    /// The steps from one cut-off to the next.
    pub step: usize,
}

impl Backtest {
    /// The steps after the first cut-off.
    #[must_use]
    pub fn held_out(&self) -> usize {
        self.horizon + self.step * self.windows.saturating_sub(1)
    }

    /// The first forecast step of each window, for a series of so many steps.
    ///
    /// # Errors
    ///
    /// A length of 0; a series without a step before the first cut-off.
    pub fn origins(&self, steps: usize) -> Result<Vec<usize>> {
        let counts = [("horizon", self.horizon), ("windows", self.windows), ("step", self.step)];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(Error::argument(name, "at least 1", 0));
        }
        let first = steps.checked_sub(self.held_out()).filter(|first| *first > 0);
        let Some(first) = first else {
            let expected = format!("more than {}, which the back-test holds out", self.held_out());
            return Err(Error::argument("steps of the series", expected, steps));
        };
        Ok((0..self.windows).map(|window| first + window * self.step).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_with_the_series_and_fit_in_it() {
        for (steps, context, horizon, stride) in [(20, 5, 3, 1), (20, 5, 3, 4), (8, 5, 3, 2)] {
            let windows = Windows { context, horizon, stride }.of(steps);
            assert_eq!(windows.last().unwrap().origin, steps - horizon);
            assert!(windows[0].origin >= context && windows[0].origin < context + stride);
        }
        assert!(Windows { context: 6, horizon: 3, stride: 1 }.of(8).is_empty());
        assert!(Windows { context: 1, horizon: 9, stride: 1 }.of(8).is_empty());
    }

    #[test]
    fn a_back_test_needs_a_step_before_it() {
        let backtest = Backtest { horizon: 3, windows: 2, step: 3 };
        assert_eq!(backtest.origins(7).unwrap(), [1, 4]);
        let error = backtest.origins(6).unwrap_err().to_string();
        assert!(error.contains("more than 6"), "{error}");
    }
}
