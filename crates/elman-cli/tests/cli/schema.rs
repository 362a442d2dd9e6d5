//! The documents of `train --json` are what the schemas in `docs/` say.

use serde_json::{Value, json};

use super::{Bench, TRAIN};

/// What does not fit a schema, with the place of it. Of JSON Schema it knows what the file uses, and
/// refuses the rest.
fn faults(schema: &Value, root: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "required" => {}
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                found.extend(faults(root.pointer(pointer).unwrap(), root, value, place));
            }
            "type" => {
                let fits = match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "integer" => value.is_u64(),
                    "null" => value.is_null(),
                    other => panic!("unknown type {other}"),
                };
                if !fits {
                    found.push(format!("{place}: no {wanted}: {value}"));
                }
            }
            "minimum" => {
                if value.as_f64() < wanted.as_f64() {
                    found.push(format!("{place}: less than {wanted}: {value}"));
                }
            }
            "enum" => {
                if !wanted.as_array().unwrap().contains(value) {
                    found.push(format!("{place}: none of {wanted}: {value}"));
                }
            }
            "anyOf" => {
                let all = wanted.as_array().unwrap().iter();
                let all: Vec<_> = all.map(|one| faults(one, root, value, place)).collect();
                if all.iter().all(|faults| !faults.is_empty()) {
                    found.extend(all.into_iter().flatten());
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(wanted, root, item, &format!("{place}[{index}]")));
                }
            }
            "properties" => found.extend(properties(schema, root, value, place)),
            "additionalProperties" => assert_eq!(wanted, false),
            other => panic!("unknown keyword {other}"),
        }
    }
    found
}

fn properties(schema: &Value, root: &Value, value: &Value, place: &str) -> Vec<String> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let known = schema["properties"].as_object().unwrap();
    let mut found = Vec::new();
    for (name, value) in object {
        let place = format!("{place}.{name}");
        match known.get(name) {
            Some(schema) => found.extend(faults(schema, root, value, &place)),
            None => found.push(format!("{place}: not in the schema")),
        }
    }
    for name in schema["required"].as_array().unwrap() {
        if !object.contains_key(name.as_str().unwrap()) {
            found.push(format!("{place}: without {name}"));
        }
    }
    found
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/train.schema.json")).unwrap()
}

fn assert_fits(schema: &Value, document: &str, arguments: &str) {
    let document: Value = serde_json::from_str(document).unwrap();
    let faults = faults(schema, schema, &document, "document");
    assert!(faults.is_empty(), "{arguments}:\n{}", faults.join("\n"));
}

#[test]
fn documents_of_both_tasks_fit_the_schema() {
    let (bench, schema) = (Bench::new(), schema());
    let regress = "train numbers.csv --sequence id --time step --target total,half --task regress \
                   --epochs 2 --hidden-size 4 -o m.safetensors --json --quiet";
    for arguments in [
        format!("{TRAIN} -o m.safetensors --json --quiet --test test.csv --validation test.csv"),
        format!("{TRAIN} -o m.safetensors --json --quiet --target-metric 0.1"),
        regress.to_owned(),
        format!("{regress} --validation-fraction 0.3"),
    ] {
        assert_fits(&schema, &bench.ok(&arguments).stdout, &arguments);
    }
}

#[test]
fn documents_of_series_and_of_texts_fit_their_schemas() {
    let bench = Bench::new();
    let forecast = include_str!("../../../../docs/train-forecast.schema.json");
    let forecast: Value = serde_json::from_str(forecast).unwrap();
    let value = |step: i32| 40 + step % 6 * 10 + step * 7 % 5;
    let rows = (0..90).map(|step| format!("a,{step},{}\n", value(step))).collect::<String>();
    bench.write("series.csv", format!("unique_id,ds,y\n{rows}"));
    let train = "train series.csv --task forecast --horizon 3 --season 6 --epochs 1 --hidden-size 4 \
                 --transform none --json --quiet -o m.safetensors";
    for options in [
        "--scale series --test-windows 3",
        "--scale shared --distribution negative-binomial --members 2",
        "--scale window --distribution quantiles --validation-fraction 0.2",
    ] {
        let arguments = format!("{train} {options}");
        assert_fits(&forecast, &bench.ok(&arguments).stdout, &arguments);
    }
    let text: Value =
        serde_json::from_str(include_str!("../../../../docs/train-text.schema.json")).unwrap();
    bench.write("text.txt", "a rose is a rose is a rose. ".repeat(60));
    let train = "train text.txt --task text --lanes 2 --epochs 1 --hidden-size 4 --json --quiet \
                 -o m.safetensors";
    for options in ["", "--tokens words", "--validation-fraction 0 --test-fraction 0"] {
        let arguments = format!("{train} {options}");
        assert_fits(&text, &bench.ok(&arguments).stdout, &arguments);
    }
}

#[test]
fn the_schema_refuses_what_it_does_not_say() {
    let (bench, schema) = (Bench::new(), schema());
    let arguments = format!("{TRAIN} -o m.safetensors --json --quiet");
    let document: Value = serde_json::from_str(&bench.ok(&arguments).stdout).unwrap();
    let changes: [fn(&mut Value); 4] = [
        |document| document["ending"] = json!("bored"),
        |document| document["epochs"][0]["speed"] = json!(1),
        |document| document["seconds"] = json!("1 s"),
        |document| drop(document.as_object_mut().unwrap().remove("parameters")),
    ];
    for change in changes {
        let mut changed = document.clone();
        change(&mut changed);
        assert_eq!(faults(&schema, &schema, &changed, "document").len(), 1);
    }
}
