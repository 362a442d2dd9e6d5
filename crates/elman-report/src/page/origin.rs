//! What a model is, and where it comes from.

use elman::Real;
use elman::model::{DataDigest, Model};
use serde_json::Value;

use crate::html::{Table, escape, facts};
use crate::network::diagram;
use crate::text::{counted, number};

/// The network as boxes.
pub fn network<T: Real>(model: &Model<T>) -> String {
    let parameters = model.network().parameters();
    let mut table = Table::new(["parameter", "shape", "numbers"]);
    for shape in parameters.shapes() {
        let sizes: Vec<String> = shape.shape.iter().map(ToString::to_string).collect();
        let sizes = format!("[{}]", sizes.join(", "));
        table.row([shape.name.clone(), sizes, shape.len().to_string()]);
    }
    let count = counted(parameters.values().len(), "parameter");
    crate::html::figure(&count, &diagram(model.network().config()), &table)
}

/// Data, seed, versions, command, settings.
pub fn body<T: Real>(model: &Model<T>, command: Option<&str>) -> String {
    let provenance = model.provenance();
    let mut list = vec![
        ("made by", format!("elman {}", provenance.elman_version)),
        ("report by", format!("elman {}", env!("CARGO_PKG_VERSION"))),
        ("instruction level", elman::level().unwrap_or("unknown").to_owned()),
    ];
    let data =
        [("trained on", &provenance.training_data), ("validated on", &provenance.validation_data)];
    list.extend(data.into_iter().filter_map(|(term, data)| Some((term, digest(data.as_ref()?)))));
    list.extend(provenance.seed.map(|seed| ("seed", seed.to_string())));
    for (name, value) in &provenance.metrics {
        list.push(("result", format!("{} {}", name.replace('_', " "), number(*value))));
    }
    let mut html = facts(&list);
    if let Some(command) = command {
        html += &format!("<p>To repeat it: <code>{}</code></p>\n", escape(command));
    }
    let mut table = Table::new(["setting", "value"]);
    flatten("", &settings(&provenance.settings), &mut table);
    html + "<details><summary>All settings</summary>" + &table.render() + "</details>\n"
}

/// Without the trials of a forecast, which have a table of their own.
fn settings(all: &Value) -> Value {
    let mut all = all.clone();
    if let Some(entries) = all.as_object_mut() {
        entries.remove("choice");
    }
    all
}

fn digest(data: &DataDigest) -> String {
    let path = data.path.as_ref().map_or("arrays".into(), |path| path.display().to_string());
    let (sequences, steps) = (counted(data.sequences, "sequence"), counted(data.steps, "step"));
    format!("{path}: {sequences}, {steps}, xxh3 {}", data.digest)
}

/// The settings as `group.name`.
fn flatten(name: &str, value: &Value, table: &mut Table) {
    let within = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| flatten(&within(key), value, table));
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for (index, value) in values.iter().enumerate() {
                flatten(&within(&index.to_string()), value, table);
            }
        }
        Value::Null => {}
        Value::String(text) => table.row([name, text.as_str()]),
        value => table.row([name, value.to_string().as_str()]),
    }
}
