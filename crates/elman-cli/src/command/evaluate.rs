//! `elman evaluate`: how good a model is on sequences whose answers are known.

use elman::data::{Dataset, Each};
use elman::model::Model;
use elman::task::{Evaluation, SpanEvaluation, Task};
use elman::threads::with_threads;
use serde::Serialize;

use super::summary::Summary;
use super::{source, warnings};
use crate::args::EvaluateArgs;
use crate::args::options::blame;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::Facts;
use crate::printer::{Printer, evaluation};

#[derive(Serialize)]
struct Document<'a> {
    model: &'a std::path::Path,
    data: &'a Summary,
    evaluation: &'a Evaluation,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    members: &'a [Evaluation],
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<&'a SpanEvaluation>,
}

/// Runs `elman evaluate`.
pub fn run(args: &EvaluateArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    let model = Model::<f32>::load(&args.model)?;
    let has_tags = matches!(model.task(), Task::Classify(_)) && model.task().each() == Each::Step;
    if args.spans && !has_tags {
        let found = format!("one of {}", model.task().target_names().join(", "));
        return Err(Failure::input("--spans", "a model of tags, a class at each step", found));
    }
    if model.task().forecast().is_some() {
        return super::forecast::evaluate::run(args, &model);
    }
    super::forecast::evaluate::refuse(&args.backtest)?;
    if let Task::Text(task) = model.task() {
        return super::text::evaluate::run(args, &model, task);
    }
    let data = source::answered(&args.data, &model, &args.columns, args.target.as_ref())?;
    let summary = Summary::of(&data);
    printer.say(|style| {
        let mut facts = Facts::default();
        summary.describe_size("data", &mut facts);
        facts.render(style)
    });
    if let Some(line) = warnings::unknown(&data, &model)? {
        printer.warn(&line);
    }
    let evaluated = with_threads(args.threads, || {
        let members =
            if model.members().len() > 1 { model.evaluate_members(&data)? } else { vec![] };
        Ok((model.evaluate(&data)?, members))
    });
    let evaluated: elman::Result<_> = evaluated.map_err(|error| blame(error, &Given::default()))?;
    let (evaluation, members) = evaluated?;
    let spans = if args.spans { Some(spans(&model, &data, args.threads)?) } else { None };
    let document = Document {
        model: &args.model,
        data: &summary,
        evaluation: &evaluation,
        members: &members,
        spans: spans.as_ref(),
    };
    printer.result(&document, |style| {
        let mut text = evaluation::metrics(&[("data", &evaluation)], style);
        if !members.is_empty() {
            let scores: Vec<f64> = members.iter().map(|member| member.score().value()).collect();
            let (name, words) = (evaluation.score().name(), evaluation::spread(&scores));
            text += &format!("{}\n", style.dim(&format!("members: {name} {words}")));
        }
        if let Some(confusion) = evaluation::confusion(&evaluation, style) {
            text += &format!("\n{confusion}");
        }
        if let Some(report) = evaluation::by_class(&evaluation, style) {
            text += &format!("\n{report}");
        }
        if let Some(spans) = &spans {
            text += &format!("\n{}", evaluation::spans(spans, style));
        }
        text
    })
}

/// How well the spans are found.
fn spans(model: &Model<f32>, data: &Dataset, threads: Option<usize>) -> Outcome<SpanEvaluation> {
    let predicted = with_threads(threads, || model.predict(data));
    let predicted: elman::Result<_> = predicted.map_err(|error| blame(error, &Given::default()))?;
    Ok(predicted?.into_classes()?.evaluate_spans(data)?)
}
