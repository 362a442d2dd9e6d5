//! `elman inspect`: the contents of a model file.

use elman::Parameters;
use elman::data::TargetTransform;
use elman::loss::Output;
use elman::model::Model;
use elman::task::Task;
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::failure::Outcome;
use crate::printer::Printer;
use crate::printer::style::Style;
use crate::printer::table::Table;
use crate::printer::text::{Facts, counted, grouped, list, measure};

/// How many names are shown before a list is cut.
const MOST_NAMES: usize = 40;

/// Runs `elman inspect`.
pub fn run(args: &InspectArgs) -> Outcome {
    let model = Model::<f32>::load(&args.model)?;
    Printer::new(args.talk).result(&document(args, &model), |style| text(&model, style))
}

fn document(args: &InspectArgs, model: &Model<f32>) -> Value {
    let parameters = model.network().parameters();
    let shapes = parameters
        .shapes()
        .iter()
        .map(|parameter| json!({ "name": parameter.name, "shape": parameter.shape }));
    json!({
        "model": args.model, "members": model.members().len(),
        "network": model.network().config(), "task": model.task(),
        "features": model.feature_names(), "scaling": model.scaling(),
        "parameters": parameters.values().len(), "tensors": shapes.collect::<Vec<_>>(),
        "provenance": model.provenance(),
    })
}

fn text(model: &Model<f32>, style: Style) -> String {
    let mut facts = Facts::default();
    facts.add("network", super::network_words::network_words(model.network().config()));
    if model.members().len() > 1 {
        facts.add("", format!("{} of these, which answer together", model.members().len()));
    }
    task(model.task(), &mut facts);
    let names = model.feature_names();
    if !names.is_empty() {
        facts.add("channels", format!("{}: {}", names.len(), list(names, MOST_NAMES)));
    }
    provenance(model, &mut facts);
    let mut blocks = vec![facts.render(style)];
    if model.scaling().is_some() {
        blocks.push(scaling(model).render(style));
    }
    blocks.push(parameters(model.network().parameters()).render(style));
    blocks.push(settings(&model.provenance().settings).render(style));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n")
}

fn task(task: &Task, facts: &mut Facts) {
    if let Some(recipe) = task.forecast() {
        return super::forecast::describe(recipe, facts);
    }
    match task {
        Task::Classify(classify) => {
            let classes = counted(classify.labels().len(), "class");
            facts.add("task", format!("classify {}: {classes}", classify.target()));
            facts.add("", list(classify.labels(), MOST_NAMES));
        }
        Task::MultiLabel(labels) => {
            let count = counted(labels.labels().len(), "label");
            let column = labels.column().map_or(String::new(), |column| format!(" {column}"));
            facts.add("task", format!("classify{column}: {count}, any of them"));
            let thresholds = labels.labels().iter().zip(labels.thresholds());
            let shown = thresholds
                .map(|(label, threshold)| format!("{label} from {}", measure(*threshold)));
            facts.add("", list(&shown.collect::<Vec<_>>(), MOST_NAMES));
        }
        Task::Text(text) => {
            let tokens = counted(text.tokenizer().len(), "token");
            facts.add("task", format!("{} of a text: {tokens}", text.target()));
        }
        Task::Regress(regress) => {
            facts.add("task", format!("regress {}", list(regress.targets(), MOST_NAMES)));
            let scaling = regress.scaling();
            let numbers = regress.targets().iter().zip(scaling.means()).zip(scaling.deviations());
            for ((name, mean), deviation) in numbers {
                let (mean, deviation) = (measure(*mean), measure(*deviation));
                facts.add("", format!("{name}: mean {mean}, standard deviation {deviation}"));
            }
            match regress.transform() {
                TargetTransform::None => {}
                TargetTransform::Log => facts.add("", "of the logarithm, which is learnt"),
                TargetTransform::Log1p => facts.add("", "of ln(1 + y), which is learnt"),
            }
            if *regress.output() != Output::Point && regress.forecast().is_none() {
                facts.add("says", regress.output().name());
            }
        }
    }
}

fn provenance(model: &Model<f32>, facts: &mut Facts) {
    let provenance = model.provenance();
    facts.add("made by", format!("elman {}", provenance.elman_version));
    let data =
        [("trained on", &provenance.training_data), ("validated", &provenance.validation_data)];
    for (label, digest) in data {
        let Some(digest) = digest else { continue };
        let path = digest.path.as_ref().map_or("arrays".into(), |path| path.display().to_string());
        let size = match model.task() {
            task if task.forecast().is_some() => counted(digest.sequences, "window"),
            Task::Text(_) => counted(digest.steps, "token"),
            Task::Classify(_) | Task::MultiLabel(_) | Task::Regress(_) => {
                counted(digest.sequences, "sequence")
            }
        };
        facts.add(label, format!("{path}: {size}, xxh3 {}", digest.digest));
    }
    let metrics = provenance
        .metrics
        .iter()
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), measure(*value)));
    let metrics: Vec<String> = metrics.collect();
    if !metrics.is_empty() {
        facts.add("results", metrics.join(", "));
    }
}

fn scaling(model: &Model<f32>) -> Table {
    let mut table = Table::new(["channel", "mean", "standard deviation"]);
    let Some(scaling) = model.scaling() else { return table };
    let columns = scaling.means().iter().zip(scaling.deviations());
    for (name, (mean, deviation)) in model.feature_names().iter().zip(columns) {
        table.row([name.clone(), measure(*mean), measure(*deviation)]);
    }
    table
}

fn parameters(parameters: &Parameters<f32>) -> Table {
    let mut table = Table::new(["parameter", "shape", "numbers"]);
    for parameter in parameters.shapes() {
        let shape: Vec<String> = parameter.shape.iter().map(ToString::to_string).collect();
        let shape = format!("[{}]", shape.join(", "));
        table.row([parameter.name.clone(), shape, grouped(parameter.len())]);
    }
    table.row(["all".to_owned(), String::new(), grouped(parameters.values().len())]);
    table
}

/// The settings as `group.name  value`.
fn settings(settings: &Value) -> Facts {
    let mut facts = Facts::default();
    flatten("", settings, &mut facts);
    facts
}

fn flatten(name: &str, value: &Value, facts: &mut Facts) {
    let within = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| flatten(&within(key), value, facts));
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for (index, value) in values.iter().enumerate() {
                flatten(&within(&index.to_string()), value, facts);
            }
        }
        Value::Array(values) if values.is_empty() => {}
        Value::Array(values) => facts.add(name, list_of(values)),
        Value::Null => {}
        value => facts.add(name, word(value)),
    }
}

fn list_of(values: &[Value]) -> String {
    values.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
