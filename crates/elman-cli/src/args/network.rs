//! The shape of the network.

use clap::Args;

use super::value::{
    ActivationChoice, BiasInitChoice, CellChoice, DirectionChoice, InitChoice, InitialStateChoice,
    MergeChoice, NormalizationChoice, PoolingChoice, RecurrenceChoice, ResetChoice, Sizes,
    SpanChoice, Switch, count, number,
};

/// The shape of the network.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// The recurrent cell
    #[arg(long, value_enum, default_value_t = CellChoice::Gru)]
    pub cell: CellChoice,
    /// Units in each direction of a layer: one number for all layers, or one for each
    #[arg(long, value_name = "N,…", default_value_t = Sizes(vec![64]))]
    pub hidden_size: Sizes,
    /// Recurrent layers [default: as many as --hidden-size has numbers]
    #[arg(long, value_name = "N", value_parser = count)]
    pub layers: Option<usize>,
    /// The activation of the simple cell
    #[arg(long, value_enum, default_value_t = ActivationChoice::Tanh)]
    pub activation: ActivationChoice,
    /// How the units of the simple cell are joined over time: all with all, or each with itself alone
    #[arg(long, value_enum, value_name = "HOW", default_value_t = RecurrenceChoice::Full)]
    pub recurrence: RecurrenceChoice,
    /// What the simple, lstm and gru cells normalise over their units: nothing, or the products of each
    /// layer
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = NormalizationChoice::None)]
    pub normalization: NormalizationChoice,
    /// The bound of what enters the activations of the simple, lstm and gru cells [default: none]
    #[arg(long, value_name = "LIMIT", value_parser = number)]
    pub pre_activation_clip: Option<f64>,
    /// The bound of the cell state of the lstm cell [default: none]
    #[arg(long, value_name = "LIMIT", value_parser = number)]
    pub cell_clip: Option<f64>,
    /// Let the gates of the lstm cell see the cell state
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "on", default_value_t = Switch::Off, hide_possible_values = true)]
    pub peepholes: Switch,
    /// Let the lstm cell forget what its input gate leaves, without a forget gate of its own
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "on", default_value_t = Switch::Off, hide_possible_values = true)]
    pub coupled_gates: Switch,
    /// The values to which the lstm cell projects its units [default: no projection]
    #[arg(long, value_name = "N", value_parser = count)]
    pub projection_size: Option<usize>,
    /// Where the reset gate of the gru cell acts: after the recurrent product, or before it
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = ResetChoice::After)]
    pub reset_placement: ResetChoice,
    /// The direction in which a sequence is read
    #[arg(long, value_enum, default_value_t = DirectionChoice::Both)]
    pub direction: DirectionChoice,
    /// How the outputs of both directions become one
    #[arg(long, value_enum, default_value_t = MergeChoice::Concatenate)]
    pub merge: MergeChoice,
    /// Add the input of each layer but the first to its output
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "on", default_value_t = Switch::Off, hide_possible_values = true)]
    pub residual: Switch,
    /// The probability with which a value between two layers is dropped in training
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub layer_dropout: f64,
    /// For how many steps what --layer-dropout dropped stays dropped: one, or the whole sequence
    #[arg(long, value_enum, value_name = "SPAN", default_value_t = SpanChoice::Step)]
    pub dropout_span: SpanChoice,
    /// The probability with which a value of the hidden state is dropped in the recurrent products, the
    /// same values at all steps of a sequence [default: 0; 0.25 where a gru classifies or tags]
    #[arg(long, value_name = "P", value_parser = number)]
    pub state_dropout: Option<f64>,
    /// The probability with which a value of the update of a gated cell is dropped
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub update_dropout: f64,
    /// The probability with which a value of the hidden state stays as it was
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub zoneout: f64,
    /// The same for the cell state of the lstm cell
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub cell_zoneout: f64,
    /// Where the layers start: at zero, or at a state that is trained
    #[arg(long, value_enum, default_value_t = InitialStateChoice::Zeros)]
    pub initial_state: InitialStateChoice,
    /// What the head sees of all steps: one of these, or several side by side
    #[arg(long, value_enum, value_name = "PART,…", value_delimiter = ',')]
    #[arg(default_value = "last,mean")]
    pub pooling: Vec<PoolingChoice>,
    /// Units that score a step for --pooling attention
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = count)]
    pub attention_size: usize,
    /// The probability with which an input of the head is dropped in training
    #[arg(long, value_name = "P", default_value_t = 0.3, value_parser = number)]
    pub dropout: f64,
    /// Units of the hidden layers of the head [default: no hidden layer]
    #[arg(long, value_name = "N,…")]
    pub head_hidden: Option<Sizes>,
    /// The activation of the hidden layers of the head
    #[arg(long, value_enum, value_name = "ACTIVATION", default_value_t = ActivationChoice::Relu)]
    pub head_activation: ActivationChoice,
    /// The probability with which a hidden unit of the head is dropped in training
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub head_dropout: f64,
    /// How the input weights start
    #[arg(long, value_enum, value_name = "INIT", default_value_t = InitChoice::Uniform)]
    pub input_init: InitChoice,
    /// How the recurrent weights start
    #[arg(long, value_enum, value_name = "INIT", default_value_t = InitChoice::Uniform)]
    pub recurrent_init: InitChoice,
    /// How the biases start
    #[arg(long, value_enum, value_name = "INIT", default_value_t = BiasInitChoice::Uniform)]
    pub bias_init: BiasInitChoice,
    /// What is added to the bias of the forget gate of the lstm cell at the start [default: 1]
    #[arg(long, value_name = "B", value_parser = number)]
    pub forget_bias: Option<f64>,
}
