//! Options of cells against numbers from elsewhere: `tests-data/cells/variants.py`, which computes states
//! from the papers' equations and gradients by complex steps.

use std::collections::BTreeMap;

use elman::cell::{Cell, CellKind, CellState, CellVisitor};
use elman::layer::ArrivingGradient;
use elman::{CellSizes, Direction, Layer, SequenceBatch};
use ndarray::{Array2, Array3};
use serde::Deserialize;

/// Both are computed in f64, in another order, over 4 steps.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Reference {
    sizes: Sizes,
    cases: Vec<Case>,
}

#[derive(Clone, Copy, Deserialize)]
struct Sizes {
    batch_size: usize,
    seq_len: usize,
    input_size: usize,
    hidden_size: usize,
}

/// One cell: what it is given, and what comes out. Arrays are row-major.
#[derive(Deserialize)]
struct Case {
    kind: CellKind,
    inputs: Vec<f64>,
    initial_state: Vec<Vec<f64>>,
    parameters: BTreeMap<String, Vec<f64>>,
    grad_outputs: Vec<f64>,
    grad_final_state: Vec<Vec<f64>>,
    outputs: Vec<f64>,
    final_state: Vec<Vec<f64>>,
    grad_inputs: Vec<f64>,
    grad_initial_state: Vec<Vec<f64>>,
    grad_parameters: BTreeMap<String, Vec<f64>>,
}

/// Runs a case. Returns what does not agree.
struct Run<'a>(Sizes, &'a Case);

impl CellVisitor<f64> for Run<'_> {
    type Output = Vec<String>;

    fn visit<C: Cell<f64>>(self, make: impl Fn(CellSizes) -> elman::Result<C>) -> Vec<String> {
        let Run(Sizes { batch_size, seq_len, input_size, hidden_size }, case) = self;
        let cell = make(CellSizes { input_size, hidden_size }).unwrap();
        let layer = Layer::new(cell, Direction::Forward).unwrap();
        let mut parameters = layer.parameters();
        let names: Vec<_> = parameters.shapes().iter().map(|shape| shape.name.clone()).collect();
        assert_eq!(names.len(), case.parameters.len(), "{:?}: parameters", case.kind);
        for name in &names {
            let range = parameters.range_of(name).unwrap();
            parameters.values_mut()[range].copy_from_slice(&case.parameters[name]);
        }
        let output_size = layer.cell().output_size();
        let array = |size: usize, values: &[f64]| {
            Array3::from_shape_vec((batch_size, seq_len, size), values.to_vec()).unwrap()
        };
        let state = |parts: &[Vec<f64>]| {
            let sizes = (0..parts.len()).map(|part| layer.cell().part_size(part));
            let part = |(values, size): (&Vec<f64>, usize)| {
                Array2::from_shape_vec((batch_size, size), values.clone()).unwrap()
            };
            C::State::from_parts(parts.iter().zip(sizes).map(part).collect())
        };
        let weights = layer.prepare(&parameters).unwrap();
        let batch = SequenceBatch::full(array(input_size, &case.inputs));
        let initial = state(&case.initial_state);
        let mut trace = layer.forward_traced(&weights, &batch, Some(&initial)).unwrap();
        let (outputs, last) = (trace.outputs().to_owned(), layer.final_state(&trace));
        let (grad_outputs, grad_final) =
            (array(output_size, &case.grad_outputs), state(&case.grad_final_state));
        let arriving =
            ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: Some(&grad_final) };
        let mut grad = parameters.zeros_like();
        let leaving = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();

        let mut faults = Vec::new();
        let mut compare = |what: &str, found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{:?}: {what}", case.kind);
            for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
                let agrees = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
                if !agrees {
                    faults.push(format!("{:?}: {what}[{k}] {found}, not {expected}", case.kind));
                }
            }
        };
        compare("outputs", outputs.iter().copied().collect(), &case.outputs);
        compare("grad_inputs", leaving.inputs.iter().copied().collect(), &case.grad_inputs);
        for (name, found, expected) in [
            ("final_state", &last, &case.final_state),
            ("grad_initial_state", &leaving.initial_state, &case.grad_initial_state),
        ] {
            for (part, expected) in found.parts().iter().zip(expected) {
                compare(name, part.iter().copied().collect(), expected);
            }
        }
        for name in &names {
            let found = grad.values()[grad.range_of(name).unwrap()].to_vec();
            compare(&format!("grad_{name}"), found, &case.grad_parameters[name]);
        }
        faults
    }
}

#[test]
fn options_give_the_reference_states_and_gradients() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-data/cells/variants.json");
    let text = std::fs::read_to_string(path).unwrap();
    let Reference { sizes, cases } = serde_json::from_str(&text).unwrap();
    let faults: Vec<String> =
        cases.iter().flat_map(|case| case.kind.visit(Run(sizes, case)).unwrap()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cases.len() >= 29, "cases are missing");
}
