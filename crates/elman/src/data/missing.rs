//! What becomes of missing values: channels that say more of the channels of a file.

use super::options::Missing;

/// Which options take missing values.
pub(super) const MISSING_HINT: &str = "--missing mask and --missing last take missing values";

/// Channels by name, step after step.
pub(super) struct Channels {
    pub(super) names: Vec<String>, // [I]
    pub(super) values: Vec<f64>,   // [steps, I], NaN where missing
}

/// The channels of a file, followed by those that say what is missing in them, if there are to be
/// any. `offsets` are the first steps of the sequences, and the step past the last.
pub(super) fn complete(channels: Channels, offsets: &[usize], missing: Missing) -> Channels {
    let Some(suffix) = missing.suffix() else { return channels };
    let Channels { mut names, values } = channels;
    let width = names.len();
    let further: Vec<String> = names.iter().map(|name| format!("{name}{suffix}")).collect();
    names.extend(further);
    let mut all = Vec::with_capacity(2 * values.len());
    for pair in offsets.windows(2) {
        let mut last = vec![Seen { value: f64::NAN, steps_since: 0 }; width];
        for row in values[pair[0] * width..pair[1] * width].chunks_exact(width.max(1)) {
            last.iter_mut().zip(row).for_each(|(seen, value)| seen.step(*value));
            match missing {
                Missing::Last => {
                    all.extend(last.iter().map(|seen| seen.value));
                    all.extend(last.iter().map(|seen| f64::from(seen.steps_since)));
                }
                Missing::Mask | Missing::Refuse => {
                    all.extend(row);
                    all.extend(row.iter().map(|value| if value.is_nan() { 1.0 } else { 0.0 }));
                }
            }
        }
    }
    Channels { names, values: all }
}

/// The last value of a channel.
#[derive(Clone, Copy)]
struct Seen {
    value: f64,
    steps_since: u32,
}

impl Seen {
    fn step(&mut self, value: f64) {
        *self = match value.is_nan() {
            true => Seen { steps_since: self.steps_since + 1, ..*self },
            false => Seen { value, steps_since: 0 },
        };
    }
}
