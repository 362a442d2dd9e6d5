//! `keras.layers.SimpleRNN`, alone or in `Bidirectional`: masks, `go_backwards`, stateful calls.
//!
//! The library knows lengths, not masks. A masked step keeps the state, so a masked row is run as
//! the row of its valid steps; [`Spread`] puts the outputs back where the steps were.

mod spread;

use elman::{ActivationKind, Direction, Real};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice};

use super::arrays::{joined, with_axes};
use super::case::{Case, Stop};
use super::computed::{Computed, weighted_sum};
use super::recurrent::{Gradient, Pass, Weights, activation};
use spread::{MaskedOutput, Shown, Spread};

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let options = Options::read(case)?;
    let mut states = Vec::new();
    for reader in &options.readers {
        let name = format!("initial.{}h", reader.infix);
        states.push(if case.has(&name) { Some(case.array(&name)?) } else { None });
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
    activation: ActivationKind,
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
    fn read(case: &Case) -> Result<Self, Stop> {
        match (case.text("cell")?, case.count("layers")?) {
            ("rnn", 1) => {}
            ("rnn", layers) => return Err(Stop::unsupported(format!("{layers} layers"))),
            (cell, _) => return Err(Stop::unsupported(format!("cell {cell}"))),
        }
        if !case.flag("batch_first")? {
            return Err(Stop::unsupported("batch_first: false"));
        }
        // Masks, initial states and final states are tensors of the case; these announce them.
        for announced in ["mask", "mask_lengths", "initial_state", "return_state"] {
            case.option(announced);
        }
        let options = Options {
            activation: activation(case.text("activation")?)?,
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

    fn forward<T: Real>(&self, states: Vec<Option<Array2<T>>>) -> Result<Vec<Run<T>>, Stop> {
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
            let kind = (self.options.activation, reader.direction);
            let weights = weights(self.case, reader.infix, self.options.has_bias)?;
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
        let mut cot_states: Vec<Array2<T>> = Vec::new();
        for (run, Reader { infix, .. }) in runs.iter().zip(&self.options.readers) {
            let state = run.pass.final_state();
            let cot = with_axes("cot_state", self.tensor(&format!("cot_state.{infix}h"))?)?;
            loss += weighted_sum(&state, &cot);
            computed.put(format!("state.{infix}h"), &state);
            cot_states.push(cot);
        }
        computed.put_number("loss", loss);
        self.backward(runs, (cot_output, cot_states), &mut computed)?;
        Ok(computed)
    }

    fn backward<T: Real>(
        &self,
        runs: &mut [Run<T>],
        (cot_output, cot_states): (ArrayD<T>, Vec<Array2<T>>),
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
            computed.put(format!("grad.initial.{}h", reader.infix), &back.initial);
            put_weights(reader.infix, self.options.has_bias, &back, computed);
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

fn weights<T: Real>(case: &Case, infix: &str, has_bias: bool) -> Result<Weights<T>, Stop> {
    let recurrent: Array2<T> = case.array(&format!("param.{infix}recurrent_kernel"))?;
    let bias = match has_bias {
        true => case.array(&format!("param.{infix}bias"))?,
        false => Array1::from_elem(recurrent.nrows(), T::ZERO),
    };
    Ok(Weights { input: case.array(&format!("param.{infix}kernel"))?, recurrent, bias })
}

fn put_weights<T: Real>(infix: &str, has_bias: bool, back: &Gradient<T>, computed: &mut Computed) {
    let Weights { input, recurrent, bias } = &back.weights;
    computed.put(format!("grad.param.{infix}kernel"), input);
    computed.put(format!("grad.param.{infix}recurrent_kernel"), recurrent);
    if has_bias {
        computed.put(format!("grad.param.{infix}bias"), bias);
    }
}
