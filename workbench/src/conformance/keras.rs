//! `keras.layers.SimpleRNN`, `LSTM` and `GRU`, alone or in `Bidirectional`: masks, `go_backwards`, stateful calls.
//!
//! The library knows lengths, not masks. A masked step keeps the state, so a masked row is run as
//! the row of its valid steps; [`Spread`] puts the outputs back where the steps were.

mod spread;

use elman::{
    Direction, GruActivations, GruOptions, LstmActivations, LstmOptions, Real, ResetPlacement,
};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice};

use super::arrays::{joined, reordered, with_axes};
use super::case::{Case, Stop};
use super::computed::{Computed, weighted_sum};
use super::recurrent::{Biased, CellChoice, Gradient, Pass, State, Weights, activation};
use spread::{MaskedOutput, Shown, Spread};

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let options = Options::read(case)?;
    let mut states = Vec::new();
    for reader in &options.readers {
        let names = options.cell.state_names();
        let name = |part: &&str| format!("initial.{}{part}", reader.infix);
        let initial = case.has(&name(&"h")).then(|| {
            names.iter().map(|part| case.array(&name(part))).collect::<Result<State<T>, Stop>>()
        });
        states.push(initial.transpose()?);
    }
    let mut computed = Computed::default();
    for call in 0..options.calls {
        let prefix = if options.stateful { format!("call{call}.") } else { String::new() };
        let call = Call { case, options: &options, prefix: &prefix };
        let mut runs = call.forward::<T>(states)?;
        computed.put_all(&prefix, call.compute(&mut runs)?);
        // The next call takes the states as constants.
        states = runs.iter().map(|run| Some(run.pass.final_state())).collect();
    }
    Ok(computed)
}

/// What a case asks for.
struct Options {
    cell: CellChoice,
    readers: Vec<Reader>,
    merge: Merge,
    sequences: bool,
    masked: MaskedOutput,
    has_bias: bool,
    stateful: bool,
    calls: usize,
}

/// One direction of the layer.
struct Reader {
    direction: Direction,
    /// Its part of the names of tensors.
    infix: &'static str,
    shown: Shown,
}

/// How the outputs of two directions become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    Concat,
    Sum,
}

impl Options {
    fn biased(&self) -> Biased {
        Biased { cell: self.cell, has_bias: self.has_bias }
    }

    fn read(case: &Case) -> Result<Self, Stop> {
        match case.count("layers")? {
            1 => {}
            layers => return Err(Stop::unsupported(format!("{layers} layers"))),
        }
        if !case.flag("batch_first")? {
            return Err(Stop::unsupported("batch_first: false"));
        }
        // Masks, initial states and final states are tensors of the case; these announce them.
        for announced in ["mask", "mask_lengths", "initial_state", "return_state"] {
            case.option(announced);
        }
        let options = Options {
            cell: cell(case)?,
            readers: readers(case)?,
            merge: match case.option("merge_mode").as_str() {
                None | Some("concat") => Merge::Concat,
                Some("sum") => Merge::Sum,
                Some(other) => return Err(Stop::unsupported(format!("merge_mode {other}"))),
            },
            sequences: case.flag("return_sequences")?,
            masked: match case.flag("zero_output_for_mask")? {
                true => MaskedOutput::Zero,
                false => MaskedOutput::Repeated,
            },
            has_bias: case.flag("use_bias")?,
            stateful: case.flag("stateful")?,
            calls: case.count("calls")?,
        };
        let zero_last = options.masked == MaskedOutput::Zero && !options.sequences;
        if zero_last && case.has("mask") {
            return Err(Stop::unsupported("zero_output_for_mask without return_sequences"));
        }
        case.refuse_unread_options()?;
        Ok(options)
    }
}

fn cell(case: &Case) -> Result<CellChoice, Stop> {
    let candidate = activation(case.text("activation")?)?;
    let gate = || activation(case.text("recurrent_activation")?);
    Ok(match case.text("cell")? {
        "rnn" => CellChoice::simple(candidate),
        // The activation of the candidate is that of the output as well.
        "lstm" => {
            let activations = LstmActivations { gate: gate()?, candidate, output: candidate };
            CellChoice::Lstm(LstmOptions { activations, ..LstmOptions::DEFAULT })
        }
        "gru" => {
            let reset = match case.flag("reset_after")? {
                true => ResetPlacement::After,
                false => ResetPlacement::Before,
            };
            {
                let activations = GruActivations { gate: gate()?, candidate };
                CellChoice::Gru(GruOptions { reset, activations, ..GruOptions::DEFAULT })
            }
        }
        other => return Err(Stop::unsupported(format!("cell {other}"))),
    })
}

fn readers(case: &Case) -> Result<Vec<Reader>, Stop> {
    let sequences = case.flag("return_sequences")?;
    let reader = |direction, infix, order| {
        let shown = if sequences { order } else { Shown::Last(direction) };
        Reader { direction, infix, shown }
    };
    Ok(match (case.flag("bidirectional")?, case.flag("go_backwards")?) {
        (false, false) => vec![reader(Direction::Forward, "", Shown::InTime)],
        (false, true) => vec![reader(Direction::Reverse, "", Shown::Reversed)],
        (true, false) => vec![
            reader(Direction::Forward, "forward.", Shown::InTime),
            reader(Direction::Reverse, "backward.", Shown::InTime),
        ],
        (true, true) => return Err(Stop::unsupported("go_backwards in Bidirectional")),
    })
}

/// One call of the layer.
struct Call<'a> {
    case: &'a Case,
    options: &'a Options,
    prefix: &'a str,
}

/// One direction that has run forward.
struct Run<T: Real> {
    spread: Spread,
    pass: Pass<T>,
}

impl Call<'_> {
    fn tensor<T: Real>(&self, name: &str) -> Result<ArrayD<T>, Stop> {
        self.case.array(&format!("{}{name}", self.prefix))
    }

    fn forward<T: Real>(&self, states: Vec<Option<State<T>>>) -> Result<Vec<Run<T>>, Stop> {
        let inputs: Array3<T> = with_axes("x", self.tensor("x")?)?;
        let (batch_size, seq_len, _) = inputs.dim();
        let mask = match self.case.has("mask") {
            true => self.case.mask("mask")?,
            false => Array2::from_elem((batch_size, seq_len), true),
        };
        if mask.dim() != (batch_size, seq_len) {
            return Err(Stop::failed("mask and x differ in shape"));
        }
        let mut runs = Vec::new();
        for (reader, state) in self.options.readers.iter().zip(states) {
            let spread = Spread::new(&mask, reader.direction, self.options.masked);
            let kind = (self.options.cell, reader.direction);
            let weights = weights(self.case, reader.infix, self.options.biased())?;
            let pass = Pass::forward(kind, &weights, spread.gather(&inputs)?, state)?;
            runs.push(Run { spread, pass });
        }
        Ok(runs)
    }

    /// Everything that the case expects of this call.
    fn compute<T: Real>(&self, runs: &mut [Run<T>]) -> Result<Computed, Stop> {
        let mut computed = Computed::default();
        let mut parts = Vec::new();
        for (run, reader) in runs.iter().zip(&self.options.readers) {
            parts.push(reader.shown.select(&run.spread.outputs(run.pass.outputs())));
        }
        let output = self.merged(&parts)?;
        let cot_output = self.tensor("cot_output")?;
        let mut loss = weighted_sum(&output, &cot_output);
        computed.put("output", &output);
        let mut cot_states: Vec<State<T>> = Vec::new();
        for (run, Reader { infix, .. }) in runs.iter().zip(&self.options.readers) {
            let mut cot_state = State::new();
            let names = self.options.cell.state_names();
            for (part, state) in names.iter().zip(run.pass.final_state()) {
                let name = format!("cot_state.{infix}{part}");
                let cot = with_axes(&name, self.tensor(&name)?)?;
                loss += weighted_sum(&state, &cot);
                computed.put(format!("state.{infix}{part}"), &state);
                cot_state.push(cot);
            }
            cot_states.push(cot_state);
        }
        computed.put_number("loss", loss);
        self.backward(runs, (cot_output, cot_states), &mut computed)?;
        Ok(computed)
    }

    fn backward<T: Real>(
        &self,
        runs: &mut [Run<T>],
        (cot_output, cot_states): (ArrayD<T>, Vec<State<T>>),
        computed: &mut Computed,
    ) -> Result<(), Stop> {
        let parts = self.separated(cot_output)?;
        let mut inputs: Option<Array3<T>> = None;
        let states = parts.into_iter().zip(cot_states);
        for ((run, reader), (part, cot_state)) in
            runs.iter_mut().zip(&self.options.readers).zip(states)
        {
            let seq_len = run.pass.outputs().len_of(Axis(1));
            let arriving = run.spread.grad_outputs(&reader.shown.spread(&part, seq_len));
            let back = run.pass.backward(Some(arriving.view()), Some(cot_state))?;
            for (part, initial) in self.options.cell.state_names().iter().zip(&back.initial) {
                computed.put(format!("grad.initial.{}{part}", reader.infix), initial);
            }
            put_weights(reader.infix, self.options.biased(), &back, computed)?;
            let grad = run.spread.scatter(&back.inputs);
            inputs = Some(match inputs {
                Some(sum) => sum + &grad,
                None => grad,
            });
        }
        let inputs = inputs.ok_or_else(|| Stop::failed("a layer without directions"))?;
        computed.put("grad.x", &inputs);
        Ok(())
    }

    /// The directions' shown outputs as the layer returns them.
    fn merged<T: Real>(&self, parts: &[Array3<T>]) -> Result<ArrayD<T>, Stop> {
        let merged = match (self.options.merge, parts) {
            (Merge::Sum, [forward, backward]) => forward + backward,
            _ => joined(Axis(2), &parts.iter().map(|part| part.view()).collect::<Vec<_>>())?,
        };
        Ok(match self.options.sequences {
            true => merged.into_dyn(),
            false => merged.index_axis_move(Axis(1), 0).into_dyn(),
        })
    }

    /// The gradient of each direction's shown outputs: the adjoint of `merged`.
    fn separated<T: Real>(&self, gradient: ArrayD<T>) -> Result<Vec<Array3<T>>, Stop> {
        let gradient = match self.options.sequences {
            true => gradient,
            false => gradient.insert_axis(Axis(1)),
        };
        let gradient: Array3<T> = with_axes("cot_output", gradient)?;
        let count = self.options.readers.len();
        if self.options.merge == Merge::Sum {
            return Ok(vec![gradient; count]);
        }
        let hidden_size = gradient.len_of(Axis(2)) / count;
        let part = |index: usize| {
            let columns = Slice::from(index * hidden_size..(index + 1) * hidden_size);
            gradient.slice_axis(Axis(2), columns).to_owned()
        };
        Ok((0..count).map(part).collect())
    }
}

/// The places of the library's gates among those of Keras, LSTM i, f, c, o and GRU z, r, h, and the
/// other way round: the order swaps two gates at most.
fn gate_order(cell: CellChoice) -> &'static [usize] {
    match cell {
        CellChoice::Simple(_) => &[0],
        CellChoice::Lstm(_) => &[0, 1, 3, 2],
        CellChoice::Gru(_) => &[1, 0, 2],
    }
}

/// The parameters of one direction. The bias of a GRU with the reset after the product has two rows,
/// of which only the candidate's part cannot be added.
fn weights<T: Real>(
    case: &Case,
    infix: &str,
    Biased { cell, has_bias }: Biased,
) -> Result<Weights<T>, Stop> {
    let order = gate_order(cell);
    let matrix = |name: &str| -> Result<Array2<T>, Stop> {
        reordered(&case.array(&format!("param.{infix}{name}"))?, Axis(1), order)
    };
    let (input, recurrent) = (matrix("kernel")?, matrix("recurrent_kernel")?);
    let hidden_size = recurrent.nrows();
    let zeros = Array1::from_elem(cell.gates() * hidden_size, T::ZERO);
    let name = format!("param.{infix}bias");
    let (bias, second) = match (has_bias, cell.has_recurrent_bias()) {
        (false, _) => (zeros.clone(), zeros),
        (true, false) => (reordered(&case.array(&name)?, Axis(0), order)?, zeros),
        (true, true) => {
            let rows: Array2<T> = reordered(&case.array(&name)?, Axis(1), order)?;
            (rows.row(0).to_owned(), rows.row(1).to_owned())
        }
    };
    if !cell.has_recurrent_bias() {
        return Ok(Weights::new(input, recurrent, bias));
    }
    let mut outside = second;
    let mut inside = outside.slice_axis_mut(Axis(0), Slice::from(2 * hidden_size..));
    let recurrent_bias = Some(inside.to_owned());
    inside.fill(T::ZERO);
    Ok(Weights { recurrent_bias, ..Weights::new(input, recurrent, bias + outside) })
}

fn put_weights<T: Real>(
    infix: &str,
    Biased { cell, has_bias }: Biased,
    back: &Gradient<T>,
    computed: &mut Computed,
) -> Result<(), Stop> {
    let Weights { input, recurrent, bias, recurrent_bias, .. } = &back.weights;
    let order = gate_order(cell);
    for (name, weights) in [("kernel", input), ("recurrent_kernel", recurrent)] {
        computed.put(format!("grad.param.{infix}{name}"), &reordered(weights, Axis(1), order)?);
    }
    let name = format!("grad.param.{infix}bias");
    match (has_bias, recurrent_bias) {
        (false, _) => {}
        (true, None) => computed.put(name, &reordered(bias, Axis(0), order)?),
        (true, Some(inside)) => {
            let mut rows = Array2::from_shape_fn((2, bias.len()), |(_, column)| bias[column]);
            let columns = Slice::from(2 * inside.len()..);
            rows.row_mut(1).slice_axis_mut(Axis(0), columns).assign(inside);
            computed.put(name, &reordered(&rows, Axis(1), order)?);
        }
    }
    Ok(())
}
