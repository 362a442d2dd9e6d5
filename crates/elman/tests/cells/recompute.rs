//! A run that keeps the states at borders alone has the gradients of one that keeps all, bit for bit.

use elman::layer::{ArrivingGradient, LayerGradient, Trace, TraceKeeps};
use elman::threads::with_threads;
use elman::{Cell, CellSizes, CellState, Direction, Layer, Parameters, Rng, SequenceBatch};
use ndarray::Array3;

#[expect(clippy::cast_possible_truncation, reason = "rounded as every weight is")]
fn number(rng: &mut Rng) -> f32 {
    rng.normal() as f32
}

/// The gradients of the parameters, the inputs and the initial state.
fn gradients<C: Cell<f32>>(layer: &Layer<C>, lengths: &[usize], keeps: TraceKeeps) -> Vec<u32> {
    let mut rng = Rng::new(3);
    let mut parameters: Parameters<f32> = layer.parameters();
    parameters.values_mut().iter_mut().for_each(|value| *value = 0.4 * number(&mut rng));
    let weights = layer.prepare(&parameters).unwrap();
    let seq_len = lengths.iter().copied().max().unwrap_or(0);
    let mut array =
        |width| Array3::from_shape_simple_fn((lengths.len(), seq_len, width), || number(&mut rng));
    let inputs = array(layer.cell().input_size());
    let grad_outputs = array(layer.cell().output_size());
    let batch = SequenceBatch::with_lengths(inputs, lengths.to_vec()).unwrap();
    let mut trace = Trace::keeping(keeps);
    let mut grad = parameters.zeros_like();
    grad.values_mut().fill(0.5);
    // The second run uses the memory of the first, and starts where it has ended.
    layer.forward_traced_into(&weights, &batch, None, &mut trace).unwrap();
    let state = layer.final_state(&trace);
    layer.forward_traced_into(&weights, &batch, Some(&state), &mut trace).unwrap();
    let arriving =
        ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: Some(&state) };
    let LayerGradient { inputs, initial_state } =
        layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();
    let parts = initial_state.parts();
    let initial = parts.iter().flatten();
    let all = grad.values().iter().chain(&inputs).chain(initial);
    all.map(|value| value.to_bits()).collect()
}

fn holds_for<C: Cell<f32>>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    // Ends at a border and beside one, one step, none; a batch that is summed in halves.
    let ragged: &[usize] = &[100, 96, 0, 1, 33, 97];
    let halves: Vec<usize> = (0..17).map(|row| 60 + 3 * row).collect();
    for (hidden_size, input_size, lengths) in
        [(5, 3, ragged), (5, 3, &[101]), (40, 12, &halves), (96, 9, &[150])]
    {
        for direction in [Direction::Forward, Direction::Reverse] {
            let layer = Layer::new(make(CellSizes { input_size, hidden_size }), direction).unwrap();
            let whole = gradients(&layer, lengths, TraceKeeps::Everything);
            let again = gradients(&layer, lengths, TraceKeeps::Borders);
            let same = whole == again;
            assert!(same, "{what}, {hidden_size} units, {direction:?}, {lengths:?}");
        }
    }
}

#[test]
fn gradients_from_borders_have_the_bits_of_those_from_whole_traces() {
    for threads in [1, 2] {
        with_threads(Some(threads), || for_every_cell!(f32, holds_for)).unwrap();
    }
}
