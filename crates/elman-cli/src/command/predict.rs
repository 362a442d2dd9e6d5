//! `elman predict`: a model's answer for each sequence, as CSV or JSON.

mod document;
mod table;

use std::path::{Path, PathBuf};

use elman::io::{check_writable, write_atomically};
use elman::model::Model;
use elman::threads::with_threads;

use self::document::document;
use self::table::csv;
use super::{source, warnings};
use crate::args::PredictArgs;
use crate::args::options::blame;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::counted;
use crate::printer::{Printer, out};

/// Runs `elman predict`.
pub fn run(args: &PredictArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    let output = args.output.as_ref().filter(|path| *path != Path::new("-"));
    if args.talk.json && output.is_some() {
        return Err(Failure::input("--json and --output", "at most one of them", "both"));
    }
    if let Some(output) = output {
        let data = args.data.iter().map(|path| ("<DATA>", path));
        let inputs: Vec<(&str, &PathBuf)> = data.chain([("<MODEL>", &args.model)]).collect();
        super::refuse_same_file("--output", output, &inputs)?;
        check_writable(output)?;
    }
    let model = Model::<f32>::load(&args.model)?;
    if model.task().forecast().is_some() {
        return super::forecast::predict::run(args, &model);
    }
    super::forecast::predict::refuse(args)?;
    let data = source::unanswered(&args.data, &model, &args.columns)?;
    if let Some(line) = warnings::unknown(&data, &model)? {
        printer.warn(&line);
    }
    let predicted = with_threads(args.threads, || model.predict(&data));
    let predictions = predicted.map_err(|error| blame(error, &Given::default()))??;
    if args.talk.json {
        return printer.result(&document(&predictions), |_| String::new());
    }
    let id = source::id_column(&args.data, &model, &args.columns)?;
    let text = csv(&predictions, &id).map_err(|error| {
        Failure::Fault(format!("the predictions cannot be written as CSV: {error}"))
    })?;
    match output {
        None => out(&text),
        Some(output) => {
            write_atomically(output, |file| file.write_all(text.as_bytes()))?;
            let count = counted(data.len(), "prediction");
            printer.say(|_| format!("{count} written to {}", output.display()));
            Ok(())
        }
    }
}
