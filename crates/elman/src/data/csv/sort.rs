//! Rows in any order, put in the order of sequence and time.

use std::cmp::Ordering;

use super::super::file;
use super::super::place::{Place, StepPlaces};
use super::reader::Reader;
use super::time::Time;
use crate::error::Result;

/// Where a row belongs.
pub(super) struct RowKey {
    pub(super) sequence: usize,
    pub(super) time: Option<Time>,
    pub(super) place: Place,
}

impl RowKey {
    fn order(&self, other: &RowKey) -> Ordering {
        let times = match (&self.time, &other.time) {
            (Some(time), Some(other)) => time.order(other).unwrap_or(Ordering::Equal),
            _ => Ordering::Equal,
        };
        self.sequence.cmp(&other.sequence).then(times)
    }
}

/// The rows in their order.
pub(super) struct Sorted {
    pub(super) values: Vec<f64>,
    pub(super) offsets: Vec<usize>,
    pub(super) places: StepPlaces,
    /// Which row stands at each place.
    pub(super) order: Vec<usize>,
}

/// Sorts the rows of a reader by the sequence, in the order in which the sequences begin in the file,
/// and by time; without a time column the rows of a sequence stay in their order.
///
/// # Errors
///
/// Two rows of a sequence with the same time.
pub(super) fn sort(reader: &Reader<'_>, keys: Vec<RowKey>) -> Result<Sorted> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].order(&keys[b]));
    if let Some(column) = reader.roles.time
        && let Some(pair) =
            order.windows(2).find(|pair| keys[pair[0]].order(&keys[pair[1]]).is_eq())
    {
        let (first, second) = (&keys[pair[0]], &keys[pair[1]]);
        let id = file::quote(&reader.ids[second.sequence]);
        let time = second.time.as_ref().map_or(String::new(), ToString::to_string);
        let expected = format!("each time once in sequence {id}");
        let found = format!("{time}, which is that of row {} too", first.place.row);
        let fault = reader.fault(second.place, expected, found);
        return Err(fault.column(&reader.roles.header[column]).into());
    }
    let width = reader.channels.columns.len();
    let mut sorted = Sorted {
        values: Vec::with_capacity(reader.channels.values.len()),
        offsets: vec![0; reader.ids.len() + 1],
        places: StepPlaces::default(),
        order: vec![],
    };
    for (step, &index) in order.iter().enumerate() {
        sorted.values.extend_from_slice(&reader.channels.values[index * width..][..width]);
        sorted.offsets[keys[index].sequence + 1] = step + 1;
        sorted.places.push(keys[index].place);
    }
    Ok(Sorted { order, ..sorted })
}
