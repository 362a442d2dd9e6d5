//! Dropout and zoneout in the recurrence against the values of `tests-data/noise/noise.py`.

use serde::Deserialize;

use super::bound::{Bound, bind_kind};
use crate::cell::{CellKind, CellSizes, GruOptions, LstmOptions, ResetPlacement, SimpleOptions};
use crate::layer::time_loop::{
    BackwardArrays, Draws, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Noise, Shape, Span,
};
use crate::layer::{Direction, RecurrentRegularization};
use crate::rng::MaskSource;

const SIZES: CellSizes = CellSizes { input_size: 2, hidden_size: 3 };
const SEQ_LEN: usize = 5;

#[derive(Deserialize)]
struct File {
    sequences: Vec<usize>,
    lengths: Vec<usize>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    chances: RecurrentRegularization,
    training: bool,
    reverse: bool,
    weights: Vec<f64>,
    inputs: Vec<f64>,
    initial: Vec<f64>,
    grad_outputs: Vec<f64>,
    grad_final: Vec<f64>,
    outputs: Vec<f64>,
    #[serde(rename = "final")]
    final_state: Vec<f64>,
    grads: Grads,
}

#[derive(Deserialize)]
struct Grads {
    weights: Vec<f64>,
    inputs: Vec<f64>,
    initial: Vec<f64>,
}

fn kind(name: &str) -> CellKind {
    let gru = |reset| CellKind::Gru(GruOptions { reset, ..GruOptions::DEFAULT });
    match name {
        "simple" => CellKind::Simple(SimpleOptions::DEFAULT),
        "lstm" => CellKind::Lstm(LstmOptions::DEFAULT),
        "gru-after" => gru(ResetPlacement::After),
        "gru-before" => gru(ResetPlacement::Before),
        other => panic!("no cell {other}"),
    }
}

/// The largest difference, by the largest value of both.
fn far(found: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let largest = wanted.iter().fold(1e-3, |most: f64, value| most.max(value.abs()));
    let differences = found.iter().zip(wanted).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max) / largest
}

impl Case {
    fn check(&self, file: &File) {
        let direction = if self.reverse { Direction::Reverse } else { Direction::Forward };
        let mut cell: Box<dyn Bound<f64>> = bind_kind(&kind(&self.kind), SIZES, direction).unwrap();
        cell.refresh(&self.weights);
        let source = MaskSource { seed: 5, update: 3 };
        let draws =
            Draws { source, layer: 1, sequences: &file.sequences, first_step: 0, starts: &[] };
        let shape = Shape {
            span: Span { lengths: &file.lengths, seq_len: SEQ_LEN },
            output_stride: cell.output_size(),
            output_offset: 0,
            noise: Some(Noise { chances: self.chances, draws: self.training.then_some(draws) }),
        };
        let mut trace = LoopTrace { initial: self.initial.clone(), ..LoopTrace::default() };
        let mut outputs = vec![0.0; self.outputs.len()];
        let arrays = ForwardArrays { inputs: &self.inputs, outputs: &mut outputs };
        cell.forward(shape, arrays, Keeping { trace: &mut trace, keep: Keep::Trace });
        let mut grads = [&self.weights, &self.inputs, &self.initial].map(|v| vec![0.0; v.len()]);
        let final_state = trace.final_state.clone();
        let [parameters, inputs, initial] = &mut grads;
        let gradients = Gradients {
            outputs: Some(&self.grad_outputs),
            final_state: Some(&self.grad_final),
            inputs: Some(inputs),
            initial,
            parameters,
        };
        let arrays = BackwardArrays { inputs: &self.inputs, outputs: &outputs };
        cell.backward(shape, arrays, &mut trace, gradients);
        let [weights, inputs, initial] = &grads;
        for (what, found, wanted) in [
            ("outputs", &outputs, &self.outputs),
            ("final state", &final_state, &self.final_state),
            ("weights", weights, &self.grads.weights),
            ("inputs", inputs, &self.grads.inputs),
            ("initial state", initial, &self.grads.initial),
        ] {
            let far = far(found, wanted);
            // Both are in f64; what differs is the order of sums.
            assert!(far < 1e-12, "{} {:?}: {what} {far:e}", self.kind, self.chances);
        }
    }
}

#[test]
fn states_and_gradients_are_those_of_the_papers_equations() {
    let text = include_str!("../../../../tests-data/noise/noise.json");
    let file: File = serde_json::from_str(text).unwrap();
    assert_eq!(file.cases.len(), 4 * 5 - 1);
    file.cases.iter().for_each(|case| case.check(&file));
}
