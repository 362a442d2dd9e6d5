//! One case, all contenders: load, check, and time in turns.

use std::path::Path;
use std::time::Duration;

use bench_protocol::{Case, Mode};

use super::compare;
use super::contenders::Contender;
use super::process::Answer;
use super::record::{ELMAN, Measure};

/// A contender this many times slower than the best in its first turn gets no other: noise does
/// not make up for it, and its turns would take most of the time.
const HOPELESS: f64 = 5.0;

/// A pause before each turn, in which the threads of the contender before go to sleep.
const PAUSE: Duration = Duration::from_millis(10);

/// How long and how often it is a contender's turn.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    pub seconds: f64,
    pub rounds: usize,
}

/// A case in its folder.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    pub case: &'a Case,
    pub mode: Mode,
    pub folder: &'a Path,
}

/// What one contender did with one case.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub measure: Measure,
    pub contender: String,
    pub threads: usize,
    pub value: Option<f64>,
    pub note: String,
}

/// Times every contender that computes what Elman, the first of them, computes.
///
/// Elman on another number of threads before has left its results in the folder; then these must
/// be the same values.
pub fn run(contenders: &mut [Contender], work: Work<'_>, turns: Turns) -> Vec<Measurement> {
    let mut measurements = Vec::new();
    let mut ready: Vec<(&mut Contender, String, f64)> = Vec::new();
    for contender in contenders {
        match load_and_check(contender, work) {
            Ok(how) => ready.push((contender, how, f64::INFINITY)),
            Err(reason) => measurements.push(Measurement {
                measure: Measure::Refused,
                contender: contender.name().to_owned(),
                threads: contender.threads,
                value: None,
                note: reason,
            }),
        }
    }
    for round in 0..turns.rounds {
        let best = ready.iter().fold(f64::INFINITY, |best, (_, _, least)| best.min(*least));
        for (contender, how, least) in &mut ready {
            if round > 0 && *least > HOPELESS * best && contender.name() != ELMAN {
                continue;
            }
            std::thread::sleep(PAUSE);
            match time(contender, turns.seconds) {
                Ok(seconds) => *least = least.min(seconds),
                Err(reason) => *how = reason,
            }
        }
    }
    for (contender, how, least) in ready {
        measurements.extend(figures(contender, how, least));
    }
    measurements
}

fn figures(contender: &mut Contender, how: String, least: f64) -> Vec<Measurement> {
    let (name, threads) = (contender.name().to_owned(), contender.threads);
    let measurement = |measure, value, note| Measurement {
        measure,
        contender: name.clone(),
        threads,
        value,
        note,
    };
    if !least.is_finite() {
        return vec![measurement(Measure::Refused, None, how)];
    }
    let mut figures = vec![measurement(Measure::Microseconds, Some(rounded(1e6 * least)), how)];
    if let Answer::Done(words) = contender.ask(&["memory"]) {
        let bytes = words.first().and_then(|word| word.parse().ok());
        figures.push(measurement(Measure::ResidentBytes, bytes, String::new()));
    }
    figures
}

/// To five digits: more are noise.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

fn load_and_check(contender: &mut Contender, work: Work<'_>) -> Result<String, String> {
    let Work { case, mode, folder } = work;
    let how = load(contender, work)?;
    let reference = folder.join(format!("{mode}-{ELMAN}"));
    let first = !reference.exists();
    let is_elman = contender.name() == ELMAN;
    if first && !is_elman {
        return Err("not timed: Elman computed nothing to compare with".to_owned());
    }
    let results = if first {
        reference.clone()
    } else {
        folder.join(format!("{mode}-{}-results", contender.name()))
    };
    done(contender.ask(&["check", &results.to_string_lossy()]))?;
    // Elman's own results do not depend on the number of threads; compared with itself, that no value
    // is infinite or NaN is what is left to see.
    let tolerance = if is_elman { 0.0 } else { compare::TOLERANCE };
    let verdict = compare::folders(&case.results(mode), &reference, &results, tolerance);
    if !first {
        super::inputs::remove(&results)?;
    }
    verdict.map_err(|difference| format!("not timed: {difference}"))?;
    Ok(how)
}

/// Loads a case; says how the contender does it.
pub fn load(contender: &mut Contender, work: Work<'_>) -> Result<String, String> {
    let words = ["load", &work.folder.to_string_lossy(), work.mode.name()];
    Ok(done(contender.ask(&words))?.join(" "))
}

/// The least time of a run in one turn.
pub fn time(contender: &mut Contender, seconds: f64) -> Result<f64, String> {
    let words = done(contender.ask(&["time", &seconds.to_string()]))?;
    let least = words.first().and_then(|word| word.parse().ok());
    least.ok_or_else(|| format!("failed: answered {words:?}"))
}

/// The words of an answer, or why there are none.
pub fn done(answer: Answer) -> Result<Vec<String>, String> {
    match answer {
        Answer::Done(words) => Ok(words),
        Answer::Unsupported(reason) => Err(format!("unsupported: {reason}")),
        Answer::Failed(reason) => Err(format!("failed: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use bench_protocol::{Cell, write_array};

    use super::super::contenders::Program;
    use super::*;

    /// A contender that always computes what the file `$1` holds, unless `$1` says how it fails.
    const FAKE: &str = r#"
        tab=$(printf '\t')
        while IFS="$tab" read -r command argument rest; do
            case "$command $1" in
                "load "*dies) echo "out of memory" >&2; exit 1 ;;
                "load "*lacks) printf 'unsupported\tno such cell\n' ;;
                load*) printf 'ok\tfake\n' ;;
                check*) mkdir -p "$argument" && cp "$1" "$argument/outputs.f32"; printf 'ok\t1\n' ;;
                time*) printf 'ok\t2e-3\t5\n' ;;
                memory*) printf 'ok\t1024\n' ;;
            esac
        done
    "#;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("elman-{name}-{}", std::process::id()));
            super::super::inputs::remove(&folder).unwrap();
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("fake.sh"), FAKE).unwrap();
            Folder(folder)
        }

        fn contender(&self, name: &str, computes: &str, threads: usize) -> Contender {
            let arguments = vec![self.0.join("fake.sh"), self.0.join(computes)];
            Contender::new(&Program::new(name, "sh".into(), arguments), threads, &self.0)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn only_who_computes_the_same_is_timed() {
        let case = Case {
            cell: Cell::Simple,
            batch_size: 1,
            seq_len: 2,
            input_size: 1,
            hidden_size: 2,
            lengths: None,
        };
        let folder = Folder::new("rounds");
        for (name, values) in [("right", [1.0, 2.0, 3.0, 4.0]), ("wrong", [1.0, 2.0, 3.0, 4.1])] {
            let mut array = case.results(Mode::Infer).remove(0);
            name.clone_into(&mut array.name);
            write_array(&folder.0, &array, &values).unwrap();
        }
        let contenders = [
            (ELMAN, "right.f32"),
            ("same", "right.f32"),
            ("other", "wrong.f32"),
            ("lacking", "lacks"),
            ("dying", "dies"),
        ];
        let work = Work { case: &case, mode: Mode::Infer, folder: &folder.0 };
        let turns = Turns { seconds: 0.01, rounds: 2 };
        let mut team = contenders.map(|(name, computes)| folder.contender(name, computes, 1));
        let measurements = run(&mut team, work, turns);
        let told: Vec<String> = measurements
            .iter()
            .map(|o| format!("{} {:?} {:?} {}", o.contender, o.measure, o.value, o.note))
            .collect();
        let expected = [
            "other Refused None not timed: outputs: differs by 2.5e-2 of its largest value, allowed 1e-4",
            "lacking Refused None unsupported: no such cell",
            "dying Refused None failed: ended; it said: out of memory",
            "elman Microseconds Some(2000.0) fake",
            "elman ResidentBytes Some(1024.0) ",
            "same Microseconds Some(2000.0) fake",
            "same ResidentBytes Some(1024.0) ",
        ];
        assert_eq!(told, expected);

        // On other threads Elman's own results must be the same, to the bit.
        let mut team = [folder.contender(ELMAN, "wrong.f32", 2)];
        let [measurement] = run(&mut team, work, turns).try_into().unwrap();
        assert_eq!(measurement.measure, Measure::Refused, "{}", measurement.note);
        assert!(
            measurement.note.starts_with("not timed: outputs: differs"),
            "{}",
            measurement.note
        );
    }
}
