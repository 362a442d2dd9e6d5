//! The values that options take by name.

mod numbers;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

pub use self::numbers::{DistributionChoice, Levels, SplitChoice, TargetTransformChoice};

/// What to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskKind {
    /// One of a set of classes
    Classify,
    /// One number or more
    Regress,
    /// The next token of a text
    Text,
    /// One of a set of classes at each step
    Tag,
    /// What comes next in dated series
    Forecast,
}

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

/// The rule that updates the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum OptimizerChoice {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// Adam with decoupled weight decay
    AdamW,
    /// Adam with Nesterov's momentum
    NAdam,
    /// RMSprop
    RmsProp,
    /// Adagrad
    Adagrad,
}

/// What is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LossChoice {
    /// Softmax cross-entropy, for classes
    CrossEntropy,
    /// Squared error
    Mse,
    /// Absolute error
    L1,
    /// Squared near zero, absolute beyond --huber-delta
    Huber,
    /// Huber's divided by its delta, here --smooth-l1-beta
    SmoothL1,
}

/// What chooses the best epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MonitorChoice {
    /// The validation loss
    Loss,
    /// The validation accuracy, or root mean squared error
    Metric,
}

/// How the length of a gradient is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormChoice {
    /// The sum of absolute values
    L1,
    /// The Euclidean norm
    L2,
    /// The largest absolute value
    Infinity,
}

/// How the classes weigh in the loss: `equal`, `balanced`, or `label=weight,…`.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeightsChoice {
    /// Each sequence counts the same.
    Equal,
    /// Each class counts the same.
    Balanced,
    /// These, by label.
    Given(BTreeMap<String, f64>),
}

impl FromStr for ClassWeightsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "equal, balanced, or label=weight,… with each class once".to_owned();
        match text {
            "equal" => return Ok(ClassWeightsChoice::Equal),
            "balanced" => return Ok(ClassWeightsChoice::Balanced),
            _ => {}
        }
        let mut weights = BTreeMap::new();
        // Written like the names of columns, so that a label may hold a comma.
        for pair in text.parse::<Names>().map_err(|_| wrong())?.0 {
            let (label, weight) = pair.rsplit_once('=').ok_or_else(wrong)?;
            let weight = number(weight.trim()).map_err(|_| wrong())?;
            if weights.insert(label.trim().to_owned(), weight).is_some() {
                return Err(wrong());
            }
        }
        Ok(ClassWeightsChoice::Given(weights))
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Switch::On
    }
}

/// What separates the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DelimiterChoice {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tab character
    Tab,
}

/// What stands before the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecimalChoice {
    /// `.`
    #[value(alias = ".")]
    Point,
    /// `,`
    #[value(alias = ",")]
    Comma,
}

/// How the sequences lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutChoice {
    /// A row for each step
    Long,
    /// A row for each sequence: its label, then its values
    Wide,
    /// A line for each word: the word, a tab, its tag; an empty line after each sentence
    Words,
    /// The same with the columns of CoNLL-2003
    Conll,
    /// The same with the columns of CoNLL-U
    Conllu,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnitChoice {
    /// Bytes of any file
    Bytes,
    /// Unicode characters
    Characters,
    /// Words, each with the space before it
    Words,
}

/// What there is a target for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EachChoice {
    /// Each sequence
    Sequence,
    /// Each step; a cell may be empty
    Step,
}

/// What becomes of missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MissingChoice {
    /// An error that names the first
    Refuse,
    /// The mean, and a further channel that is 1 there
    Mask,
    /// The last value, and a further channel of the steps since
    Last,
}

/// Names of columns, written as in the header of a CSV: `a,b` or `"a, and b",c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "names of columns, separated by commas".to_owned();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().next().ok_or_else(wrong)?.map_err(|_| wrong())?;
        let names: Vec<String> = record.iter().map(str::to_owned).collect();
        if names.iter().any(String::is_empty) { Err(wrong()) } else { Ok(Names(names)) }
    }
}

/// Written so that it can be read back.
impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.0).map_err(|_| fmt::Error)?;
        let bytes = writer.into_inner().map_err(|_| fmt::Error)?;
        f.write_str(String::from_utf8_lossy(&bytes).trim_end_matches('\n'))
    }
}

/// Sizes of layers, from the bottom to the top: `64` or `64,32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(pub Vec<usize>);

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sizes = text.split(',').map(|size| count(size.trim())).collect::<Result<_, _>>();
        sizes.map(Sizes).map_err(|_| "whole numbers, separated by commas".to_owned())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join(","))
    }
}

/// Decay of the two moments of adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Betas(pub [f64; 2]);

impl FromStr for Betas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(',').and_then(|(first, second)| {
            Some([number(first.trim()).ok()?, number(second.trim()).ok()?])
        });
        parsed.map(Betas).ok_or_else(|| "two numbers separated by a comma".to_owned())
    }
}

impl fmt::Display for Betas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Betas([first, second]) = self;
        write!(f, "{first},{second}")
    }
}

/// A limit that can be lifted: a number, or `off`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// No limit.
    Off,
    /// At most this much.
    At(f64),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Limit::Off),
            _ => number(text).map(Limit::At).map_err(|expected| format!("{expected} or off")),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Off => write!(f, "off"),
            Limit::At(limit) => write!(f, "{limit}"),
        }
    }
}

/// A whole number that fits in memory's address space.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number that is not negative".to_owned())
}

/// A seed.
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {}", u64::MAX))
}

/// A finite number.
pub fn number(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|number: &f64| number.is_finite());
    parsed.ok_or_else(|| "a finite number".to_owned())
}
