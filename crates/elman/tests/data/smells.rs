//! What is suspicious in data that can be read.

use elman::data::{ClassTargets, Dataset, Smell, Targets};
use ndarray::Array2;

use super::{TestFile, labelled};

/// Four sequences of three channels: `x` is noise, `y` counts, `z` is given.
fn dataset(lengths: &[usize], counts: impl Fn(usize, usize) -> f64, z: &[f64]) -> Dataset {
    let noise = |row: usize| ((row * 7919 + 13) % 101) as f64 / 10.0;
    let mut row = 0;
    let mut sequence = |(index, &length): (usize, &usize)| {
        let values = Array2::from_shape_fn((length, 3), |(step, channel)| match channel {
            0 => noise(row + step),
            1 => counts(row + step, step),
            _ => z[index],
        });
        row += length;
        values
    };
    let sequences: Vec<_> = lengths.iter().enumerate().map(&mut sequence).collect();
    let views: Vec<_> = sequences.iter().map(|sequence| sequence.view()).collect();
    let names = ["x", "y", "z"].map(String::from).to_vec();
    Dataset::from_sequences(&views, names, Targets::None).unwrap()
}

fn channels(data: &Dataset) -> Vec<(String, &'static str)> {
    let kind = |smell: &Smell| match smell {
        Smell::CountsRows { .. } => "rows",
        Smell::CountsSteps { .. } => "steps",
        Smell::ConstantInSequences { .. } => "constant",
        _ => "other",
    };
    let smells = data.smells();
    smells.iter().map(|smell| (smell.channel().unwrap_or("").to_string(), kind(smell))).collect()
}

#[test]
fn channels_that_count_or_name_are_found() {
    let lengths = [4, 3, 5, 2];
    let same = [1.0; 4];
    let noise = |row: usize, _| ((row * 31 + 5) % 17) as f64;
    let cases: [(Dataset, &[(&str, &str)]); 8] = [
        (dataset(&lengths, |row, _| row as f64, &same), &[("y", "rows")]),
        (dataset(&lengths, |row, _| 7.0 - 0.1 * row as f64, &same), &[("y", "rows")]),
        (dataset(&lengths, |_, step| step as f64, &same), &[("y", "steps")]),
        (dataset(&lengths, |_, step| 0.1 * step as f64, &same), &[("y", "steps")]),
        (dataset(&lengths, noise, &same), &[]),
        (dataset(&lengths, noise, &[1.0, 2.0, 1.0, 3.0]), &[("z", "constant")]),
        // Not from step to step: every second one is missing.
        (dataset(&lengths, |_, step| (step * step) as f64, &same), &[]),
        // Sequences of one step cannot tell.
        (dataset(&[1, 1, 1, 1], noise, &[1.0, 2.0, 1.0, 3.0]), &[]),
    ];
    for (index, (data, expected)) in cases.iter().enumerate() {
        let found = channels(data);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        assert_eq!(found, *expected, "case {index}");
    }
}

#[test]
fn a_single_sequence_that_rises_evenly_counts_its_rows() {
    let data = dataset(&[4], |row, _| row as f64, &[2.0]);
    assert_eq!(channels(&data), [("y".to_string(), "rows")]);
}

#[test]
fn names_that_differ_in_their_writing_are_found() {
    let like = |labels: &[&str]| {
        let step = ndarray::array![[0.5]];
        let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
        let indices = (0..labels.len()).collect();
        let views = vec![step.view(); labels.len()];
        let targets = Targets::Classes(ClassTargets::new("k", labels, indices).unwrap());
        let data = Dataset::from_sequences(&views, vec!["x".into()], targets).unwrap();
        data.smells().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let pair = |one, other| {
        vec![format!("the classes {one:?} and {other:?} are read as two: are they one?")]
    };
    assert_eq!(like(&["1", "2", "1.0"]), pair("1", "1.0"));
    assert_eq!(like(&["Cat", "dog", "cat"]), pair("Cat", "cat"));
    assert_eq!(like(&["a b", "a  b"]), pair("a b", "a  b"));
    assert_eq!(like(&["1", "01x", "2", "cat", "cats"]), Vec::<String>::new());

    let text = "id,step,x,label\n0,0,1,up\n0.0,0,2,down\n";
    let data = TestFile::new("csv", text.as_bytes()).read(&labelled()).unwrap();
    let expected = Smell::LikeIds { one: "0".into(), other: "0.0".into() };
    assert_eq!(data.smells(), [expected]);
}
