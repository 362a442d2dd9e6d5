//! Forward and backward against `tests-data/papers`: numbers that a script computed from the papers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use elman::cell::{CellKind, CellVisitor};
use elman::layer::ArrivingGradient;
use elman::{Cell, CellSizes, CellState, Direction, Layer, SequenceBatch};
use ndarray::{Array2, ArrayD, ArrayViewD, Dimension, Ix2, Ix3};
use serde::Deserialize;

/// Of the largest value of an array: f64 rounds every operation, some hundred of them in a row.
const TOLERANCE: f64 = 1e-13;

#[derive(Clone, Deserialize)]
struct Stored {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Stored {
    fn array<D: Dimension>(&self) -> ndarray::Array<f64, D> {
        let array = ArrayD::from_shape_vec(self.shape.clone(), self.values.clone()).unwrap();
        array.into_dimensionality().unwrap()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    kind: CellKind,
    direction: String,
    lengths: Vec<usize>,
    inputs: Stored,
    parameters: BTreeMap<String, Stored>,
    initial: Vec<Stored>,
    arriving: Arriving,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arriving {
    outputs: Stored,
    final_state: Vec<Stored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    outputs: Stored,
    final_state: Vec<Stored>,
    grad_inputs: Stored,
    grad_parameters: BTreeMap<String, Stored>,
    grad_initial: Vec<Stored>,
}

impl Case {
    fn direction(&self) -> Direction {
        match self.direction.as_str() {
            "forward" => Direction::Forward,
            "reverse" => Direction::Reverse,
            other => panic!("{}: direction {other}", self.name),
        }
    }

    fn assert_close(&self, what: &str, found: ArrayViewD<'_, f64>, expected: &Stored) {
        assert_eq!(found.shape(), expected.shape, "{} {what}", self.name);
        let largest = expected.values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        for (found, expected) in found.iter().zip(&expected.values) {
            let distance = (found - expected).abs();
            let close = distance <= TOLERANCE * largest.max(1e-3);
            assert!(close, "{} {what}: {found} and {expected}", self.name);
        }
    }

    fn assert_state_close<S: CellState<f64>>(&self, what: &str, found: &S, expected: &[Stored]) {
        assert_eq!(found.parts().len(), expected.len(), "{} {what}", self.name);
        for (found, expected) in found.parts().iter().zip(expected) {
            self.assert_close(what, found.view().into_dyn(), expected);
        }
    }
}

fn state<S: CellState<f64>>(parts: &[Stored]) -> S {
    S::from_parts(parts.iter().map(Stored::array::<Ix2>).collect::<Vec<Array2<f64>>>())
}

impl CellVisitor<f64> for &Case {
    type Output = ();

    fn visit<C: Cell<f64> + Clone>(self, make: impl Fn(CellSizes) -> elman::Result<C>) {
        let input_size = self.inputs.shape[2];
        let hidden_size = self.expected.outputs.shape[2];
        let cell = make(CellSizes { input_size, hidden_size }).unwrap();
        let layer = Layer::new(cell, self.direction()).unwrap();
        let mut parameters = layer.parameters();
        assert_eq!(parameters.shapes().len(), self.parameters.len(), "{}", self.name);
        for (name, stored) in &self.parameters {
            parameters.set(name, stored.array::<ndarray::IxDyn>().view()).unwrap();
        }
        let inputs = self.inputs.array::<Ix3>();
        let batch = SequenceBatch::with_lengths(inputs, self.lengths.clone()).unwrap();
        let initial: C::State = state(&self.initial);
        let weights = layer.prepare(&parameters).unwrap();
        let mut trace = layer.forward_traced(&weights, &batch, Some(&initial)).unwrap();
        let expected = &self.expected;
        self.assert_close("outputs", trace.outputs().into_dyn(), &expected.outputs);
        let last = layer.final_state(&trace);
        self.assert_state_close("final state", &last, &expected.final_state);

        let grad_outputs = self.arriving.outputs.array::<Ix3>();
        let grad_final: C::State = state(&self.arriving.final_state);
        let outputs = Some(grad_outputs.view());
        let arriving = ArrivingGradient { outputs, final_state: Some(&grad_final) };
        let mut grad = parameters.zeros_like();
        let leaving = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();
        self.assert_close("dx", leaving.inputs.view().into_dyn(), &expected.grad_inputs);
        self.assert_state_close("dh_0", &leaving.initial_state, &expected.grad_initial);
        for (name, stored) in &expected.grad_parameters {
            self.assert_close(name, grad.get(name).unwrap(), stored);
        }
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests-data/papers");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

#[test]
fn cells_agree_with_scripts_written_from_the_papers() {
    let files = files();
    assert!(!files.is_empty());
    for file in files {
        let case: Case = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        case.kind.visit(&case).unwrap();
    }
}
