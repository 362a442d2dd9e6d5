//! `torch.nn.RNN`: stacked layers, both directions, initial states, packed ragged batches.
//!
//! Weights are stored `[H, I]`, with two biases that are both added; time comes first unless
//! `batch_first`; a bidirectional layer's outputs are the forward half, then the reverse half.

use elman::{ActivationKind, Direction, Real, SequenceBatch};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice};

use super::arrays::{joined, stacked, swapped, with_axes};
use super::case::{Case, Stop};
use super::computed::{Computed, weighted_sum};
use super::recurrent::{Gradient, Pass, Weights, activation};

/// The directions, each with the end of its parameters' names.
const DIRECTIONS: [(Direction, &str); 2] =
    [(Direction::Forward, ""), (Direction::Reverse, "_reverse")];

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let options = Options::read(case)?;
    let inputs = options.layout.sequences("x", case.array("x")?)?;
    let batch = if case.has("lengths") {
        SequenceBatch::with_lengths(inputs, lengths(case)?)?
    } else {
        SequenceBatch::full(inputs)
    };
    let stack = Stack::<T>::forward(case, options, batch)?;
    stack.compute(case)
}

/// What a case asks for.
struct Options {
    activation: ActivationKind,
    layers: usize,
    directions: &'static [(Direction, &'static str)],
    has_bias: bool,
    layout: Layout,
}

impl Options {
    fn read(case: &Case) -> Result<Self, Stop> {
        match case.text("cell")? {
            "rnn" => {}
            other => return Err(Stop::unsupported(format!("cell {other}"))),
        }
        let bidirectional = case.flag("bidirectional")?;
        // Lengths and initial states are tensors of the case; these options announce them.
        for announced in ["packed_lengths", "initial_state"] {
            case.option(announced);
        }
        let options = Options {
            activation: activation(case.text("activation")?)?,
            layers: case.count("layers")?,
            directions: if bidirectional { &DIRECTIONS } else { &DIRECTIONS[..1] },
            has_bias: case.flag("bias")?,
            layout: match (case.flag("unbatched")?, case.flag("batch_first")?) {
                (true, _) => Layout::Unbatched,
                (false, true) => Layout::BatchFirst,
                (false, false) => Layout::TimeFirst,
            },
        };
        case.refuse_unread_options()?;
        Ok(options)
    }
}

/// How sequences and states are stored.
enum Layout {
    BatchFirst,
    TimeFirst,
    Unbatched,
}

impl Layout {
    /// Stored sequences as `[N, T, D]`.
    fn sequences<T: Real>(&self, name: &str, stored: ArrayD<T>) -> Result<Array3<T>, Stop> {
        match self {
            Layout::BatchFirst => with_axes(name, stored),
            Layout::TimeFirst => Ok(swapped(with_axes(name, stored)?)),
            Layout::Unbatched => with_axes(name, stored.insert_axis(Axis(0))),
        }
    }

    /// `[N, T, D]` as it is stored.
    fn stored<T: Real>(&self, sequences: Array3<T>) -> ArrayD<T> {
        match self {
            Layout::BatchFirst => sequences.into_dyn(),
            Layout::TimeFirst => swapped(sequences).into_dyn(),
            Layout::Unbatched => sequences.index_axis_move(Axis(0), 0).into_dyn(),
        }
    }

    /// Stored states as `[layers · directions, N, H]`.
    fn states<T: Real>(&self, name: &str, stored: ArrayD<T>) -> Result<Array3<T>, Stop> {
        match self {
            Layout::Unbatched => with_axes(name, stored.insert_axis(Axis(1))),
            Layout::BatchFirst | Layout::TimeFirst => with_axes(name, stored),
        }
    }

    /// `[layers · directions, N, H]` as it is stored.
    fn stored_states<T: Real>(&self, states: Array3<T>) -> ArrayD<T> {
        match self {
            Layout::Unbatched => states.index_axis_move(Axis(1), 0).into_dyn(),
            Layout::BatchFirst | Layout::TimeFirst => states.into_dyn(),
        }
    }
}

/// A network that has run forward.
struct Stack<T: Real> {
    options: Options,
    /// Layer after layer, in each of them direction after direction.
    passes: Vec<Vec<Pass<T>>>,
    outputs: Array3<T>, // [N, T, directions · H]
}

impl<T: Real> Stack<T> {
    fn forward(case: &Case, options: Options, batch: SequenceBatch<T>) -> Result<Self, Stop> {
        let initial = match case.has("h0") {
            true => Some(options.layout.states("h0", case.array("h0")?)?),
            false => None,
        };
        let mut batch = batch;
        let mut passes = Vec::new();
        for layer in 0..options.layers {
            let mut row = Vec::new();
            for (index, (direction, suffix)) in options.directions.iter().enumerate() {
                let weights = weights(case, &format!("l{layer}{suffix}"), options.has_bias)?;
                let state = layer * options.directions.len() + index;
                let initial = initial.as_ref().map(|all| all.index_axis(Axis(0), state).to_owned());
                let kind = (options.activation, *direction);
                row.push(Pass::forward(kind, &weights, batch.clone(), initial)?);
            }
            let halves: Vec<_> = row.iter().map(Pass::outputs).collect();
            let lengths = batch.lengths().to_vec();
            batch = SequenceBatch::with_lengths(joined(Axis(2), &halves)?, lengths)?;
            passes.push(row);
        }
        Ok(Stack { options, passes, outputs: batch.values().to_owned() })
    }

    /// Everything that the case expects.
    fn compute(mut self, case: &Case) -> Result<Computed, Stop> {
        let mut computed = Computed::default();
        let finals: Vec<Array2<T>> = self.passes.iter().flatten().map(Pass::final_state).collect();
        let finals = self.options.layout.stored_states(stacked(&finals)?);
        let outputs = self.options.layout.stored(self.outputs.clone());
        let cot_outputs: ArrayD<T> = case.array("cot_output")?;
        let cot_finals: ArrayD<T> = case.array("cot_hn")?;
        let loss = weighted_sum(&outputs, &cot_outputs) + weighted_sum(&finals, &cot_finals);
        computed.put_number("loss", loss);
        computed.put("output", &outputs);
        computed.put("hn", &finals);
        self.backward((cot_outputs, cot_finals), &mut computed)?;
        Ok(computed)
    }

    /// The gradients, from the last layer to the first.
    fn backward(
        &mut self,
        (outputs, finals): (ArrayD<T>, ArrayD<T>),
        computed: &mut Computed,
    ) -> Result<(), Stop> {
        let Options { layout, directions, has_bias, .. } = &self.options;
        let mut gradient = layout.sequences("cot_output", outputs)?;
        let finals = layout.states("cot_hn", finals)?;
        let mut initials = vec![Array2::<T>::default((0, 0)); finals.len_of(Axis(0))];
        for (layer, row) in self.passes.iter_mut().enumerate().rev() {
            let hidden_size = gradient.len_of(Axis(2)) / directions.len();
            let mut below: Option<Array3<T>> = None;
            for (index, pass) in row.iter_mut().enumerate() {
                let state = layer * directions.len() + index;
                let from = index * hidden_size;
                let half = Slice::from(from..from + hidden_size);
                let half = gradient.slice_axis(Axis(2), half);
                let arriving = finals.index_axis(Axis(0), state).to_owned();
                let back = pass.backward(Some(half), Some(arriving))?;
                put_weights(
                    &format!("l{layer}{}", directions[index].1),
                    *has_bias,
                    &back,
                    computed,
                );
                initials[state] = back.initial;
                below = Some(match below {
                    Some(sum) => sum + &back.inputs,
                    None => back.inputs,
                });
            }
            gradient = below.ok_or_else(|| Stop::failed("a layer without directions"))?;
        }
        computed.put("grad.x", &layout.stored(gradient));
        computed.put("grad.h0", &layout.stored_states(stacked(&initials)?));
        Ok(())
    }
}

/// The parameters named `param.…_<end>`, as the library takes them.
fn weights<T: Real>(case: &Case, end: &str, has_bias: bool) -> Result<Weights<T>, Stop> {
    let input: Array2<T> = case.array(&format!("param.weight_ih_{end}"))?;
    let recurrent: Array2<T> = case.array(&format!("param.weight_hh_{end}"))?;
    let bias = if has_bias {
        let [first, second]: [Array1<T>; 2] = [
            case.array(&format!("param.bias_ih_{end}"))?,
            case.array(&format!("param.bias_hh_{end}"))?,
        ];
        first + second
    } else {
        Array1::from_elem(recurrent.nrows(), T::ZERO)
    };
    Ok(Weights { input: input.reversed_axes(), recurrent: recurrent.reversed_axes(), bias })
}

/// The gradients of those parameters. Each of the two biases has the gradient of their sum.
fn put_weights<T: Real>(end: &str, has_bias: bool, back: &Gradient<T>, computed: &mut Computed) {
    let Weights { input, recurrent, bias } = &back.weights;
    computed.put(format!("grad.param.weight_ih_{end}"), &input.t());
    computed.put(format!("grad.param.weight_hh_{end}"), &recurrent.t());
    if has_bias {
        computed.put(format!("grad.param.bias_ih_{end}"), bias);
        computed.put(format!("grad.param.bias_hh_{end}"), bias);
    }
}

fn lengths(case: &Case) -> Result<Vec<usize>, Stop> {
    let lengths: Array1<i64> = case.integers("lengths")?;
    let fault = |_| Stop::failed("lengths: expected no negative length");
    lengths.iter().map(|length| usize::try_from(*length).map_err(fault)).collect()
}
