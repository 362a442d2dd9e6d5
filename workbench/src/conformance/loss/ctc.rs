//! `ctc_loss` after `log_softmax`: PyTorch has the steps first and pads the labels.

use elman::Real;
use elman::loss::{Ctc, CtcTargets, ImpossibleTargets};
use ndarray::{Array1, Array2, Array3};

use super::{REDUCTIONS, agreed};
use crate::conformance::arrays::swapped;
use crate::conformance::case::{Case, Stop};
use crate::conformance::computed::Computed;

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let ctc = Ctc {
        blank: case.count("blank")?,
        impossible: match case.flag("zero_infinity")? {
            true => ImpossibleTargets::Zero,
            false => ImpossibleTargets::Infinite,
        },
        ..Ctc::default()
    };
    case.refuse_unread_options()?;
    let logits: Array3<T> = swapped(case.array("logits")?);
    let label_counts = counts("target_lengths", case.integers("target_lengths")?)?;
    let lengths = counts("input_lengths", case.integers("input_lengths")?)?;
    let padded: Array2<i64> = case.integers("targets")?;
    let mut labels = Vec::new();
    for (row, &count) in padded.outer_iter().zip(&label_counts) {
        let row: Array1<i64> = row.iter().take(count).copied().collect();
        labels.extend(counts("targets", row)?);
    }
    let targets = CtcTargets {
        labels: &labels,
        label_counts: &label_counts,
        lengths: &lengths,
        weights: None,
    };
    let mut computed = Computed::default();
    for (reduction, name) in REDUCTIONS {
        let ctc = Ctc { reduction, ..ctc };
        let mut grad = Array3::from_elem(logits.dim(), T::ZERO);
        let value = ctc.value(logits.view(), targets)?;
        let beside = ctc.gradient(logits.view(), targets, grad.view_mut())?;
        computed.put_number(format!("value.{name}"), agreed(value, beside)?);
        computed.put(format!("grad.{name}.logits"), &swapped(grad));
    }
    let mut values = vec![T::ZERO; lengths.len()];
    ctc.per_sequence(logits.view(), targets, &mut values)?;
    computed.put("value.none", &Array1::from_vec(values));
    Ok(computed)
}

fn counts(name: &str, values: Array1<i64>) -> Result<Vec<usize>, Stop> {
    let count = |value: i64| {
        usize::try_from(value)
            .map_err(|_| Stop::failed(format!("{name}: expected counts, got {value}")))
    };
    values.into_iter().map(count).collect()
}
