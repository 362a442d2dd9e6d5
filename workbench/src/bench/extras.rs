//! What Elman is asked beyond its speed on full batches.

use std::path::Path;
use std::process::Command;

use bench_protocol::{Case, Cell, Mode, read_array};

use super::contenders::Contender;
use super::record::{ELMAN, Measure};
use super::rounds::{self, Measurement, Turns, Work};

/// The time per valid step of a ragged batch over that of the full one.
///
/// The two take turns. The outputs of valid steps must be those of the full batch, to the bit.
pub fn ragged(elman: &mut Contender, work: Work<'_>, turns: Turns) -> Result<Measurement, String> {
    let Work { case, folder, .. } = work;
    let ragged = super::inputs::ragged(case);
    let measured = in_turns(elman, work, &ragged, turns);
    case.write(folder)?;
    let [full, part] = measured?;
    let lengths = ragged.lengths.iter().flatten();
    let (all, valid) = (case.batch_size * case.seq_len, lengths.sum::<usize>());
    let ratio = (part / valid as f64) / (full / all as f64);
    let note = format!("{valid} of {all} steps are valid");
    Ok(measurement(Measure::RaggedRatio, elman.threads, ratio, note))
}

/// The least times of the full and the ragged case.
fn in_turns(
    elman: &mut Contender,
    Work { case, mode, folder }: Work<'_>,
    ragged: &Case,
    turns: Turns,
) -> Result<[f64; 2], String> {
    let results = folder.join(format!("{mode}-ragged"));
    let mut least = [f64::INFINITY; 2];
    for round in 0..turns.rounds {
        for (least, case) in least.iter_mut().zip([case, ragged]) {
            case.write(folder)?;
            rounds::load(elman, Work { case, mode, folder })?;
            if round == 0 && case.lengths.is_some() {
                rounds::done(elman.ask(&["check", &results.to_string_lossy()]))?;
                same_outputs(case, &folder.join(format!("{mode}-{ELMAN}")), &results)?;
            }
            *least = least.min(rounds::time(elman, turns.seconds)?);
        }
    }
    Ok(least)
}

/// That something failed.
pub fn refused(threads: usize, reason: String) -> Measurement {
    let contender = ELMAN.to_owned();
    Measurement { measure: Measure::Refused, contender, threads, value: None, note: reason }
}

fn measurement(measure: Measure, threads: usize, value: f64, note: String) -> Measurement {
    let value = Some(rounds::rounded(value));
    Measurement { measure, contender: ELMAN.to_owned(), threads, value, note }
}

/// Refuses outputs of valid steps that are not those of the full batch.
fn same_outputs(ragged: &Case, full: &Path, part: &Path) -> Result<(), String> {
    let results = ragged.results(Mode::Infer);
    let Some(array) = results.first() else { return Ok(()) };
    let (full, part) = (read_array(full, array)?, read_array(part, array)?);
    let row = ragged.seq_len * ragged.hidden_size;
    let lengths = ragged.lengths.iter().flatten();
    for ((full, part), length) in full.chunks(row).zip(part.chunks(row)).zip(lengths) {
        let valid = length * ragged.hidden_size;
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
        if !full.iter().zip(part).take(valid).all(same) {
            return Err("ragged: the outputs of valid steps are not those of the full batch".into());
        }
    }
    Ok(())
}

/// The bytes of a training step, and their ratio to inputs, outputs and what is kept for
/// back-propagation.
pub fn memory(
    programs: &Path,
    Work { case, folder, .. }: Work<'_>,
    threads: usize,
) -> Result<[Measurement; 2], String> {
    let program = programs.join(format!("elman-memory{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&program).arg(folder).arg(threads.to_string()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes: f64 = text
        .trim()
        .parse()
        .map_err(|_| format!("memory: {}", super::machine::complaint(&output.stderr)))?;
    let ratio = bytes / needed(case);
    Ok([
        measurement(Measure::StepBytes, threads, bytes, String::new()),
        measurement(Measure::StepBytesRatio, threads, ratio, String::new()),
    ])
}

/// Bytes of inputs, outputs, and what back-propagation needs of each step: the outputs' derivatives
/// for the simple cell, four gates and the cell state for the LSTM, three gates and the recurrent part
/// of the candidate for the GRU.
fn needed(case: &Case) -> f64 {
    let kept = match case.cell {
        Cell::Simple => 1,
        Cell::Lstm => 5,
        Cell::Gru => 4,
    };
    let values = case.input_size + (1 + kept) * case.hidden_size;
    (4 * case.batch_size * case.seq_len * values) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_bytes_are_counted_from_the_sizes() {
        let case = Case {
            cell: Cell::Lstm,
            batch_size: 2,
            seq_len: 3,
            input_size: 5,
            hidden_size: 7,
            lengths: None,
        };
        assert!((needed(&case) - 4.0 * 6.0 * (5.0 + 7.0 + 35.0)).abs() < f64::EPSILON);
    }
}
