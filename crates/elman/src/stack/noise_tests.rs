//! Dropout and zoneout in the recurrence of every cell: against a loop written out by hand, and against
//! central differences.

use super::bound::{Bound, bind_kind};
use crate::cell::{CellKind, CellSizes, GruOptions, ResetPlacement};
use crate::layer::time_loop::{
    BackwardArrays, Draws, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Noise, Shape, Span,
};
use crate::layer::{Direction, RecurrentRegularization};
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

fn draws(sequences: &[usize]) -> Draws<'_> {
    Draws {
        source: MaskSource { seed: 5, update: 3 },
        layer: 1,
        sequences,
        first_step: 0,
        starts: &[],
    }
}

const OFF: RecurrentRegularization = RecurrentRegularization {
    state_dropout: 0.0,
    update_dropout: 0.0,
    zoneout: 0.0,
    cell_zoneout: 0.0,
};

const ZONEOUT: RecurrentRegularization =
    RecurrentRegularization { zoneout: 0.3, cell_zoneout: 0.6, ..OFF };

fn in_training(chances: RecurrentRegularization) -> Noise<'static> {
    Noise { chances, draws: Some(draws(&SEQUENCES)) }
}

fn in_inference(chances: RecurrentRegularization) -> Noise<'static> {
    Noise { chances, draws: None }
}

/// Every kind, and the other reset of the GRU.
fn kinds() -> Vec<CellKind> {
    let before = GruOptions { reset: ResetPlacement::Before, ..GruOptions::DEFAULT };
    CellKind::ALL.into_iter().chain([CellKind::Gru(before)]).collect()
}

/// Each kind of noise alone, and all that a cell takes together.
fn noises(run: &Run) -> Vec<Noise<'static>> {
    let state = if run.cell.drops_state() { 0.4 } else { 0.0 };
    let update = if run.cell.drops_update() { 0.4 } else { 0.0 };
    let all = RecurrentRegularization { state_dropout: state, update_dropout: update, ..ZONEOUT };
    let mut noises = vec![in_inference(ZONEOUT)];
    for chances in [
        ZONEOUT,
        all,
        RecurrentRegularization { state_dropout: state, ..OFF },
        RecurrentRegularization { update_dropout: update, ..OFF },
    ] {
        noises.push(in_training(chances));
    }
    noises
}

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

    fn shape<'a>(&self, lengths: &'a [usize], noise: Noise<'a>) -> Shape<'a> {
        Shape {
            span: Span { lengths, seq_len: SEQ_LEN },
            output_stride: self.cell.output_size(),
            output_offset: 0,
            noise: Some(noise),
        }
    }

    /// The outputs and the final states.
    fn forward(&self, noise: Noise<'_>, keep: Keep) -> (Vec<f64>, LoopTrace<f64>) {
        let mut outputs = vec![0.0; LENGTHS.len() * SEQ_LEN * self.cell.output_size()];
        let mut trace = LoopTrace { initial: self.initial.clone(), ..LoopTrace::default() };
        let arrays = ForwardArrays { inputs: &self.inputs, outputs: &mut outputs };
        let keeping = Keeping { trace: &mut trace, keep };
        self.cell.forward(self.shape(&LENGTHS, noise), arrays, keeping);
        (outputs, trace)
    }

    /// The scalar whose gradient is checked.
    fn scalar(&self, noise: Noise<'_>) -> f64 {
        let (outputs, trace) = self.forward(noise, Keep::Nothing);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        // Padding is zero in the outputs.
        dot(&outputs, &self.grad_outputs) + dot(&trace.final_state, &self.grad_final)
    }

    /// The gradients of the weights, the inputs and the initial states.
    fn gradients(&self, noise: Noise<'_>) -> [Vec<f64>; 3] {
        self.gradients_of(noise, Keep::Trace)
    }

    fn gradients_of(&self, noise: Noise<'_>, keep: Keep) -> [Vec<f64>; 3] {
        let (outputs, mut trace) = self.forward(noise, keep);
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
        self.cell.backward(self.shape(&LENGTHS, noise), arrays, &mut trace, gradients);
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
    for kind in kinds() {
        for direction in [Direction::Forward, Direction::Reverse] {
            let mut run = Run::new(&kind, direction);
            for noise in noises(&run) {
                for (part, grads) in run.gradients(noise).into_iter().enumerate() {
                    for (index, grad) in grads.into_iter().enumerate() {
                        run.change(part, index, STEP);
                        let above = run.scalar(noise);
                        run.change(part, index, -2.0 * STEP);
                        let below = run.scalar(noise);
                        run.change(part, index, STEP);
                        let difference = (above - below) / (2.0 * STEP);
                        // Central differences are good to about STEP² and 1e-16 / STEP.
                        let near = (grad - difference).abs() < 1e-7 * (1.0 + difference.abs());
                        assert!(near, "{kind} {noise:?} {part} {index}: {grad} {difference}");
                    }
                }
            }
        }
    }
}

/// The factors of one step of one row.
fn factors(noise: Noise<'_>, purpose: Purpose, place: MaskPlace, count: usize) -> Vec<f64> {
    let chances = noise.chances;
    let (chance, zoneout) = match purpose {
        Purpose::HiddenZoneout => (chances.zoneout, true),
        Purpose::CellZoneout => (chances.cell_zoneout, true),
        _ => (chances.state_dropout, false),
    };
    let Some(draws) = noise.draws else {
        return vec![if zoneout { chance } else { 1.0 }; count];
    };
    let masks = draws.source.masks(MaskSite { purpose, layer: draws.layer });
    let mask = if zoneout { Mask::zoneout(masks, chance) } else { Mask::dropout(masks, chance) };
    let mut factors = vec![0.0; count];
    mask.unwrap().fill(place, &mut factors);
    factors
}

/// The state after one step without noise.
fn one_step(run: &Run, inputs: &[f64], state: Vec<f64>) -> Vec<f64> {
    let mut trace = LoopTrace { initial: state, ..LoopTrace::default() };
    let mut outputs = vec![0.0; run.cell.output_size()];
    let shape = Shape {
        span: Span { lengths: &[1], seq_len: 1 },
        output_stride: outputs.len(),
        output_offset: 0,
        noise: None,
    };
    let arrays = ForwardArrays { inputs, outputs: &mut outputs };
    run.cell.forward(shape, arrays, Keeping { trace: &mut trace, keep: Keep::Nothing });
    trace.final_state
}

/// The outputs and the final state of one row, one step without noise after the other; for cells that use
/// `h_{t-1}` in products alone.
fn by_hand(run: &Run, row: usize, noise: Noise<'_>, direction: Direction) -> Vec<f64> {
    let (output, size) = (run.cell.output_size(), run.cell.state_size());
    let mut state = run.initial[row * size..][..size].to_vec();
    let mut outputs = vec![0.0; SEQ_LEN * output];
    let of_sequence = MaskPlace::of_sequence(SEQUENCES[row]);
    let kept = factors(noise, Purpose::RecurrentState, of_sequence, output);
    for s in 0..LENGTHS[row] {
        let t = if direction == Direction::Forward { s } else { LENGTHS[row] - 1 - s };
        let inputs = &run.inputs[(row * SEQ_LEN + t) * INPUTS..][..INPUTS];
        let mut read = state.clone();
        read.iter_mut().zip(&kept).for_each(|(value, factor)| *value *= factor);
        let next = one_step(run, inputs, read);
        let place = MaskPlace::of_step(SEQUENCES[row], t);
        let mut stays = factors(noise, Purpose::HiddenZoneout, place, output);
        stays.extend(factors(noise, Purpose::CellZoneout, place, size - output));
        for ((old, new), m) in state.iter_mut().zip(next).zip(stays) {
            *old = match noise.draws {
                None => m.mul_add(*old, (1.0 - m) * new),
                Some(_) if m > 0.0 => *old,
                Some(_) => new,
            };
        }
        outputs[t * output..][..output].copy_from_slice(&state[..output]);
    }
    outputs.extend(state);
    outputs
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn states_are_those_of_a_loop_by_hand_to_the_bit_on_any_number_of_threads() {
    for kind in kinds() {
        for direction in [Direction::Forward, Direction::Reverse] {
            let run = Run::new(&kind, direction);
            let (output, size) = (run.cell.output_size(), run.cell.state_size());
            let both = RecurrentRegularization { state_dropout: 0.4, ..ZONEOUT };
            let dropped = !matches!(kind, CellKind::Gru(_)) && run.cell.drops_state();
            let chances = if dropped { both } else { ZONEOUT };
            for noise in [in_inference(chances), in_training(chances)] {
                for threads in 1..4 {
                    let forward = || run.forward(noise, Keep::Trace);
                    let (outputs, trace) =
                        crate::threads::with_threads(Some(threads), forward).unwrap();
                    for row in 0..LENGTHS.len() {
                        let row_size = SEQ_LEN * output;
                        let mut found = outputs[row * row_size..][..row_size].to_vec();
                        found.extend(&trace.final_state[row * size..][..size]);
                        let wanted = by_hand(&run, row, noise, direction);
                        assert_eq!(bits(&found), bits(&wanted), "{kind} {direction:?} row {row}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_chance_changes_nothing_and_every_other_changes_the_states_of_its_sequence() {
    for kind in kinds() {
        let run = Run::new(&kind, Direction::Forward);
        let outputs = |noise| run.forward(noise, Keep::Nothing).0;
        let plain = outputs(in_inference(OFF));
        assert_eq!(bits(&plain), bits(&outputs(in_training(OFF))), "{kind}");
        for noise in noises(&run) {
            let disturbed = outputs(noise);
            assert_eq!(plain == disturbed, noise.chances.is_off(), "{kind} {noise:?}");
            if noise.draws.is_none() || noise.chances.is_off() {
                continue;
            }
            let others = Noise { draws: Some(draws(&[40, 2, 17, 8])), ..noise };
            let same = 3 * SEQ_LEN * run.cell.output_size();
            let last = outputs(others);
            assert_eq!(disturbed[..same], last[..same], "{kind}: other rows are as they were");
            assert_ne!(disturbed[same..], last[same..], "{kind}: another sequence, another mask");
        }
    }
}

#[test]
fn a_sequence_in_two_chunks_has_the_masks_of_the_whole() {
    for kind in kinds() {
        let run = Run::new(&kind, Direction::Forward);
        let (output, size) = (run.cell.output_size(), run.cell.state_size());
        let whole = |noise: Noise<'_>| run.forward(noise, Keep::Nothing);
        for noise in noises(&run) {
            let (outputs, trace) = whole(noise);
            let mut state = run.initial[..size].to_vec();
            let mut chunked = Vec::new();
            for steps in [0..3, 3..SEQ_LEN] {
                let draws = noise.draws.map(|all| Draws { first_step: steps.start, ..all });
                let shape = Shape {
                    span: Span { lengths: &[steps.len()], seq_len: steps.len() },
                    output_stride: output,
                    output_offset: 0,
                    noise: Some(Noise { draws, ..noise }),
                };
                let mut own = vec![0.0; steps.len() * output];
                let mut trace = LoopTrace { initial: state, ..LoopTrace::default() };
                let inputs = &run.inputs[steps.start * INPUTS..][..steps.len() * INPUTS];
                let arrays = ForwardArrays { inputs, outputs: &mut own };
                run.cell.forward(shape, arrays, Keeping { trace: &mut trace, keep: Keep::Nothing });
                state = trace.final_state;
                chunked.extend(own);
            }
            assert_eq!(bits(&chunked), bits(&outputs[..SEQ_LEN * output]), "{kind} {noise:?}");
            assert_eq!(bits(&state), bits(&trace.final_state[..size]), "{kind} {noise:?}");
        }
    }
}

#[test]
fn gradients_from_borders_have_the_same_masks_and_bits() {
    for kind in kinds() {
        for direction in [Direction::Forward, Direction::Reverse] {
            let run = Run::new(&kind, direction);
            for noise in noises(&run) {
                let whole = run.gradients(noise).map(|values| bits(&values));
                for steps in [1, 2, 3, 7] {
                    let again = run.gradients_of(noise, Keep::Borders(steps));
                    let again = again.map(|values| bits(&values));
                    assert!(whole == again, "{kind} {direction:?} {noise:?}, {steps} steps");
                }
            }
        }
    }
}
