//! Where in a file the steps of sequences stand, so that a fault found later can name the row.

use std::ops::Range;

/// The rows of the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Places {
    /// The data did not come from a file.
    #[default]
    Unknown,
    /// One row for each step. A run begins where the row is not the one after that of the step
    /// before; an ordinary file has a single run.
    Steps(Vec<Run>),
    /// One row for each sequence.
    Sequences(Vec<u64>), // [N]
}

/// Steps whose rows follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// The first step, counted over all sequences.
    step: usize,
    /// Its place.
    place: Place,
}

/// A row of one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of the files, from 0.
    pub(super) file: u32,
    /// The line, from 1.
    pub(super) row: u64,
}

impl Places {
    /// The place of a step, counted over all sequences.
    pub(super) fn of(&self, sequence: usize, step: usize) -> Option<Place> {
        match self {
            Places::Unknown => None,
            Places::Sequences(rows) => Some(Place { file: 0, row: *rows.get(sequence)? }),
            Places::Steps(runs) => {
                let after = runs.partition_point(|run| run.step <= step);
                let run = runs.get(after.checked_sub(1)?)?;
                Some(Place { row: run.place.row + (step - run.step) as u64, ..run.place })
            }
        }
    }

    /// The places of some sequences, of which `spans` are the steps.
    pub(super) fn subset(&self, sequences: &[usize], spans: &[Range<usize>]) -> Self {
        match self {
            Places::Unknown => Places::Unknown,
            Places::Sequences(rows) => {
                Places::Sequences(sequences.iter().map(|&sequence| rows[sequence]).collect())
            }
            Places::Steps(_) => {
                let mut places = StepPlaces::default();
                for step in spans.iter().flat_map(Clone::clone) {
                    places.push(self.of(0, step).unwrap_or_default());
                }
                places.finish()
            }
        }
    }
}

/// Gathers the rows of one step after the other.
#[derive(Default)]
pub(super) struct StepPlaces {
    runs: Vec<Run>,
    steps: usize,
    last: Place,
}

impl StepPlaces {
    pub(super) fn push(&mut self, place: Place) {
        if self.runs.is_empty() || place != (Place { row: self.last.row + 1, ..self.last }) {
            self.runs.push(Run { step: self.steps, place });
        }
        self.steps += 1;
        self.last = place;
    }

    pub(super) fn finish(self) -> Places {
        Places::Steps(self.runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_steps_are_found_again() {
        let rows = [2, 3, 4, 7, 8, 12, 5];
        let mut places = StepPlaces::default();
        let place = |row: u64| Place { file: u32::from(row == 8), row };
        rows.iter().for_each(|row| places.push(place(*row)));
        let places = places.finish();
        let found: Vec<_> = (0..rows.len()).map(|step| places.of(0, step)).collect();
        assert_eq!(found, rows.map(|row| Some(place(row))));
        let Places::Steps(runs) = &places else { panic!("steps") };
        assert_eq!(runs.len(), 5);
        let subset = places.subset(&[1, 0], &[3..5, 1..3]);
        let found: Vec<_> = (0..4).map(|step| subset.of(0, step)).collect();
        assert_eq!(found, [7, 8, 3, 4].map(|row| Some(place(row))));
    }
}
