//! Whole trainings: what a person waits for, on one thread and on more.

use std::fs;
use std::path::Path;

use bench_protocol::{Cell, Training, write_array};
use elman::Rng;

use super::contenders::Contender;
use super::definitions::TrainingWorkload;
use super::record::{ELMAN, MEMBERS, Measure};
use super::rounds::{self, Measurement};

const SEED: u64 = 2;

/// How far the mean loss of a peer's last epoch may be from Elman's, as a part of it. Initial weights and the order
/// of batches differ, which after few epochs makes a third; what has learnt nothing is at twice the loss and more.
const TOLERANCE: f64 = 0.5;

/// Writes the sequences of a training into a folder, which is made anew.
///
/// They are noise around a slow wave whose frequency is the class's, and whose phase is random.
pub fn write(workload: &TrainingWorkload, cell: Cell, folder: &Path) -> Result<(), String> {
    super::inputs::remove(folder)?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut rng = Rng::new(SEED);
    let span = workload.longest - workload.shortest + 1;
    let lengths = (0..workload.sequences).map(|_| workload.shortest + rng.below(span)).collect();
    let labels = (0..workload.sequences).map(|_| rng.below(workload.classes)).collect();
    let training = Training {
        cell,
        input_size: workload.input_size,
        hidden_size: workload.hidden_size,
        batch_size: workload.batch_size,
        epochs: workload.epochs,
        classes: workload.classes,
        learning_rate: workload.learning_rate,
        lengths,
        labels,
    };
    training.write(folder)?;
    write_array(folder, &training.steps(), &waves(&training, &mut rng))
}

#[allow(clippy::cast_possible_truncation, reason = "f32 is what the contenders compute in")]
fn waves(training: &Training, rng: &mut Rng) -> Vec<f32> {
    let mut values = Vec::with_capacity(training.steps().len());
    for (&length, &label) in training.lengths.iter().zip(&training.labels) {
        let (frequency, phase) = (0.1 + 0.06 * label as f64, 6.0 * rng.uniform());
        for step in 0..length {
            let wave = (frequency * step as f64 + phase).sin();
            for channel in 0..training.input_size {
                let gain = 2.0 * channel as f64 / training.input_size as f64 - 1.0;
                values.push((gain * wave + 0.7 * rng.normal()) as f32);
            }
        }
    }
    values
}

/// One contender on a number of threads, with what its turns took.
struct Player<'a> {
    contender: &'a mut Contender,
    seconds: Vec<f64>,
    refused: Option<String>,
}

/// A training with one network or several, in its folder.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub folder: &'a Path,
    pub networks: usize,
    pub rounds: usize,
}

/// Has every contender train in turns; Elman on its least number of threads is the first.
pub fn run(teams: &mut [Vec<Contender>], work: Work<'_>) -> Vec<Measurement> {
    let contenders = teams.iter_mut().flatten();
    let player = |contender| Player { contender, seconds: vec![], refused: None };
    let mut players: Vec<Player<'_>> = contenders.map(player).collect();
    let mut reference = None;
    for _ in 0..work.rounds {
        for player in players.iter_mut().filter(|player| player.refused.is_none()) {
            match player.turn(work).and_then(|turn| player.checked(turn, &mut reference)) {
                Ok(seconds) => player.seconds.push(seconds),
                Err(reason) => player.refused = Some(reason),
            }
        }
    }
    measurements(&players)
}

/// Seconds, and the mean loss of the last epoch.
struct Turn {
    seconds: f64,
    loss: f64,
}

impl Player<'_> {
    fn is_elman(&self) -> bool {
        self.contender.name() == ELMAN
    }

    fn turn(&mut self, work: Work<'_>) -> Result<Turn, String> {
        let words = ["fit", &work.folder.to_string_lossy(), &work.networks.to_string()];
        let answer = rounds::done(self.contender.ask(&words))?;
        let numbers: Vec<f64> = answer.iter().filter_map(|word| word.parse().ok()).collect();
        match numbers.as_slice() {
            &[seconds, loss] => Ok(Turn { seconds, loss }),
            _ => Err(format!("failed: answered {answer:?}")),
        }
    }

    /// The seconds of a turn that learnt what Elman's first turn learnt: Elman itself the same bits, on
    /// any number of threads.
    fn checked(&self, turn: Turn, reference: &mut Option<f64>) -> Result<f64, String> {
        let expected = match (*reference, self.is_elman()) {
            (Some(expected), _) => expected,
            (None, true) => *reference.insert(turn.loss),
            (None, false) => return Err("not timed: Elman learnt nothing to compare with".into()),
        };
        let tolerance = if self.is_elman() { 0.0 } else { TOLERANCE };
        match (turn.loss - expected).abs() <= tolerance * expected {
            true => Ok(turn.seconds),
            false => Err(format!("not timed: its loss is {}, Elman's {expected}", turn.loss)),
        }
    }

    fn measurement(&self, measure: Measure, value: Option<f64>, note: String) -> Measurement {
        Measurement {
            measure,
            contender: self.contender.name().to_owned(),
            threads: self.contender.threads,
            value: value.map(rounds::rounded),
            note,
        }
    }

    /// The median of how many times its seconds those of another one are, turn by turn.
    fn over(&self, other: &Player<'_>, measure: Measure) -> Measurement {
        let ratios = self.seconds.iter().zip(&other.seconds).map(|(own, other)| own / other);
        let (middle, note) = summary(ratios.collect());
        self.measurement(measure, middle, note)
    }
}

fn measurements(players: &[Player<'_>]) -> Vec<Measurement> {
    let mut found = Vec::new();
    let elman = |threads| {
        players.iter().find(move |player| {
            player.is_elman() && threads == player.contender.threads && player.refused.is_none()
        })
    };
    for player in players {
        if let Some(reason) = &player.refused {
            found.push(player.measurement(Measure::Refused, None, reason.clone()));
            continue;
        }
        let (middle, note) = summary(player.seconds.clone());
        found.push(player.measurement(Measure::TrainingSeconds, middle, note));
        let base = match player.is_elman() {
            true => elman(1).filter(|_| player.contender.threads > 1),
            false => elman(player.contender.threads),
        };
        let Some(base) = base else { continue };
        found.push(match player.is_elman() {
            true => Measurement {
                threads: player.contender.threads,
                ..base.over(player, Measure::TrainingSpeedup)
            },
            false => player.over(base, Measure::TrainingRatio),
        });
    }
    found
}

/// The median, and the range in words.
fn summary(mut values: Vec<f64>) -> (Option<f64>, String) {
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return (None, String::new());
    };
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    (Some(f64::midpoint(low, high)), format!("{least:.2} to {most:.2}"))
}

/// The name of a training in a record.
pub fn name(workload: &TrainingWorkload, networks: usize) -> String {
    let suffix = if networks == 1 { "" } else { MEMBERS };
    format!("{}{suffix}", workload.name)
}

#[cfg(test)]
mod tests {
    use super::super::contenders::Program;
    use super::*;

    /// A contender that takes `$1` seconds and ends with the loss `$2`.
    const FAKE: &str = "while read -r line; do printf 'ok\\t%s\\t%s\\n' \"$1\" \"$2\"; done";

    fn contender(name: &str, threads: usize, answers: [&str; 2]) -> Contender {
        let arguments = ["-c", FAKE, "fake", answers[0], answers[1]].map(Into::into).to_vec();
        Contender::new(&Program::new(name, "sh".into(), arguments), threads, &std::env::temp_dir())
    }

    #[test]
    fn trainings_are_compared_turn_by_turn() {
        let mut teams = [
            vec![contender(ELMAN, 1, ["2.0", "0.5"])],
            vec![
                contender(ELMAN, 2, ["1.25", "0.5"]),
                contender("same", 2, ["12.5", "0.55"]),
                contender("other", 2, ["0.1", "2.2"]),
            ],
        ];
        let work = Work { folder: Path::new("."), networks: 1, rounds: 3 };
        let told: Vec<String> = run(&mut teams, work)
            .iter()
            .map(|m| {
                format!("{} {} {:?} {:?} {}", m.contender, m.threads, m.measure, m.value, m.note)
            })
            .collect();
        let expected = [
            "elman 1 TrainingSeconds Some(2.0) 2.00 to 2.00",
            "elman 2 TrainingSeconds Some(1.25) 1.25 to 1.25",
            "elman 2 TrainingSpeedup Some(1.6) 1.60 to 1.60",
            "same 2 TrainingSeconds Some(12.5) 12.50 to 12.50",
            "same 2 TrainingRatio Some(10.0) 10.00 to 10.00",
            "other 2 Refused None not timed: its loss is 2.2, Elman's 0.5",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn other_bits_on_more_threads_are_refused() {
        let mut teams = [
            vec![contender(ELMAN, 1, ["2.0", "0.5"])],
            vec![contender(ELMAN, 2, ["1.0", "0.5000001"])],
        ];
        let work = Work { folder: Path::new("."), networks: 1, rounds: 1 };
        let found = run(&mut teams, work);
        assert_eq!(found.iter().map(|m| m.measure).next_back(), Some(Measure::Refused));
    }
}
