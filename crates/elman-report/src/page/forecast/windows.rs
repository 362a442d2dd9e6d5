//! The last forecasts drawn: what was read, what came, the bands, and the cut-offs.

use elman::Real;
use elman::forecast::{Baseline, Forecast, Series};
use elman::forecaster::{Row, forecast};

use super::{Shown, captioned, with_levels};
use crate::chart::lines::{Band, Line, LineChart};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size, legend};
use crate::html::{Table, paragraph};
use crate::text::number;

/// The series that are drawn.
const MOST_SERIES: usize = 4;
/// The past windows of each that are drawn.
const MOST_WINDOWS: usize = 3;
/// The steps before the first of them, in horizons.
const HORIZONS_BEFORE: usize = 2;
/// More steps before are not drawn.
const MOST_BEFORE: usize = 60;

/// The last windows of some series.
pub fn body<T: Real>(shown: &Shown<'_, T>) -> String {
    let frame = shown.frame;
    let ahead = with_levels(|levels| forecast(shown.model, frame, levels)).ok();
    let drawn = worst(shown);
    let mut html = paragraph(&words(shown, drawn.len(), ahead.is_some()));
    html += &legend(["what came", "forecast, with its bands", "seasonal naive"]);
    for index in drawn {
        let next = ahead.as_ref().map(|all| &all[index]);
        html += &Picture::of(shown, index, next).render(shown);
    }
    html
}

fn words<T: Real>(shown: &Shown<'_, T>, drawn: usize, is_ahead: bool) -> String {
    let levels: Vec<String> =
        shown.measured.levels.iter().map(|level| format!("{:.0}", 100.0 * level)).collect();
    let bands = match levels.as_slice() {
        [] => "There are no bands: the model has no intervals.".to_owned(),
        levels => format!("The bands hold {} %; broken lines are cut-offs.", levels.join(", ")),
    };
    let next = match is_ahead {
        true => "the last one goes on after the data",
        false => "what comes after the data is not drawn: columns known ahead are not known so far",
    };
    let which = match shown.frame.series.len() {
        count if count > drawn => {
            format!("The {drawn} of {count} series where the model is worst beside its floor; each")
        }
        1 => "The series".to_owned(),
        _ => "Each series".to_owned(),
    };
    format!("{which} with the last windows that do not overlap; {next}. {bands}")
}

/// The indices of the series that are drawn, the worst beside the floor first.
fn worst<T: Real>(shown: &Shown<'_, T>) -> Vec<usize> {
    let measured = &shown.measured;
    let share = |series: &Series| {
        let of = |name: &str| Some(measured.by_series.get(name)?.get(&series.id)?.rmse);
        let floor = of(measured.best_baseline.name()).unwrap_or(f64::NAN);
        of("model").map_or(f64::NEG_INFINITY, |own| own / floor)
    };
    let mut all: Vec<(usize, f64)> = shown.frame.series.iter().map(share).enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.into_iter().take(MOST_SERIES).map(|(index, _)| index).collect()
}

/// One forecast, from the step of a series after its cut-off.
struct Piece {
    origin: usize,
    values: Vec<f64>,
    /// By level, the narrowest first: the ends of each step.
    intervals: Vec<Vec<(f64, f64)>>,
}

/// A series with its last windows.
struct Picture<'a> {
    series: &'a Series,
    /// The oldest first.
    pieces: Vec<Piece>,
    /// The first step that is drawn.
    start: usize,
    /// One behind the last.
    end: usize,
}

impl<'a> Picture<'a> {
    fn of<T: Real>(shown: &Shown<'a, T>, index: usize, next: Option<&Forecast>) -> Self {
        let series = &shown.frame.series[index];
        let horizon = shown.recipe.windows.horizon;
        let mut pieces: Vec<Piece> = Vec::new();
        if let Some(next) = next {
            let intervals = next.intervals.iter();
            let intervals =
                intervals.map(|(lo, hi)| lo.iter().copied().zip(hi.iter().copied()).collect());
            let intervals = intervals.collect();
            let (origin, values) = (series.values.len(), next.values.clone());
            pieces.push(Piece { origin, values, intervals });
        }
        let rows = shown.measured.rows.iter().filter(|row| row.series == series.id);
        let rows: Vec<&Row> = rows.collect();
        for rows in rows.chunks(horizon).rev() {
            let origin = origin_of(shown, series, rows[0]);
            let is_apart = pieces.last().is_none_or(|later| origin + horizon <= later.origin);
            let past = pieces.iter().filter(|piece| piece.origin < series.values.len()).count();
            if is_apart && past < MOST_WINDOWS {
                pieces.push(Piece::of(origin, rows));
            }
        }
        pieces.reverse();
        let first = pieces.first().map_or(series.values.len(), |piece| piece.origin);
        let before = (HORIZONS_BEFORE * horizon).max(shown.recipe.season).min(MOST_BEFORE);
        let end = pieces.last().map_or(first, |piece| piece.origin + horizon);
        Picture { series, pieces, start: first.saturating_sub(before), end: end.max(first) }
    }

    fn render<T: Real>(&self, shown: &Shown<'_, T>) -> String {
        let frame = shown.frame;
        let range = self.start..self.end.max(self.series.values.len());
        let places = short(range.map(|step| frame.style.write(frame.time(self.series, step))));
        let naive = self.seasonal_naive(shown);
        let lines = [
            Line {
                name: "what came".to_owned(),
                points: self.points(&self.actual()),
                bands: vec![],
            },
            Line { name: "forecast".to_owned(), points: self.forecast(), bands: self.bands() },
            Line { name: "seasonal naive".to_owned(), points: naive, bands: vec![] },
        ];
        let values = lines.iter().flat_map(|line| {
            let ends = line.bands.iter().flatten().flat_map(|(_, low, high)| [*low, *high]);
            line.points.iter().map(|point| point.1).chain(ends)
        });
        let y = Axis::over(values.collect::<Vec<_>>());
        let marks: Vec<(f64, &str)> =
            self.pieces.iter().map(|piece| (self.place(piece.origin) - 0.5, "")).collect();
        let labels = Labels { title: "The last forecasts", x: "", y: "" };
        let chart = LineChart {
            size: Size::FULL,
            labels,
            lines: &lines,
            y,
            marks: &marks,
            places: &places,
        };
        captioned("The last windows", &self.series.id, &chart.render(), &self.table(shown, &lines))
    }

    fn place(&self, step: usize) -> f64 {
        step.saturating_sub(self.start) as f64
    }

    /// The values that are drawn; NaN behind the end of the series.
    fn actual(&self) -> Vec<(usize, f64)> {
        let value = |step: usize| self.series.values.get(step).copied().unwrap_or(f64::NAN);
        (self.start..self.end).map(|step| (step, value(step))).collect()
    }

    fn points(&self, steps: &[(usize, f64)]) -> Vec<(f64, f64)> {
        steps.iter().map(|(step, value)| (self.place(*step), *value)).collect()
    }

    /// Values of each piece, with a break between two.
    fn broken(&self, values: impl Fn(&Piece) -> Vec<f64>) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        for piece in &self.pieces {
            let own = values(piece).into_iter().enumerate();
            points.extend(own.map(|(step, value)| (self.place(piece.origin + step), value)));
            points.push((self.place(piece.origin), f64::NAN));
        }
        points
    }

    fn forecast(&self) -> Vec<(f64, f64)> {
        self.broken(|piece| piece.values.clone())
    }

    fn seasonal_naive<T: Real>(&self, shown: &Shown<'_, T>) -> Vec<(f64, f64)> {
        self.broken(|piece| {
            let history = &self.series.values[..piece.origin];
            Baseline::SeasonalNaive.forecast(history, shown.recipe.season, piece.values.len())
        })
    }

    fn bands(&self) -> Vec<Band> {
        let band = |piece: &Piece, ends: &Vec<(f64, f64)>| {
            let ends = ends.iter().enumerate();
            ends.map(|(step, (lo, hi))| (self.place(piece.origin + step), *lo, *hi)).collect()
        };
        let of =
            |piece| Piece::widest_first(piece).map(|ends| band(piece, ends)).collect::<Vec<_>>();
        self.pieces.iter().flat_map(of).collect()
    }

    /// The numbers of the windows.
    fn table<T: Real>(&self, shown: &Shown<'_, T>, lines: &[Line]) -> Table {
        let levels = shown.measured.levels.iter().map(|level| format!("{:.0} %", 100.0 * level));
        let header = ["time", "what came", "forecast", "seasonal naive"].map(str::to_owned);
        let mut table = Table::new(header.into_iter().chain(levels));
        let mut naive = lines[2].points.iter().filter(|point| point.1.is_finite());
        for piece in &self.pieces {
            for (step, value) in piece.values.iter().enumerate() {
                let at = piece.origin + step;
                let time = shown.frame.style.write(shown.frame.time(self.series, at));
                let known = |value: Option<f64>| match value.filter(|value| !value.is_nan()) {
                    Some(value) => number(value),
                    None => "–".to_owned(),
                };
                let came = known(self.series.values.get(at).copied());
                let guess = known(naive.next().map(|point| point.1));
                let ends = piece.intervals.iter().map(|ends| {
                    let (lo, hi) = ends[step];
                    format!("{} to {}", number(lo), number(hi))
                });
                table.row([time, came, number(*value), guess].into_iter().chain(ends));
            }
        }
        table
    }
}

impl Piece {
    /// Of the rows of one cut-off.
    fn of(origin: usize, rows: &[&Row]) -> Self {
        let count = rows[0].intervals.len();
        let level = |index: usize| rows.iter().map(|row| row.intervals[index]).collect();
        Piece {
            origin,
            values: rows.iter().map(|row| row.forecast).collect(),
            intervals: (0..count).map(level).collect(),
        }
    }

    fn widest_first(&self) -> impl Iterator<Item = &Vec<(f64, f64)>> {
        self.intervals.iter().rev()
    }
}

/// Times without seconds, where these are 0 everywhere.
fn short(times: impl Iterator<Item = String>) -> Vec<String> {
    const SECONDS: &str = ":00";
    let times: Vec<String> = times.collect();
    let is_long = |time: &String| time.ends_with(SECONDS) && time.matches(':').count() == 2;
    match times.iter().all(is_long) {
        true => times.iter().map(|time| time[..time.len() - SECONDS.len()].to_owned()).collect(),
        false => times,
    }
}

/// The step of a series that a row is the forecast of.
fn origin_of<T: Real>(shown: &Shown<'_, T>, series: &Series, row: &Row) -> usize {
    let frequency = shown.frame.frequency;
    let steps = frequency.steps(series.start, row.time).unwrap_or(0);
    usize::try_from(steps).unwrap_or(0)
}
