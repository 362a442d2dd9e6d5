//! `torch.nn.functional`'s losses: values, and gradients of their mean and sum.
//!
//! PyTorch has the classes on axis 1, before time; the library has them last.

mod ctc;
mod gaussian;

use elman::Real;
use elman::loss::{
    BinaryCrossEntropy, BinaryTargets, CrossEntropy, Reduction, RegressionLoss, RowWeights,
    TargetClasses,
};
use ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix1, Ix2, IxDyn};
use serde_json::Value;

use super::case::{Case, Stop};
use super::computed::Computed;

/// The reductions, under the names that tensors have.
const REDUCTIONS: [(Reduction, &str); 2] = [(Reduction::Mean, "mean"), (Reduction::Sum, "sum")];

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    // These say what the tensors are; what is expected follows from the tensors themselves.
    for announced in ["wrt", "reductions", "shape", "extreme", "clamped", "infinite"] {
        case.option(announced);
    }
    match case.text("loss")? {
        "mse" => regression::<T>(case, RegressionLoss::Mse),
        "l1" => regression::<T>(case, RegressionLoss::L1),
        "huber" => {
            let delta = if case.option("delta").is_null() { 1.0 } else { case.number("delta")? };
            regression::<T>(case, RegressionLoss::Huber { delta })
        }
        "smooth_l1" => {
            let beta = if case.option("beta").is_null() { 1.0 } else { case.number("beta")? };
            regression::<T>(case, RegressionLoss::SmoothL1 { beta })
        }
        "softmax_cross_entropy" => cross_entropy::<T>(case),
        "binary_cross_entropy_with_logits" => binary_cross_entropy::<T>(case),
        "gaussian_nll" => gaussian::run::<T>(case),
        "ctc" => ctc::run::<T>(case),
        other => Err(Stop::unsupported(format!("loss {other}"))),
    }
}

fn regression<T: Real>(case: &Case, loss: RegressionLoss) -> Result<Computed, Stop> {
    case.refuse_unread_options()?;
    let input: ArrayD<T> = case.array("input")?;
    let target: ArrayD<T> = case.array("target")?;
    let mut computed = Computed::default();
    for (reduction, name) in REDUCTIONS {
        let mut grad = ArrayD::from_elem(input.dim(), T::ZERO);
        let value = loss.value(reduction, input.view(), target.view())?;
        let beside = loss.gradient(reduction, input.view(), target.view(), grad.view_mut())?;
        computed.put_number(format!("value.{name}"), agreed(value, beside)?);
        computed.put(format!("grad.{name}.input"), &grad);
    }
    let mut values = ArrayD::from_elem(input.dim(), T::ZERO);
    loss.per_element(input.view(), target.view(), values.view_mut())?;
    computed.put("value.none", &values);
    Ok(computed)
}

fn cross_entropy<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let logits: ArrayD<T> = case.array("logits")?;
    let rows = ClassRows { shape: logits.shape().to_vec() };
    let matrix = rows.matrix(logits)?;
    let (indices, probabilities);
    let targets = match case.text("target")? {
        "indices" => {
            indices = case.integers::<IxDyn>("target")?.into_iter().collect::<Vec<_>>();
            TargetClasses::from(indices.as_slice())
        }
        "probabilities" => {
            probabilities = rows.matrix(case.array("target")?)?;
            TargetClasses::from(probabilities.view())
        }
        other => return Err(Stop::unsupported(format!("target {other}"))),
    };
    let loss = CrossEntropy {
        label_smoothing: case.number("label_smoothing")?,
        class_weights: weights(case, "class_weights")?,
        ignore_index: match case.option("ignore_index") {
            Value::Null => None,
            index => Some(index.as_i64().ok_or_else(|| Stop::failed("ignore_index"))?),
        },
        reduction: Reduction::default(),
    };
    case.refuse_unread_options()?;
    let mut computed = Computed::default();
    for (reduction, name) in REDUCTIONS {
        let loss = CrossEntropy { reduction, ..loss.clone() };
        let mut grad = Array2::from_elem(matrix.dim(), T::ZERO);
        let value = loss.value(matrix.view(), targets)?;
        let beside = loss.gradient(matrix.view(), targets, grad.view_mut())?;
        computed.put_number(format!("value.{name}"), agreed(value, beside)?);
        computed.put(format!("grad.{name}.logits"), &rows.stored(grad)?);
    }
    let mut values = vec![T::ZERO; matrix.nrows()];
    loss.per_row(matrix.view(), targets, &mut values)?;
    computed.put("value.none", &rows.stored_values(values)?);
    Ok(computed)
}

/// How logits `[N, C]` or `[N, C, …]` become rows of classes.
struct ClassRows {
    shape: Vec<usize>,
}

impl ClassRows {
    /// Stored logits or probabilities as `[rows, C]`.
    fn matrix<T: Real>(&self, stored: ArrayD<T>) -> Result<Array2<T>, Stop> {
        let [_, classes, ..] = self.shape[..] else {
            return Err(Stop::unsupported("logits without a batch axis"));
        };
        if stored.shape() != self.shape {
            return Err(Stop::failed("target: expected the shape of the logits"));
        }
        let mut order: Vec<usize> = (0..self.shape.len()).collect();
        order[1..].rotate_left(1);
        let rows = self.shape.iter().product::<usize>().checked_div(classes).unwrap_or(0);
        reshaped(stored.permuted_axes(order), Ix2(rows, classes))
    }

    /// `[rows, C]` as logits are stored.
    fn stored<T: Real>(&self, matrix: Array2<T>) -> Result<ArrayD<T>, Stop> {
        let mut shape = self.shape.clone();
        shape[1..].rotate_left(1);
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order[1..].rotate_right(1);
        Ok(reshaped(matrix.into_dyn(), IxDyn(&shape))?.permuted_axes(order))
    }

    /// One value for each row, as unreduced losses are stored.
    fn stored_values<T: Real>(&self, values: Vec<T>) -> Result<ArrayD<T>, Stop> {
        let mut shape = self.shape.clone();
        shape.remove(1);
        reshaped(Array1::from_vec(values).into_dyn(), IxDyn(&shape))
    }
}

fn binary_cross_entropy<T: Real>(case: &Case) -> Result<Computed, Stop> {
    case.refuse_unread_options()?;
    let logits: ArrayD<T> = case.array("logits")?;
    let shape = logits.shape().to_vec();
    // `pos_weight` belongs to the last axis; the library takes one row for each of the others.
    let columns = *shape.last().ok_or_else(|| Stop::unsupported("logits without an axis"))?;
    let rows = logits.len().checked_div(columns).unwrap_or(0);
    let matrix = |name: &str| -> Result<Array2<T>, Stop> {
        let values: ArrayD<T> = case.array(name)?;
        let values = values.broadcast(shape.as_slice());
        let values = values.ok_or_else(|| Stop::failed(format!("{name}: unlike the logits")))?;
        reshaped(values.to_owned(), Ix2(rows, columns))
    };
    let (logits, probabilities) = (matrix("logits")?, matrix("target")?);
    let entry_weights = if case.has("weight") { Some(matrix("weight")?) } else { None };
    let targets = BinaryTargets {
        probabilities: probabilities.view(),
        entry_weights: entry_weights.as_ref().map(|weights| weights.view()),
        weights: RowWeights::Equal,
    };
    let pos_weight = weights(case, "pos_weight")?;
    let stored = |values: Array2<T>| reshaped(values.into_dyn(), IxDyn(&shape));
    let mut computed = Computed::default();
    let mut values = Array2::from_elem(logits.dim(), T::ZERO);
    for (reduction, name) in REDUCTIONS {
        let loss = BinaryCrossEntropy { pos_weight: pos_weight.clone(), reduction };
        let mut grad = Array2::from_elem(logits.dim(), T::ZERO);
        let value = loss.value(logits.view(), targets)?;
        let beside = loss.gradient(logits.view(), targets, grad.view_mut())?;
        computed.put_number(format!("value.{name}"), agreed(value, beside)?);
        computed.put(format!("grad.{name}.logits"), &stored(grad)?);
        loss.per_element(logits.view(), targets, values.view_mut())?;
    }
    computed.put("value.none", &stored(values)?);
    Ok(computed)
}

/// A vector of weights, if the case has one.
fn weights(case: &Case, name: &str) -> Result<Option<Vec<f64>>, Stop> {
    if !case.has(name) {
        return Ok(None);
    }
    Ok(Some(case.array::<f64, Ix1>(name)?.to_vec()))
}

/// The value, which has to be the one that comes beside the gradient.
fn agreed(value: f64, beside: f64) -> Result<f64, Stop> {
    if value.to_bits() == beside.to_bits() {
        return Ok(value);
    }
    Err(Stop::failed(format!("value alone {value:e}, value beside the gradient {beside:e}")))
}

fn reshaped<T: Real, D: Dimension>(values: ArrayD<T>, shape: D) -> Result<Array<T, D>, Stop> {
    let values: Vec<T> = values.iter().copied().collect();
    Array::from_shape_vec(shape, values).map_err(|error| Stop::failed(error.to_string()))
}
