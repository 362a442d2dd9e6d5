//! From the documents of older format versions to the current one.
//!
//! | version | written by | what changed after it |
//! |---|---|---|
//! | 1 | elman 0.1.0 | `network` had one cell, width and direction for all layers, one pooling, no inputs but numbers |

use serde::Deserialize;
use serde_json::Value;

use crate::activation::ActivationKind;
use crate::cell::{CellKind, GruOptions, LstmOptions, ResetPlacement, SimpleOptions};
use crate::network::{HeadConfig, NetworkConfig, NetworkOptions, Pooling, Readout};
use crate::stack::{Directions, LayerConfig};

/// The model of a document of format version `version`, as the current version writes it.
pub(super) fn to_current(version: u64, mut model: Value) -> serde_json::Result<Value> {
    if version >= 2 {
        return Ok(model);
    }
    if let Some(network) = model.get_mut("network") {
        let old: NetworkV1 = serde_json::from_value(network.take())?;
        *network = serde_json::to_value(NetworkConfig::from(old))?;
    }
    Ok(model)
}

/// A network as version 1 described it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkV1 {
    input_size: usize,
    cell: CellV1,
    hidden_size: usize,
    layers: usize,
    directions: Directions,
    pooling: PoolingV1,
    dropout: f64,
    output_size: usize,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum CellV1 {
    Simple { activation: ActivationV1 },
    Lstm,
    Gru { reset: ResetPlacement },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActivationV1 {
    Tanh,
    Relu,
    Sigmoid,
    HardSigmoid,
    Identity,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PoolingV1 {
    LastStep,
    MeanOverTime,
    EveryStep,
}

/// A file of version 1 cannot name more layers than tensors; this keeps a damaged one from asking for
/// more memory than there is.
const MAX_LAYERS: usize = 4096;

impl From<NetworkV1> for NetworkConfig {
    fn from(old: NetworkV1) -> Self {
        let directions = old.directions;
        let layer =
            LayerConfig { directions, ..LayerConfig::new(old.cell.into(), old.hidden_size) };
        let readout = match old.pooling {
            PoolingV1::LastStep => Pooling::LastStep.into(),
            PoolingV1::MeanOverTime => Pooling::Mean.into(),
            PoolingV1::EveryStep => Readout::EveryStep,
        };
        NetworkConfig {
            inputs: old.input_size.into(),
            body: NetworkOptions {
                layers: vec![layer; old.layers.min(MAX_LAYERS)],
                readout,
                head: HeadConfig { dropout: old.dropout, ..HeadConfig::default() },
                ..NetworkOptions::default()
            },
            outputs: old.output_size.into(),
        }
    }
}

impl From<CellV1> for CellKind {
    fn from(old: CellV1) -> Self {
        match old {
            CellV1::Simple { activation } => {
                let activation = match activation {
                    ActivationV1::Tanh => ActivationKind::Tanh,
                    ActivationV1::Relu => ActivationKind::Relu,
                    ActivationV1::Sigmoid => ActivationKind::Sigmoid,
                    ActivationV1::HardSigmoid => ActivationKind::HardSigmoid,
                    ActivationV1::Identity => ActivationKind::Identity,
                };
                CellKind::Simple(SimpleOptions { activation, ..SimpleOptions::DEFAULT })
            }
            CellV1::Lstm => CellKind::Lstm(LstmOptions::DEFAULT),
            CellV1::Gru { reset } => CellKind::Gru(GruOptions { reset, ..GruOptions::DEFAULT }),
        }
    }
}
