//! The activations of a node, with the alphas and betas that they take in order.

use elman::ActivationKind;
use serde_json::{Map, Value};

use crate::conformance::case::Stop;

/// The names, alphas and betas that have not been taken yet, the first one first.
pub struct Functions {
    /// `None` where the node names no function: the operator's own.
    names: Option<Vec<String>>,
    alphas: Vec<f64>,
    betas: Vec<f64>,
    taken: usize,
}

impl Functions {
    pub fn read(attributes: &mut Map<String, Value>) -> Result<Self, Stop> {
        let names = attributes.remove("activations").map(|names| {
            let names = names.as_array().into_iter().flatten();
            names.map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let mut numbers = |key: &str| -> Result<Vec<f64>, Stop> {
            let stored = attributes.remove(key).unwrap_or_default();
            let mut numbers = Vec::new();
            for value in stored.as_array().into_iter().flatten().rev() {
                let number = value.as_f64();
                numbers.push(number.ok_or_else(|| Stop::failed(format!("{key}: {value}")))?);
            }
            Ok(numbers)
        };
        let (alphas, betas) = (numbers("activation_alpha")?, numbers("activation_beta")?);
        let names = match names {
            None => None,
            Some(None) => return Err(Stop::failed("activations: expected names")),
            Some(names) => names,
        };
        Ok(Functions { names, alphas, betas, taken: 0 })
    }

    /// The next function, or the operator's own.
    pub fn next(&mut self, default: &str) -> Result<ActivationKind, Stop> {
        let name = match &self.names {
            None => default.to_owned(),
            Some(names) => {
                let name = names.get(self.taken).cloned();
                name.ok_or_else(|| Stop::failed("activations: too few names"))?
            }
        };
        self.taken += 1;
        Ok(match name.as_str() {
            "Tanh" => ActivationKind::Tanh,
            "Relu" => ActivationKind::Relu,
            "Sigmoid" => ActivationKind::Sigmoid,
            "Softsign" => ActivationKind::Softsign,
            "Softplus" => ActivationKind::Softplus,
            "LeakyRelu" => ActivationKind::LeakyRelu { alpha: self.alpha(&name)? },
            "ThresholdedRelu" => ActivationKind::ThresholdedRelu { alpha: self.alpha(&name)? },
            "Elu" => ActivationKind::Elu { alpha: self.alpha(&name)? },
            "Affine" => {
                ActivationKind::Affine { alpha: self.alpha(&name)?, beta: self.beta(&name)? }
            }
            "ScaledTanh" => {
                ActivationKind::ScaledTanh { alpha: self.alpha(&name)?, beta: self.beta(&name)? }
            }
            "HardSigmoid" => ActivationKind::ScaledHardSigmoid {
                alpha: self.alpha(&name)?,
                beta: self.beta(&name)?,
            },
            other => return Err(Stop::unsupported(format!("activation {other}"))),
        })
    }

    /// Evaluators disagree about what an alpha is that is not given, so no case leaves one out.
    fn alpha(&mut self, name: &str) -> Result<f64, Stop> {
        self.alphas.pop().ok_or_else(|| Stop::unsupported(format!("{name} without alpha")))
    }

    fn beta(&mut self, name: &str) -> Result<f64, Stop> {
        self.betas.pop().ok_or_else(|| Stop::unsupported(format!("{name} without beta")))
    }

    pub fn refuse_unread(&self) -> Result<(), Stop> {
        let names = self.names.as_ref().map_or(0, |names| names.len().saturating_sub(self.taken));
        match (names, self.alphas.len(), self.betas.len()) {
            (0, 0, 0) => Ok(()),
            (names, alphas, betas) => {
                let left = format!("{names} activations, {alphas} alphas and {betas} betas");
                Err(Stop::unsupported(format!("{left} that no function takes")))
            }
        }
    }
}
