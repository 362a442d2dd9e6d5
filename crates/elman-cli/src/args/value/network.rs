//! The parts of a network.

use clap::ValueEnum;

/// The recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CellChoice {
    /// The simple (Elman) cell
    Simple,
    /// Long short-term memory
    Lstm,
    /// Gated recurrent unit
    Gru,
    /// minGRU: gates of the input alone
    MinGru,
    /// minLSTM: gates of the input alone
    MinLstm,
}

/// How the units of a simple cell are joined over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecurrenceChoice {
    /// All with all
    Full,
    /// Each with itself alone
    Independent,
}

/// What a cell normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormalizationChoice {
    /// Nothing
    None,
    /// The products of the inputs and of the state, over the units of the layer
    Layer,
}

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResetChoice {
    /// After the recurrent product
    After,
    /// Before it
    Before,
}

/// The activation of the recurrent units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ActivationChoice {
    /// Hyperbolic tangent
    Tanh,
    /// max(0, a)
    Relu,
    /// Logistic function
    Sigmoid,
    /// Its straight-lined form: min(max(a + 3, 0), 6) / 6
    HardSigmoid,
    /// None: a linear recurrence
    Identity,
    /// a / (1 + |a|)
    Softsign,
    /// ln(1 + e^a)
    Softplus,
    /// a times its logistic function
    Silu,
    /// a times its normal distribution, in the form with tanh
    Gelu,
    /// a above 0, else 0.01 a
    LeakyRelu,
    /// a above 1, else 0
    ThresholdedRelu,
    /// a above 0, else e^a - 1
    Elu,
    /// min(max(0.2 a + 0.5, 0), 1), as in ONNX
    ScaledHardSigmoid,
}

/// The direction in which a sequence is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DirectionChoice {
    /// From the first step to the last
    Forward,
    /// From the last step to the first
    Reverse,
    /// Both, side by side
    Both,
}

/// How the outputs of both directions become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MergeChoice {
    /// Side by side
    Concatenate,
    /// Their sum
    Sum,
    /// Their mean
    Mean,
    /// Their product, element by element
    Product,
}

/// For how many steps a mask of dropout holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SpanChoice {
    /// Each step has its own
    Step,
    /// One for all steps of a sequence
    Sequence,
}

/// A part of what the head sees of the outputs of all steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PoolingChoice {
    /// The output after the last step
    Last,
    /// The output of the first step
    First,
    /// The mean of the outputs of all steps
    Mean,
    /// The largest value of each output
    Max,
    /// A mean with learned weights
    Attention,
}

/// Where the layers start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InitialStateChoice {
    /// At zero
    Zeros,
    /// At a state that is trained
    Learned,
}

/// How weights start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InitChoice {
    /// Uniform in ±1/√H
    Uniform,
    /// Uniform in ±√(6 / (inputs + outputs))
    Glorot,
    /// Uniform in ±√(6 / inputs)
    He,
    /// A random orthogonal matrix
    Orthogonal,
    /// Normal, standard deviation 0.05
    Normal,
    /// All 0
    Zeros,
}

/// How biases start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BiasInitChoice {
    /// Uniform in ±1/√H
    Uniform,
    /// Normal, standard deviation 0.05
    Normal,
    /// All 0
    Zeros,
}
