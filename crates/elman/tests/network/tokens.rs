//! Token channels: what goes in, what is refused, and which rows a step touches.

use elman::dropout::Draws;
use elman::network::{TokenDropout, TokenInput, Touched};
use elman::optimizer::{Adam, Momentum, Optimizer, OptimizerConfig, Sgd};
use elman::rng::MaskSource;
use elman::threads::with_threads;
use elman::{
    DropoutMode, Embedding, Network, NetworkConfig, NetworkTrace, Rng, SequenceBatch, TokenBatch,
};
use ndarray::{Array3, array};

use crate::list::{grad_outputs, network};

fn config() -> NetworkConfig {
    let words = TokenInput { padding_id: Some(0), ..TokenInput::new(50, 3) };
    Network::builder(2).tokens(words).gru(4).mean().dense(2)
}

fn batch() -> SequenceBatch<f64> {
    let tokens = TokenBatch::from_sequences(&[&[7, 8, 7], &[0, 40]]);
    let values = Array3::from_shape_fn((2, 3, 2), |(b, t, c)| 0.1 * (b + 2 * t + c) as f64);
    let batch = SequenceBatch::with_lengths(values, vec![3, 2]).unwrap();
    batch.with_tokens(vec![tokens]).unwrap()
}

#[test]
fn a_token_channel_is_the_embedding_below_a_network_of_numbers() {
    let words = TokenInput::new(50, 3);
    let config = Network::builder(0).tokens(words).gru(4).mean().dense(2);
    let with_tokens = network::<f64>(&config);
    let mut plain = Network::<f64>::new(Network::builder(3).gru(4).mean().dense(2)).unwrap();
    let dense = plain.parameters().values().len();
    let values = with_tokens.parameters().values().to_vec();
    plain.update(|parameters| parameters.values_mut().copy_from_slice(&values[..dense]));
    let embedding = Embedding::new(50, 3).unwrap();
    let mut table = embedding.parameters::<f64>();
    table.values_mut().copy_from_slice(&values[dense..]);

    let tokens = batch().tokens()[0].clone();
    let below = embedding.forward(&table, &tokens).unwrap();
    let tokens_alone = SequenceBatch::from_tokens(vec![tokens.clone()]).unwrap();
    let expected = plain.forward(&below, None).unwrap().outputs;
    assert_eq!(with_tokens.forward(&tokens_alone, None).unwrap().outputs, expected);

    let grad = grad_outputs::<f64>(expected.dim());
    let mut trace = NetworkTrace::default();
    plain.forward_traced(&below, None, DropoutMode::Off, &mut trace).unwrap();
    let mut unused = plain.parameters().zeros_like();
    let bottom = plain.backward_to_inputs(&below, &mut trace, grad.view(), &mut unused).unwrap();
    let mut grad_table = table.zeros_like();
    embedding.backward(&tokens, bottom.inputs.view(), &mut grad_table).unwrap();
    with_tokens.forward_traced(&tokens_alone, None, DropoutMode::Off, &mut trace).unwrap();
    let mut found = with_tokens.parameters().zeros_like();
    let back = with_tokens.backward_to_inputs(&tokens_alone, &mut trace, grad.view(), &mut found);
    assert_eq!(back.unwrap().embedded, [bottom.inputs]);
    assert_eq!(found.values()[dense..], *grad_table.values());
}

#[test]
fn only_the_rows_of_tokens_that_are_there_are_touched() {
    let network = network::<f64>(&config());
    let batch = batch();
    let mut touched = Touched::default();
    network.touched_into(&batch, &mut touched).unwrap();
    let table = network.parameters().range_of("embeddings.0.weights").unwrap().start;
    let rows = [0..1, 7..9, 40..41].map(|rows| table + 3 * rows.start..table + 3 * rows.end);
    // The row of id 0 stands right behind the dense parameters.
    assert_eq!(touched.ranges(), [0..rows[0].end, rows[1].clone(), rows[2].clone()]);

    let mut trace = NetworkTrace::default();
    network.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
    let mut gradient = network.parameters().zeros_like();
    // Were another row read or written, NaN would show it.
    for (index, value) in gradient.values_mut().iter_mut().enumerate() {
        if touched.ranges().iter().all(|range| !range.contains(&index)) {
            *value = f64::NAN;
        }
    }
    let grad = grad_outputs::<f64>((2, 1, 2));
    network.backward(&batch, &mut trace, grad.view(), &mut gradient).unwrap();
    let values = gradient.values();
    assert!(values[..table].iter().any(|value| *value != 0.0));
    assert_eq!(values[rows[0].clone()], [0.0; 3], "the padding id is not trained");
    assert!(rows[1..].iter().all(|row| values[row.clone()].iter().all(|value| *value != 0.0)));
    let untouched = values[table..].iter().filter(|value| value.is_nan()).count();
    assert_eq!(untouched, 3 * (50 - 4));
    touched.clear(&mut gradient);
    assert!(gradient.values().iter().all(|value| *value == 0.0 || value.is_nan()));
}

/// Press and Wolf 2017: the weights of the outputs are the embedding, transposed.
#[test]
fn tied_outputs_weigh_as_the_embedding_says_and_teach_it() {
    let inputs = || Network::builder(0).tokens(TokenInput::new(9, 4));
    let tied = network::<f64>(&inputs().lstm(4).every_step().tied().dense(9));
    let mut own = Network::<f64>::new(inputs().lstm(4).every_step().dense(9)).unwrap();
    let table = tied.parameters().get("embeddings.0.weights").unwrap().to_owned();
    own.update(|parameters| {
        for shape in tied.parameters().shapes() {
            let values = tied.parameters().get(&shape.name).unwrap();
            parameters.get_mut(&shape.name).unwrap().assign(&values);
        }
        parameters.get_mut("head.weights").unwrap().assign(&table.t());
    });
    let tokens = TokenBatch::from_sequences(&[&[7, 8, 7], &[0, 4]]);
    let batch = SequenceBatch::from_tokens(vec![tokens]).unwrap();
    let gradient = |network: &Network<f64>| {
        let mut trace = NetworkTrace::default();
        network.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
        let outputs = trace.outputs().to_owned();
        let mut gradient = network.parameters().zeros_like();
        let grad = grad_outputs::<f64>(outputs.dim());
        network.backward(&batch, &mut trace, grad.view(), &mut gradient).unwrap();
        (outputs, gradient)
    };
    let ((outputs, shared), (expected, apart)) = (gradient(&tied), gradient(&own));
    assert_eq!(outputs, expected);
    for shape in tied.parameters().shapes() {
        let found = shared.get(&shape.name).unwrap();
        let mut wanted = apart.get(&shape.name).unwrap().to_owned();
        if shape.name == "embeddings.0.weights" {
            wanted += &apart.get("head.weights").unwrap().t();
        }
        let worst = (&found - &wanted).fold(0.0_f64, |most, gap| most.max(gap.abs()));
        assert!(worst < 1e-13, "{}: {worst}", shape.name);
    }
    let mut touched = Touched::default();
    tied.touched_into(&batch, &mut touched).unwrap();
    let all = 0..tied.parameters().values().len();
    assert_eq!(touched.ranges(), std::slice::from_ref(&all));
}

#[test]
fn a_batch_is_filled_again_in_its_memory() {
    let mut batch = SequenceBatch::<f64>::default();
    let values = [array![[0.1, 0.2], [0.3, 0.4]], array![[0.5, 0.6]]];
    for order in [[0, 1], [1, 0]] {
        batch.refill(order.iter().map(|&row| values[row].view())).unwrap();
        assert!(batch.tokens().is_empty());
        let ids: [&[u32]; 2] = [&[5, 6], &[7]];
        batch.refill_tokens(0, order.iter().map(|&row| ids[row])).unwrap();
        let expected = order.map(|row| ids[row]);
        assert!(batch.tokens()[0].sequences().eq(expected));
    }
    let turned: [&[u32]; 2] = [&[1, 2], &[3]];
    let refused = batch.refill_tokens(0, turned.into_iter()).unwrap_err().to_string();
    assert_eq!(refused, "tokens[0]: length of row 0: expected 1, got 2");
    assert!(batch.tokens().is_empty());
    let refused = batch.refill_tokens(1, turned.into_iter()).unwrap_err().to_string();
    assert_eq!(refused, "channel: expected at most 0, got 1");
}

#[test]
fn batches_of_other_channels_are_refused() {
    let network = network::<f64>(&config());
    let refused =
        |batch: SequenceBatch<f64>| network.forward(&batch, None).unwrap_err().to_string();
    let numbers = || SequenceBatch::full(Array3::zeros((1, 2, 2)));
    assert_eq!(refused(numbers()), "batch: expected token channels: 1, got 0");
    let far = TokenBatch::from_sequences(&[&[3, 50]]);
    let far = numbers().with_tokens(vec![far]).unwrap();
    let wanted = "tokens[0]: row 0, step 1: expected an id below 50 (vocabulary_size), got 50";
    assert_eq!(refused(far), wanted);
    let alone = SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[&[3, 4]])]).unwrap();
    assert_eq!(refused(alone), "inputs: expected shape [1, 2, 2], got [1, 2, 0]");
    let long = TokenBatch::from_sequences(&[&[3, 4, 5]]);
    let message = numbers().with_tokens(vec![long]).unwrap_err().to_string();
    assert_eq!(message, "tokens[0]: expected shape [1, 2], got [1, 3]");
    let message = SequenceBatch::<f64>::from_tokens(Vec::new()).unwrap_err().to_string();
    assert_eq!(message, "tokens: expected at least one channel, got none");
    let plain = Network::<f64>::new(Network::builder(2).gru(3).dense(1)).unwrap();
    let tokens = numbers().with_tokens(vec![TokenBatch::from_sequences(&[&[3, 4]])]).unwrap();
    let message = plain.forward(&tokens, None).unwrap_err().to_string();
    assert_eq!(message, "batch: expected token channels: 0, got 1");
    let cell = elman::GruCell::<f64>::new(2, 3, elman::ResetPlacement::After).unwrap();
    let layer = elman::Layer::new(cell, elman::Direction::Forward).unwrap();
    let weights = layer.prepare(&layer.parameters()).unwrap();
    let message = layer.forward(&weights, &tokens, None).unwrap_err().to_string();
    assert_eq!(message, "batch: expected no token channels: a layer reads numbers, got 1");
}

#[test]
fn embeddings_start_normal_and_the_padding_row_at_zero() {
    let words = TokenInput { padding_id: Some(3), ..TokenInput::new(4000, 2) };
    let config = Network::builder(0).tokens(words).simple(2).dense(1);
    let mut network = Network::<f64>::new(config).unwrap();
    network.initialize(&mut Rng::new(1)).unwrap();
    let table = network.parameters().get("embeddings.0.weights").unwrap();
    assert!(table.index_axis(ndarray::Axis(0), 3).iter().all(|value| value.to_bits() == 0));
    let (count, sum) = (table.len() as f64, table.sum());
    let squares: f64 = table.iter().map(|value| value * value).sum();
    // 8,000 numbers: the mean has a deviation of 0.011, the variance one of 0.016.
    assert!((sum / count).abs() < 0.05 && (squares / count - 1.0).abs() < 0.07);
}

#[test]
fn a_step_over_touched_rows_is_the_whole_step() {
    let batch = batch();
    let adam = OptimizerConfig::Adam(Adam::default());
    let momentum =
        Sgd { momentum: Momentum::Classical { factor: 0.9, dampening: 0.0 }, ..Sgd::default() };
    let decay = Sgd { weight_decay: 0.1, ..Sgd::default() };
    let plain = OptimizerConfig::Sgd(Sgd::default());
    for rule in [plain, OptimizerConfig::Sgd(momentum), OptimizerConfig::Sgd(decay), adam] {
        let [mut whole, mut part] = [(), ()].map(|()| network::<f64>(&config()));
        let mut optimizers = [(), ()].map(|()| Optimizer::new(rule, whole.parameters()).unwrap());
        let mut touched = Touched::default();
        whole.touched_into(&batch, &mut touched).unwrap();
        for _ in 0..3 {
            let (mut gradient, mut trace) =
                (whole.parameters().zeros_like(), NetworkTrace::default());
            whole.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
            let grad = grad_outputs::<f64>((2, 1, 2));
            whole.backward(&batch, &mut trace, grad.view(), &mut gradient).unwrap();
            let [first, second] = &mut optimizers;
            whole.update(|parameters| first.step(0.1, parameters, &gradient)).unwrap();
            if rule == plain {
                // Nothing else is read.
                for (index, value) in gradient.values_mut().iter_mut().enumerate() {
                    if touched.ranges().iter().all(|range| !range.contains(&index)) {
                        *value = f64::NAN;
                    }
                }
            }
            let ranges = touched.ranges();
            part.update(|parameters| second.step_touched(0.1, parameters, &gradient, ranges))
                .unwrap();
            assert_eq!(whole.parameters(), part.parameters(), "{rule:?}");
        }
        let len = whole.parameters().values().len();
        let gradient = whole.parameters().zeros_like();
        let far = 0..len + 1;
        let beyond = std::slice::from_ref(&far);
        let refused = part.update(|p| optimizers[1].step_touched(0.1, p, &gradient, beyond));
        assert!(refused.unwrap_err().to_string().starts_with("touched: expected ranges of"));
    }
}

/// What sequence `row` of some data says.
fn text(row: usize) -> Vec<u32> {
    (0..30).map(|t| 3 + (5 * u32::try_from(row).unwrap() + 7 * t) % 40).collect()
}

/// The outputs `[T · 2]` of a training step on texts of the data from step `first` on. Token 2 is the
/// unknown one, and in none of them.
fn trained(probability: f64, texts: &[(usize, Vec<u32>)], first: usize) -> Vec<Vec<f64>> {
    let token_dropout = Some(TokenDropout { probability, unknown_id: 2 });
    let words = TokenInput { token_dropout, ..TokenInput::new(50, 3) };
    let network = network::<f64>(&Network::builder(0).tokens(words).gru(4).every_step().dense(2));
    let pieces: Vec<&[u32]> = texts.iter().map(|(_, text)| &text[first..]).collect();
    let batch = SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&pieces)]).unwrap();
    let sequences: Vec<usize> = texts.iter().map(|(row, _)| *row).collect();
    let source = MaskSource { seed: 4, update: 9 };
    let draws = Draws { source, sequences: &sequences, first_step: first };
    let mut trace = NetworkTrace::default();
    network.forward_traced(&batch, None, DropoutMode::On(draws), &mut trace).unwrap();
    let outputs = trace.outputs().outer_iter().map(|rows| rows.iter().copied().collect()).collect();
    let mut grad = network.parameters().zeros_like();
    let ones = Array3::ones(trace.outputs().dim());
    network.backward(&batch, &mut trace, ones.view(), &mut grad).unwrap();
    let mut touched = Touched::default();
    network.touched_into(&batch, &mut touched).unwrap();
    touched.clear(&mut grad);
    assert!(grad.values().iter().all(|value| *value == 0.0), "a row that was not named");
    outputs
}

#[test]
fn tokens_that_become_unknown_do_not_depend_on_the_batch_its_order_threads_or_pieces() {
    let data = |rows: &[usize]| rows.iter().map(|row| (*row, text(*row))).collect::<Vec<_>>();
    let all = trained(0.3, &data(&[4, 14, 24]), 0);
    let turned = with_threads(Some(2), || trained(0.3, &data(&[24, 4]), 0)).unwrap();
    assert_eq!(turned, [all[2].clone(), all[0].clone()]);
    // The first step of each piece says whether its token was replaced.
    let replaced = |first: usize| {
        let [kept, found] = [0.0, 0.3].map(|chance| trained(chance, &data(&[14]), first));
        if kept[0][..2] == found[0][..2] { text(14)[first] } else { 2 }
    };
    let by_hand: Vec<u32> = (0..30).map(replaced).collect();
    let unknown = by_hand.iter().filter(|id| **id == 2).count();
    assert!((3..=16).contains(&unknown), "{by_hand:?}");
    assert_eq!(trained(0.0, &[(14, by_hand)], 0), [all[1].clone()]);
}
