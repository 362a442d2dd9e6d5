//! `torch.nn.RNN`, `LSTM` and `GRU`: stacked layers, both directions, initial states, packed ragged batches.
//!
//! Weights are stored `[H, I]`, with two biases that are both added; time comes first unless
//! `batch_first`; a bidirectional layer's outputs are the forward half, then the reverse half. The
//! gates of the LSTM come as i, f, g, o; in the GRU the second bias of n stands inside the reset.

use elman::{Direction, GruOptions, LstmOptions, Real, SequenceBatch};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice};

use super::arrays::{joined, reordered, stacked, swapped, with_axes};
use super::case::{Case, Stop};
use super::computed::{Computed, weighted_sum};
use super::recurrent::{Biased, CellChoice, Gradient, Pass, State, Weights, activation};

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
    cell: CellChoice,
    layers: usize,
    directions: &'static [(Direction, &'static str)],
    has_bias: bool,
    layout: Layout,
}

impl Options {
    fn biased(&self) -> Biased {
        Biased { cell: self.cell, has_bias: self.has_bias }
    }

    fn read(case: &Case) -> Result<Self, Stop> {
        let cell = match case.text("cell")? {
            "rnn" => CellChoice::simple(activation(case.text("activation")?)?),
            "lstm" => CellChoice::Lstm(LstmOptions {
                projection_size: Some(case.count("proj_size")?).filter(|size| *size > 0),
                ..LstmOptions::DEFAULT
            }),
            "gru" => CellChoice::Gru(GruOptions::DEFAULT),
            other => return Err(Stop::unsupported(format!("cell {other}"))),
        };
        let bidirectional = case.flag("bidirectional")?;
        // Lengths and initial states are tensors of the case; these options announce them.
        for announced in ["packed_lengths", "initial_state"] {
            case.option(announced);
        }
        let options = Options {
            cell,
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
        let mut initial: Vec<Array3<T>> = Vec::new(); // one of each part of the state
        for part in options.cell.state_names() {
            let name = format!("{part}0");
            if case.has(&name) {
                initial.push(options.layout.states(&name, case.array(&name)?)?);
            }
        }
        let mut batch = batch;
        let mut passes = Vec::new();
        for layer in 0..options.layers {
            let mut row = Vec::new();
            for (index, (direction, suffix)) in options.directions.iter().enumerate() {
                let end = format!("l{layer}{suffix}");
                let weights = weights(case, &end, options.biased())?;
                let state = layer * options.directions.len() + index;
                let initial = (!initial.is_empty()).then(|| states_at(&initial, state));
                let kind = (options.cell, *direction);
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
        let outputs = self.options.layout.stored(self.outputs.clone());
        let cot_outputs: ArrayD<T> = case.array("cot_output")?;
        let mut loss = weighted_sum(&outputs, &cot_outputs);
        computed.put("output", &outputs);
        let mut cot_finals = Vec::new();
        let finals: Vec<State<T>> = self.passes.iter().flatten().map(Pass::final_state).collect();
        for (index, part) in self.options.cell.state_names().iter().enumerate() {
            let finals: Vec<_> = finals.iter().map(|state| state[index].clone()).collect();
            let finals = self.options.layout.stored_states(stacked(&finals)?);
            let cot: ArrayD<T> = case.array(&format!("cot_{part}n"))?;
            loss += weighted_sum(&finals, &cot);
            computed.put(format!("{part}n"), &finals);
            cot_finals.push(self.options.layout.states(&format!("cot_{part}n"), cot)?);
        }
        computed.put_number("loss", loss);
        self.backward(cot_outputs, &cot_finals, &mut computed)?;
        Ok(computed)
    }

    /// The gradients, from the last layer to the first.
    fn backward(
        &mut self,
        outputs: ArrayD<T>,
        finals: &[Array3<T>],
        computed: &mut Computed,
    ) -> Result<(), Stop> {
        let Options { cell, layout, directions, .. } = &self.options;
        let biased = self.options.biased();
        let mut gradient = layout.sequences("cot_output", outputs)?;
        let mut initials: Vec<State<T>> = vec![Vec::new(); self.passes.len() * directions.len()];
        for (layer, row) in self.passes.iter_mut().enumerate().rev() {
            let hidden_size = gradient.len_of(Axis(2)) / directions.len();
            let mut below: Option<Array3<T>> = None;
            for (index, pass) in row.iter_mut().enumerate() {
                let state = layer * directions.len() + index;
                let from = index * hidden_size;
                let half = Slice::from(from..from + hidden_size);
                let half = gradient.slice_axis(Axis(2), half);
                let back = pass.backward(Some(half), Some(states_at(finals, state)))?;
                let end = format!("l{layer}{}", directions[index].1);
                put_weights(&end, biased, &back, computed)?;
                initials[state] = back.initial;
                below = Some(match below {
                    Some(sum) => sum + &back.inputs,
                    None => back.inputs,
                });
            }
            gradient = below.ok_or_else(|| Stop::failed("a layer without directions"))?;
        }
        computed.put("grad.x", &layout.stored(gradient));
        for (index, part) in cell.state_names().iter().enumerate() {
            let initials: Vec<_> = initials.iter().map(|state| state[index].clone()).collect();
            computed.put(format!("grad.{part}0"), &layout.stored_states(stacked(&initials)?));
        }
        Ok(())
    }
}

/// One layer's direction of stacked states.
fn states_at<T: Real>(parts: &[Array3<T>], state: usize) -> State<T> {
    parts.iter().map(|all| all.index_axis(Axis(0), state).to_owned()).collect()
}

/// The places of the library's gates among PyTorch's, and the other way round: the order swaps two
/// gates at most.
fn gate_order(cell: CellChoice) -> &'static [usize] {
    match cell {
        CellChoice::Simple(_) => &[0],
        CellChoice::Lstm(_) => &[0, 1, 3, 2],
        CellChoice::Gru(_) => &[0, 1, 2],
    }
}

/// The parameters named `param.…_<end>`, as the library takes them.
fn weights<T: Real>(
    case: &Case,
    end: &str,
    Biased { cell, has_bias }: Biased,
) -> Result<Weights<T>, Stop> {
    let order = gate_order(cell);
    let matrix = |name: &str| {
        let stored: Array2<T> = case.array(&format!("param.{name}_{end}"))?;
        Ok::<_, Stop>(reordered(&stored, Axis(0), order)?.reversed_axes())
    };
    let (input, recurrent) = (matrix("weight_ih")?, matrix("weight_hh")?);
    let vector = |name: &str| -> Result<Array1<T>, Stop> {
        match has_bias {
            true => reordered(&case.array(&format!("param.{name}_{end}"))?, Axis(0), order),
            false => Ok(Array1::from_elem(recurrent.ncols(), T::ZERO)),
        }
    };
    let (mut bias, mut second) = (vector("bias_ih")?, vector("bias_hh")?);
    let recurrent_bias = cell.has_recurrent_bias().then(|| {
        let last = second.len() - recurrent.nrows();
        let mut inside = second.slice_axis_mut(Axis(0), Slice::from(last..));
        let recurrent_bias = inside.to_owned();
        inside.fill(T::ZERO);
        recurrent_bias
    });
    bias += &second;
    let projection = match cell {
        CellChoice::Lstm(LstmOptions { projection_size: Some(_), .. }) => {
            let stored: Array2<T> = case.array(&format!("param.weight_hr_{end}"))?;
            Some(stored.reversed_axes())
        }
        _ => None,
    };
    Ok(Weights { recurrent_bias, projection, ..Weights::new(input, recurrent, bias) })
}

/// The gradients of those parameters. Each of two biases that are added has the gradient of their
/// sum.
fn put_weights<T: Real>(
    end: &str,
    Biased { cell, has_bias }: Biased,
    back: &Gradient<T>,
    computed: &mut Computed,
) -> Result<(), Stop> {
    let Weights { input, recurrent, bias, recurrent_bias, projection, .. } = &back.weights;
    let order = gate_order(cell);
    for (name, weights) in [("weight_ih", input), ("weight_hh", recurrent)] {
        let stored = reordered(&weights.t().to_owned(), Axis(0), order)?;
        computed.put(format!("grad.param.{name}_{end}"), &stored);
    }
    if let Some(projection) = projection {
        computed.put(format!("grad.param.weight_hr_{end}"), &projection.t().to_owned());
    }
    if has_bias {
        let mut second = bias.clone();
        if let Some(inside) = recurrent_bias {
            let last = second.len() - inside.len();
            second.slice_axis_mut(Axis(0), Slice::from(last..)).assign(inside);
        }
        for (name, bias) in [("bias_ih", bias), ("bias_hh", &second)] {
            computed.put(format!("grad.param.{name}_{end}"), &reordered(bias, Axis(0), order)?);
        }
    }
    Ok(())
}

fn lengths(case: &Case) -> Result<Vec<usize>, Stop> {
    let lengths: Array1<i64> = case.integers("lengths")?;
    let fault = |_| Stop::failed("lengths: expected no negative length");
    lengths.iter().map(|length| usize::try_from(*length).map_err(fault)).collect()
}
