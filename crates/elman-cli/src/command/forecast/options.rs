//! From the arguments of `train` to the options of a forecast.

use elman::data::{self, Columns, RowOrder};
use elman::error::Error;
use elman::forecast::{
    ForecastOptions, FrameOptions, Gaps, Identity, IntervalKind, Mode, Repeats, ScaleKind, StepKind,
};

use crate::args::TrainArgs;
use crate::args::forecast::{RepeatsChoice, ScaleChoice, TransformStep};
use crate::args::forecast_rules::OF_FORECAST;
use crate::args::options;
use crate::args::value::{LayoutChoice, MissingChoice, Names};
use crate::command::source::{decimal, delimiter};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// What is to be forecast, and how.
pub fn forecast_options(args: &TrainArgs) -> Outcome<ForecastOptions> {
    let forecast = &args.forecast;
    let step = |step: &TransformStep| match step {
        TransformStep::Log => StepKind::Log,
        TransformStep::BoxCox => StepKind::BoxCox,
        TransformStep::Difference => StepKind::Difference,
        TransformStep::SeasonalDifference => StepKind::SeasonalDifference,
    };
    Ok(ForecastOptions {
        context: forecast.context,
        season: forecast.season,
        segment: forecast.segment,
        transform: forecast.transform.as_ref().map(|own| own.0.iter().map(step).collect()),
        scale: forecast.scale.map(|scale| match scale {
            ScaleChoice::Window => ScaleKind::Window,
            ScaleChoice::Last => ScaleKind::Last,
            ScaleChoice::Series => ScaleKind::Series,
            ScaleChoice::Shared => ScaleKind::Shared,
        }),
        output: options::says(args),
        mode: if forecast.recursive { Mode::Recursive } else { Mode::Direct },
        identity: match forecast.series_embedding {
            true => Identity::Embedded,
            false => Identity::Hidden,
        },
        intervals: forecast.conformal.then_some(IntervalKind::Conformal),
        frame: frame_options(args)?,
        ..ForecastOptions::new(forecast.horizon.unwrap_or(0))
    })
}

/// How the series of a training are read.
fn frame_options(args: &TrainArgs) -> Outcome<FrameOptions> {
    let (columns, forecast) = (&args.columns, &args.forecast);
    let names = |names: &Option<Names>| names.as_ref().map_or(vec![], |names| names.0.clone());
    let mut options = FrameOptions {
        columns: Columns {
            sequence: columns.sequence.clone(),
            time: columns.time.clone(),
            targets: names(&columns.target),
            delimiter: columns.delimiter.map(delimiter),
            decimal: decimal(columns.decimal),
            order: if columns.sort { RowOrder::Sort } else { RowOrder::AsGiven },
            ..Columns::default()
        },
        features: names(&columns.features),
        known: names(&forecast.known),
        statics: names(&forecast.statics),
        gaps: if forecast.fill_gaps { Gaps::Fill } else { Gaps::Refuse },
        repeats: match forecast.repeats {
            RepeatsChoice::Refuse => Repeats::Refuse,
            RepeatsChoice::First => Repeats::First,
            RepeatsChoice::Last => Repeats::Last,
            RepeatsChoice::Mean => Repeats::Mean,
        },
        missing: columns.missing == MissingChoice::Last,
    };
    if columns.layout == Some(LayoutChoice::Wide) && options.columns.targets.is_empty() {
        options.columns.targets = series_of_a_wide_table(args, &options)?;
    }
    Ok(options)
}

/// The columns of numbers that have no other role.
fn series_of_a_wide_table(args: &TrainArgs, options: &FrameOptions) -> Outcome<Vec<String>> {
    let look = data::look(&args.train, &options.columns)?;
    let time = options.columns.time.as_deref().unwrap_or("ds").to_owned();
    let mut others: Vec<&String> = vec![&time];
    others.extend(args.columns.exclude.iter().flat_map(|names| &names.0));
    others.extend(options.features.iter().chain(&options.known).chain(&options.statics));
    others.extend(&options.columns.sequence);
    let columns = look.columns.iter().filter(|column| column.kind == "number");
    let names = columns.map(|column| column.name.clone()).filter(|name| !others.contains(&name));
    Ok(names.collect())
}

/// The library's fault, with the option in the words of the command line or the file.
pub fn blame(error: Error, given: &Given) -> Failure {
    match &error {
        Error::Argument { name, field: None, expected, found, .. }
            if OF_FORECAST.contains(&name.as_str()) =>
        {
            Failure::input(given.name(name), expected, found)
        }
        _ => options::blame(error, given),
    }
}
