//! ONNX's RNN, LSTM and GRU nodes, alone in their graph.
//!
//! Weights are `[directions, G·H, I]`, the bias holds that of the inputs and then that of the
//! recurrence, and time comes first unless `layout` is 1. The gates of the LSTM come as i, o, f, c, in
//! the GRU as z, r, h. Nodes in larger graphs are the exchange's affair.

mod functions;
mod weights;

use elman::cell::{
    ForgetGate, GruActivations, GruOptions, LstmActivations, LstmOptions, Peepholes,
    ResetPlacement, SimpleOptions,
};
use elman::{Direction, Real, SequenceBatch};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, stack};
use serde_json::{Map, Value};

use super::arrays::swapped;
use super::case::{Case, Stop};
use super::computed::Computed;
use super::recurrent::{CellChoice, Pass, State};
use functions::Functions;
use weights::NodeWeights;

/// Options that say where a case comes from and what it holds.
const ANNOUNCED: [&str; 15] = [
    "cell",
    "folder",
    "folder_bytes",
    "ops",
    "opset",
    "ir_version",
    "data_sets",
    "inputs",
    "outputs",
    "official",
    "official_tolerance",
    "checked_against",
    "direction",
    "weights_as",
    "computes",
];

/// Computes one case: each of its data sets.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let mut node = Node::read(case)?;
    let options = node.options()?;
    node.refuse_unread_attributes()?;
    for announced in ANNOUNCED {
        case.option(announced);
    }
    case.refuse_unread_options()?;
    let mut computed = Computed::default();
    for set in ["", "set1."] {
        if case.has_tensors(&format!("{set}input.")) {
            let data = DataSet { case, node: &node, set };
            data.compute::<T>(&options, &mut computed)?;
        }
    }
    Ok(computed)
}

/// The recurrent node of a graph.
struct Node<'a> {
    op: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    /// Those that have not been read yet.
    attributes: Map<String, Value>,
}

/// What a node asks for.
struct Options {
    layout: Layout,
    /// A cell for each direction.
    directions: Vec<(Direction, CellChoice)>,
}

/// Which axis comes first.
#[derive(Clone, Copy)]
enum Layout {
    Time,
    Batch,
}

impl<'a> Node<'a> {
    fn read(case: &'a Case) -> Result<Self, Stop> {
        let nodes = case.option("nodes").as_array();
        let nodes = nodes.ok_or_else(|| Stop::failed("nodes: expected a list"))?;
        if nodes.iter().any(|node| node["op"] == "Constant") {
            return Err(Stop::unsupported("constants, which only the model's own file holds"));
        }
        let [node] = &nodes[..] else { return Err(Stop::unsupported("a graph of nodes")) };
        let names = |key: &str| {
            let names = node[key].as_array().into_iter().flatten().map(Value::as_str);
            let names: Option<Vec<&str>> = names.collect();
            names.ok_or_else(|| Stop::failed(format!("nodes: {key}: expected names")))
        };
        Ok(Node {
            op: node["op"].as_str().unwrap_or_default(),
            inputs: names("inputs")?,
            outputs: names("outputs")?,
            attributes: node["attributes"].as_object().cloned().unwrap_or_default(),
        })
    }

    fn options(&mut self) -> Result<Options, Stop> {
        // The weights have it as well.
        self.attributes.remove("hidden_size");
        let layout = if self.flag("layout")? { Layout::Batch } else { Layout::Time };
        let directions: &[Direction] = match self.attributes.remove("direction") {
            None => &[Direction::Forward],
            Some(value) => match value.as_str() {
                Some("forward") => &[Direction::Forward],
                Some("reverse") => &[Direction::Reverse],
                Some("bidirectional") => &[Direction::Forward, Direction::Reverse],
                _ => return Err(Stop::unsupported(format!("direction {value}"))),
            },
        };
        let mut functions = Functions::read(&mut self.attributes)?;
        let clip = self.attributes.remove("clip").map(|clip| {
            clip.as_f64()
                .ok_or_else(|| Stop::failed(format!("clip: expected a number, got {clip}")))
        });
        let cell = CellAttributes {
            op: self.op,
            clip: clip.transpose()?,
            has_peepholes: self.inputs.get(7).is_some_and(|name| !name.is_empty()),
            forget_gate: match self.flag("input_forget")? {
                true => ForgetGate::Coupled,
                false => ForgetGate::Own,
            },
            reset: match self.flag("linear_before_reset")? {
                true => ResetPlacement::After,
                false => ResetPlacement::Before,
            },
        };
        let mut cells = Vec::new();
        for &direction in directions {
            cells.push((direction, cell.choice(&mut functions)?));
        }
        functions.refuse_unread()?;
        Ok(Options { layout, directions: cells })
    }

    fn flag(&mut self, name: &str) -> Result<bool, Stop> {
        match self.attributes.remove(name).as_ref().map(Value::as_u64) {
            None | Some(Some(0)) => Ok(false),
            Some(Some(1)) => Ok(true),
            Some(_) => Err(Stop::failed(format!("{name}: expected 0 or 1"))),
        }
    }

    fn refuse_unread_attributes(&self) -> Result<(), Stop> {
        match self.attributes.iter().next() {
            Some((name, value)) => Err(Stop::unsupported(format!("attribute {name}: {value}"))),
            None => Ok(()),
        }
    }
}

/// The attributes that both directions share.
struct CellAttributes<'a> {
    op: &'a str,
    clip: Option<f64>,
    has_peepholes: bool,
    forget_gate: ForgetGate,
    reset: ResetPlacement,
}

impl CellAttributes<'_> {
    /// The cell of the next direction.
    fn choice(&self, functions: &mut Functions) -> Result<CellChoice, Stop> {
        let clip = self.clip;
        Ok(match self.op {
            "RNN" => {
                let activation = functions.next("Tanh")?;
                CellChoice::Simple(SimpleOptions { activation, clip, ..SimpleOptions::DEFAULT })
            }
            "LSTM" => CellChoice::Lstm(LstmOptions {
                activations: LstmActivations {
                    gate: functions.next("Sigmoid")?,
                    candidate: functions.next("Tanh")?,
                    output: functions.next("Tanh")?,
                },
                peepholes: if self.has_peepholes { Peepholes::Present } else { Peepholes::Absent },
                forget_gate: self.forget_gate,
                clip,
                ..LstmOptions::DEFAULT
            }),
            "GRU" => CellChoice::Gru(GruOptions {
                reset: self.reset,
                activations: GruActivations {
                    gate: functions.next("Sigmoid")?,
                    candidate: functions.next("Tanh")?,
                },
                clip,
                ..GruOptions::DEFAULT
            }),
            other => return Err(Stop::unsupported(format!("node {other}"))),
        })
    }
}

/// One set of inputs and outputs of a case.
struct DataSet<'a> {
    case: &'a Case,
    node: &'a Node<'a>,
    /// What the names of its tensors start with.
    set: &'a str,
}

impl DataSet<'_> {
    fn compute<T: Real>(&self, options: &Options, computed: &mut Computed) -> Result<(), Stop> {
        let inputs = self.sequences(options.layout)?;
        let batch = match self.name(4) {
            None => SequenceBatch::full(inputs),
            Some(name) => {
                let lengths: Array1<i64> = self.case.integers(&self.stored(name))?;
                let fault = |_| Stop::failed(format!("{name}: expected no negative length"));
                let lengths = lengths.iter().map(|len| usize::try_from(*len).map_err(fault));
                SequenceBatch::with_lengths(inputs, lengths.collect::<Result<_, _>>()?)?
            }
        };
        let weights = NodeWeights::<T> {
            input: self.required(1, "W")?,
            recurrent: self.required(2, "R")?,
            bias: self.optional(3)?,
            peepholes: self.optional(7)?,
        };
        let mut outputs = Vec::new();
        let mut finals = Vec::new();
        for (index, (direction, cell)) in options.directions.iter().enumerate() {
            let initial = self.initial(index, options.layout, *cell, &weights)?;
            let weights = weights.of(index, *cell)?;
            let pass = Pass::forward((*cell, *direction), &weights, batch.clone(), Some(initial))?;
            outputs.push(pass.outputs().to_owned());
            finals.push(pass.final_state());
        }
        self.put(options.layout, &Results { outputs, finals }, computed)
    }

    /// X as `[N, T, D]`.
    fn sequences<T: Real>(&self, layout: Layout) -> Result<Array3<T>, Stop> {
        let stored: Array3<T> = self.required(0, "X")?;
        Ok(match layout {
            Layout::Time => swapped(stored),
            Layout::Batch => stored,
        })
    }

    /// The initial state of a direction; zeros where the node is given none.
    fn initial<T: Real>(
        &self,
        index: usize,
        layout: Layout,
        cell: CellChoice,
        weights: &NodeWeights<T>,
    ) -> Result<State<T>, Stop> {
        let batch_axis = match layout {
            Layout::Time => 1,
            Layout::Batch => 0,
        };
        let inputs: Array3<T> = self.required(0, "X")?;
        let size = (inputs.len_of(Axis(batch_axis)), weights.recurrent.len_of(Axis(2)));
        let mut parts = Vec::new();
        for (part, input) in cell.state_names().iter().zip([5, 6]) {
            let given: Option<Array3<T>> = self.optional(input)?;
            parts.push(match given {
                None => Array2::from_elem(size, T::ZERO),
                Some(states) => {
                    let axis = Axis(1 - batch_axis);
                    if index >= states.len_of(axis) {
                        return Err(Stop::failed(format!("initial_{part}: too few directions")));
                    }
                    states.index_axis_move(axis, index)
                }
            });
        }
        Ok(parts)
    }

    /// Adds what the node puts out.
    fn put<T: Real>(
        &self,
        layout: Layout,
        results: &Results<T>,
        computed: &mut Computed,
    ) -> Result<(), Stop> {
        for (index, name) in self.node.outputs.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            let values: ArrayD<T> = match index {
                0 => results.all_steps(layout)?,
                part => results.last(layout, part - 1)?,
            };
            computed.put(format!("{}output.{name}", self.set), &values);
        }
        Ok(())
    }

    /// The name of an input, if the node has it.
    fn name(&self, index: usize) -> Option<&str> {
        self.node.inputs.get(index).copied().filter(|name| !name.is_empty())
    }

    /// Where the case stores an input: weights may stand in the model.
    fn stored(&self, name: &str) -> String {
        let initializer = format!("initializer.{name}");
        if self.case.has(&initializer) { initializer } else { format!("{}input.{name}", self.set) }
    }

    fn optional<T: Real, D: ndarray::Dimension>(
        &self,
        index: usize,
    ) -> Result<Option<ndarray::Array<T, D>>, Stop> {
        self.name(index).map(|name| self.case.array(&self.stored(name))).transpose()
    }

    fn required<T: Real, D: ndarray::Dimension>(
        &self,
        index: usize,
        what: &str,
    ) -> Result<ndarray::Array<T, D>, Stop> {
        self.optional(index)?.ok_or_else(|| Stop::failed(format!("the node has no {what}")))
    }
}

/// What the directions gave.
struct Results<T> {
    outputs: Vec<Array3<T>>, // [N, T, H] each
    finals: Vec<State<T>>,   // [N, H] for each part of the state
}

impl<T: Real> Results<T> {
    /// Y: `[T, directions, N, H]` or `[N, T, directions, H]`.
    fn all_steps(&self, layout: Layout) -> Result<ArrayD<T>, Stop> {
        let fault = |error: ndarray::ShapeError| Stop::failed(error.to_string());
        let outputs: Vec<_> = self.outputs.iter().map(|output| output.view()).collect();
        let last = stack(Axis(2), &outputs).map_err(fault)?; // [N, T, directions, H]
        Ok(match layout {
            Layout::Time => last.permuted_axes([1, 2, 0, 3]).into_dyn(),
            Layout::Batch => last.into_dyn(),
        })
    }

    /// Y_h or Y_c: `[directions, N, H]` or `[N, directions, H]`.
    fn last(&self, layout: Layout, part: usize) -> Result<ArrayD<T>, Stop> {
        let parts = self.finals.iter().map(|state| state.get(part).map(|part| part.view()));
        let parts: Option<Vec<_>> = parts.collect();
        let parts = parts.ok_or_else(|| Stop::failed("Y_c: this cell has no cell state"))?;
        let fault = |error: ndarray::ShapeError| Stop::failed(error.to_string());
        let states = stack(Axis(0), &parts).map_err(fault)?;
        Ok(match layout {
            Layout::Time => states.into_dyn(),
            Layout::Batch => swapped(states).into_dyn(),
        })
    }
}
