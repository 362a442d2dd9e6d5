//! `elman generate`: a model writes.

use std::io::{self, Read as _, Write as _};

use elman::text::{Characters, Sampling, StopText, Tokenizer, Writer};
use elman::threads::with_threads;
use serde_json::json;

use super::{load, task};
use crate::args::text::GenerateArgs;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::printer::Printer;

/// Runs `elman generate`.
pub fn run(args: &GenerateArgs) -> Outcome {
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
        seed: args.seed,
    };
    sampling.check().map_err(option)?;
    let stop = args.stop.as_deref().map(StopText::new).transpose().map_err(option)?;
    let model = load(&args.model)?;
    let tokenizer = task(&model, &args.model)?.tokenizer();
    let prompt = prompt(args)?;
    let ids = encode(tokenizer, &prompt)?;
    let mut writer = Writer::new(model.network(), tokenizer, sampling)?;
    interrupt::catch()?;
    let mut paper =
        Paper { json: args.talk.json, text: Vec::new(), stop, characters: Characters::default() };
    // A step is too small for a second thread.
    with_threads(Some(1), || {
        paper.put(prompt.as_bytes())?;
        writer.read(&ids)?;
        paper.write(args.length, || {
            let mut bytes = Vec::new();
            tokenizer.decode(writer.write()?, &mut bytes);
            Ok(bytes)
        })
    })??;
    if args.talk.json {
        let text = String::from_utf8_lossy(&paper.text).into_owned();
        let document = json!({ "text": text, "prompt": prompt, "sampling": sampling });
        return Printer::new(args.talk).result(&document, |_| String::new());
    }
    Ok(())
}

/// The library's setting under the name of the option.
fn option(error: elman::Error) -> Failure {
    match error {
        elman::Error::Argument { name, expected, found, .. } => {
            Failure::input(format!("--{}", name.replace('_', "-")), expected, found)
        }
        error => error.into(),
    }
}

fn prompt(args: &GenerateArgs) -> Outcome<String> {
    match args.prompt.as_deref() {
        None => Ok(String::new()),
        Some("-") => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| Failure::Input(format!("stdin: cannot read: {error}")))?;
            String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let byte = error.as_bytes()[at];
                let found = format!("the byte 0x{byte:02x} at offset {at}");
                Failure::input("--prompt", "text in UTF-8", found)
            })
        }
        Some(text) => Ok(text.to_owned()),
    }
}

fn encode(tokenizer: &Tokenizer, prompt: &str) -> Outcome<Vec<u32>> {
    tokenizer.encode(prompt).map_err(|error| Failure::Input(format!("--prompt: {error}")))
}

/// Where the text goes.
struct Paper {
    json: bool,
    text: Vec<u8>,
    stop: Option<StopText>,
    characters: Characters,
}

impl Paper {
    /// Writes up to so many tokens, as they come, in whole characters.
    fn write(&mut self, length: usize, mut next: impl FnMut() -> Outcome<Vec<u8>>) -> Outcome {
        let (mut whole, mut out) = (Vec::new(), Vec::new());
        for _ in 0..length {
            if interrupt::asked() {
                break;
            }
            whole.clear();
            self.characters.push(&next()?, &mut whole);
            out.clear();
            let ended = match &mut self.stop {
                Some(stop) => stop.push(&whole, &mut out),
                None => {
                    out.append(&mut whole);
                    false
                }
            };
            self.put(&out)?;
            if ended {
                return Ok(());
            }
        }
        out.clear();
        if let Some(stop) = &mut self.stop {
            stop.rest(&mut out);
        }
        self.put(&out)
    }

    fn put(&mut self, bytes: &[u8]) -> Outcome {
        if self.json {
            self.text.extend_from_slice(bytes);
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        written.map_err(|error| Failure::stdout(&error))
    }
}
