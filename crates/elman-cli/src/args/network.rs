//! The shape of the network.

use clap::Args;

use super::value::{
    ActivationChoice, CellChoice, DirectionChoice, PoolingChoice, ResetChoice, count, number,
};

/// The shape of the network.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// The recurrent cell
    #[arg(long, value_enum, default_value_t = CellChoice::Simple)]
    pub cell: CellChoice,
    /// Units in each layer and direction
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = count)]
    pub hidden_size: usize,
    /// Recurrent layers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count)]
    pub layers: usize,
    /// The activation of the simple cell
    #[arg(long, value_enum, default_value_t = ActivationChoice::Tanh)]
    pub activation: ActivationChoice,
    /// Where the reset gate of the gru cell acts: after the recurrent product, or before it
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = ResetChoice::After)]
    pub reset_placement: ResetChoice,
    /// The direction in which a sequence is read
    #[arg(long, value_enum, default_value_t = DirectionChoice::Forward)]
    pub direction: DirectionChoice,
    /// What the head sees: the last step, or the mean over all steps
    #[arg(long, value_enum, default_value_t = PoolingChoice::Last)]
    pub pooling: PoolingChoice,
    /// The probability with which an input of the head is dropped in training
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = number)]
    pub dropout: f64,
}
