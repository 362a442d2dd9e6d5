//! Zoneout around every cell: against a loop written out by hand, and against central differences.

use super::bound::{Bound, bind_kind};
use crate::cell::{CellKind, CellSizes};
use crate::layer::Direction;
use crate::layer::time_loop::{
    BackwardArrays, Draws, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Shape, Span, Zoneout,
};
use crate::parameters::ParameterShape;
use crate::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose, Rng};

const INPUTS: usize = 3;
const UNITS: usize = 5;
const SEQ_LEN: usize = 7;
const LENGTHS: [usize; 4] = [7, 0, 3, 5];
/// The indices in the data of the four rows.
const SEQUENCES: [usize; 4] = [40, 2, 17, 9];

/// One direction of one kind of cell on a ragged batch, all with random numbers.
struct Run {
    cell: Box<dyn Bound<f64>>,
    inputs: Vec<f64>,
    initial: Vec<f64>,
    weights: Vec<f64>,
    /// The gradients that arrive.
    grad_outputs: Vec<f64>,
    grad_final: Vec<f64>,
}

fn random(rng: &mut Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| 0.5 * rng.normal()).collect()
}

fn sampled(sequences: &[usize]) -> Zoneout<'_> {
    let source = MaskSource { seed: 5, update: 3 };
    let draws = Draws { source, layer: 1, sequences, first_step: 0 };
    Zoneout { hidden: 0.3, inner: 0.6, draws: Some(draws) }
}

const EXPECTED: Zoneout<'static> = Zoneout { hidden: 0.3, inner: 0.6, draws: None };

impl Run {
    fn new(kind: &CellKind, direction: Direction) -> Self {
        let sizes = CellSizes { input_size: INPUTS, hidden_size: UNITS };
        let mut cell = bind_kind::<f64>(kind, sizes, direction).unwrap();
        let mut rng = Rng::new(11);
        let count = cell.parameter_shapes().iter().map(ParameterShape::len).sum();
        let weights = random(&mut rng, count);
        cell.refresh(&weights);
        let (output, state) = (cell.output_size(), cell.state_size());
        Run {
            inputs: random(&mut rng, LENGTHS.len() * SEQ_LEN * INPUTS),
            initial: random(&mut rng, LENGTHS.len() * state),
            grad_outputs: random(&mut rng, LENGTHS.len() * SEQ_LEN * output),
            grad_final: random(&mut rng, LENGTHS.len() * state),
            weights,
            cell,
        }
    }

    fn shape<'a>(&self, lengths: &'a [usize], zoneout: Zoneout<'a>) -> Shape<'a> {
        Shape {
            span: Span { lengths, seq_len: SEQ_LEN },
            output_stride: self.cell.output_size(),
            output_offset: 0,
            zoneout: Some(zoneout),
        }
    }

    /// The outputs and the final states.
    fn forward(&self, zoneout: Zoneout<'_>, keep: Keep) -> (Vec<f64>, LoopTrace<f64>) {
        let mut outputs = vec![0.0; LENGTHS.len() * SEQ_LEN * self.cell.output_size()];
        let mut trace = LoopTrace { initial: self.initial.clone(), ..LoopTrace::default() };
        let arrays = ForwardArrays { inputs: &self.inputs, outputs: &mut outputs };
        let keeping = Keeping { trace: &mut trace, keep };
        self.cell.forward(self.shape(&LENGTHS, zoneout), arrays, keeping);
        (outputs, trace)
    }

    /// The scalar whose gradient is checked.
    fn scalar(&self, zoneout: Zoneout<'_>) -> f64 {
        let (outputs, trace) = self.forward(zoneout, Keep::Nothing);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        // Padding is zero in the outputs.
        dot(&outputs, &self.grad_outputs) + dot(&trace.final_state, &self.grad_final)
    }

    /// The gradients of the weights, the inputs and the initial states.
    fn gradients(&self, zoneout: Zoneout<'_>) -> [Vec<f64>; 3] {
        let (outputs, mut trace) = self.forward(zoneout, Keep::Trace);
        let mut grads =
            [&self.weights, &self.inputs, &self.initial].map(|values| vec![0.0; values.len()]);
        let [parameters, inputs, initial] = &mut grads;
        let gradients = Gradients {
            outputs: Some(&self.grad_outputs),
            final_state: Some(&self.grad_final),
            inputs: Some(inputs),
            initial,
            parameters,
        };
        let arrays = BackwardArrays { inputs: &self.inputs, outputs: &outputs };
        self.cell.backward(self.shape(&LENGTHS, zoneout), arrays, &mut trace, gradients);
        grads
    }

    /// Changes one number of the three that [`gradients`](Self::gradients) are of.
    fn change(&mut self, part: usize, index: usize, by: f64) {
        match part {
            0 => {
                self.weights[index] += by;
                let weights = self.weights.clone();
                self.cell.refresh(&weights);
            }
            1 => self.inputs[index] += by,
            _ => self.initial[index] += by,
        }
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    const STEP: f64 = 1e-5;
    for kind in CellKind::ALL {
        for direction in [Direction::Forward, Direction::Reverse] {
            for zoneout in [sampled(&SEQUENCES), EXPECTED] {
                let mut run = Run::new(&kind, direction);
                for (part, grads) in run.gradients(zoneout).into_iter().enumerate() {
                    for (index, grad) in grads.into_iter().enumerate() {
                        run.change(part, index, STEP);
                        let above = run.scalar(zoneout);
                        run.change(part, index, -2.0 * STEP);
                        let below = run.scalar(zoneout);
                        run.change(part, index, STEP);
                        let difference = (above - below) / (2.0 * STEP);
                        // Central differences are good to about STEP² and 1e-16 / STEP.
                        let near = (grad - difference).abs() < 1e-7 * (1.0 + difference.abs());
                        assert!(near, "{kind} {direction:?} {part} {index}: {grad} {difference}");
                    }
                }
            }
        }
    }
}

/// One row by itself, one step after the other, each a run of one step without zoneout that is then mixed
/// with the state before.
fn by_hand(run: &Run, row: usize, zoneout: Zoneout<'_>, direction: Direction) -> Vec<f64> {
    let (output, size) = (run.cell.output_size(), run.cell.state_size());
    let mut state = run.initial[row * size..][..size].to_vec();
    let mut outputs = vec![0.0; SEQ_LEN * output];
    let length = LENGTHS[row];
    for s in 0..length {
        let t = if direction == Direction::Forward { s } else { length - 1 - s };
        let mut trace = LoopTrace { initial: state.clone(), ..LoopTrace::default() };
        let inputs = &run.inputs[(row * SEQ_LEN + t) * INPUTS..][..INPUTS];
        let mut ignored = vec![0.0; output];
        let shape = Shape {
            span: Span { lengths: &[1], seq_len: 1 },
            output_stride: output,
            output_offset: 0,
            zoneout: None,
        };
        let arrays = ForwardArrays { inputs, outputs: &mut ignored };
        let keeping = Keeping { trace: &mut trace, keep: Keep::Nothing };
        run.cell.forward(shape, arrays, keeping);
        for unit in 0..size {
            let (purpose, probability, unit_of_part) = match unit.checked_sub(output) {
                None => (Purpose::HiddenZoneout, zoneout.hidden, unit),
                Some(inner) => (Purpose::CellZoneout, zoneout.inner, inner),
            };
            let new = trace.final_state[unit];
            state[unit] = match zoneout.draws {
                None => probability.mul_add(state[unit], (1.0 - probability) * new),
                Some(draws) => {
                    let masks = draws.source.masks(MaskSite { purpose, layer: draws.layer });
                    let place = MaskPlace { sequence: SEQUENCES[row], step: t, unit: unit_of_part };
                    let mut stays = [0.0];
                    Mask::zoneout(masks, probability).unwrap().fill(place, &mut stays);
                    if stays[0] > 0.0 { state[unit] } else { new }
                }
            };
        }
        outputs[t * output..][..output].copy_from_slice(&state[..output]);
    }
    outputs.extend(state);
    outputs
}

#[test]
fn states_are_those_of_a_loop_by_hand_to_the_bit_on_any_number_of_threads() {
    for kind in CellKind::ALL {
        for direction in [Direction::Forward, Direction::Reverse] {
            for zoneout in [sampled(&SEQUENCES), EXPECTED] {
                let run = Run::new(&kind, direction);
                for threads in 1..4 {
                    let forward = || run.forward(zoneout, Keep::Trace);
                    let (outputs, trace) =
                        crate::threads::with_threads(Some(threads), forward).unwrap();
                    let (output, size) = (run.cell.output_size(), run.cell.state_size());
                    for row in 0..LENGTHS.len() {
                        let mut found =
                            outputs[row * SEQ_LEN * output..][..SEQ_LEN * output].to_vec();
                        found.extend(&trace.final_state[row * size..][..size]);
                        let wanted = by_hand(&run, row, zoneout, direction);
                        let bits =
                            |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                        assert_eq!(bits(&found), bits(&wanted), "{kind} {direction:?} row {row}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_chance_changes_nothing_and_others_change_the_states() {
    for kind in CellKind::ALL {
        let run = Run::new(&kind, Direction::Forward);
        let none = Zoneout { hidden: 0.0, inner: 0.0, draws: None };
        let outputs = |zoneout| run.forward(zoneout, Keep::Nothing).0;
        let plain = outputs(none);
        let of_training = Zoneout { draws: sampled(&SEQUENCES).draws, ..none };
        assert_eq!(plain, outputs(of_training), "{kind}");
        let [expected, drawn] = [EXPECTED, sampled(&SEQUENCES)].map(outputs);
        assert!(plain != expected && plain != drawn && drawn != expected, "{kind}");
        let others = sampled(&[40, 2, 17, 8]);
        let row_size = SEQ_LEN * run.cell.output_size();
        let (same, last) = (3 * row_size, outputs(others));
        assert_eq!(drawn[..same], last[..same], "{kind}: other rows are as they were");
        assert_ne!(drawn[same..], last[same..], "{kind}: another sequence, another mask");
    }
}

#[test]
fn what_is_no_probability_is_refused_by_name() {
    for (zoneout, wanted) in [
        (Zoneout { hidden: 1.0, ..EXPECTED }, "zoneout: expected a probability"),
        (Zoneout { inner: f64::NAN, ..EXPECTED }, "cell_zoneout: expected a probability"),
        (Zoneout { inner: -0.1, ..EXPECTED }, "cell_zoneout: expected a probability"),
    ] {
        let message = zoneout.check().unwrap_err().to_string();
        assert!(message.starts_with(wanted), "{message}");
    }
    assert!(EXPECTED.check().is_ok());
}
