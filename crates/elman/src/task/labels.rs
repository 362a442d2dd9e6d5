//! Several labels for each sequence: a yes or no to each, by a sigmoid over one output per label.

mod results;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

pub use self::results::{LabelEvaluation, LabelFloor, LabelPredictions, LabelReport};
use super::Answers;
use super::floor::{FloorKind, Guesses, Said};
use super::regress::EncodedValues;
use crate::data::{Dataset, LabelTargets};
use crate::error::{Error, FileFault, Result};
use crate::loss::BinaryCrossEntropy;
use crate::real::Float;

/// The threshold of a label before a validation has shown a better one.
const EVEN: f64 = 0.5;

/// Predicting which labels a sequence has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct MultiLabel {
    /// The column whose cells name the labels; none where each label has a column.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    labels: Vec<String>,
    /// How many training sequences have each label, and how many there are.
    training_counts: Vec<usize>,
    training_sequences: usize,
    /// The probability from which on a sequence has a label.
    thresholds: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(default)]
    column: Option<String>,
    labels: Vec<String>,
    training_counts: Vec<usize>,
    training_sequences: usize,
    thresholds: Vec<f64>,
}

impl TryFrom<Unchecked> for MultiLabel {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        let Unchecked { column, labels, training_counts, training_sequences, thresholds } = parts;
        LabelTargets::new(labels.clone(), Array2::zeros((0, labels.len())))?;
        for (name, found) in
            [("training_counts", training_counts.len()), ("thresholds", thresholds.len())]
        {
            if found != labels.len() {
                return Err(Error::shape(name, &[labels.len()], &[found]));
            }
        }
        if let Some(threshold) = thresholds.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            return Err(Error::argument("thresholds", "probabilities", threshold));
        }
        Ok(MultiLabel { column, labels, training_counts, training_sequences, thresholds })
    }
}

/// Decisions.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    right: usize,
    said: usize,
    there: usize,
}

impl Counts {
    fn count(&mut self, said: bool, there: bool) {
        self.right += usize::from(said && there);
        self.said += usize::from(said);
        self.there += usize::from(there);
    }

    fn f1(self) -> f64 {
        share(2 * self.right, self.said + self.there)
    }
}

fn share(part: usize, of: usize) -> f64 {
    if of > 0 { part as f64 / of as f64 } else { 0.0 }
}

impl MultiLabel {
    /// The labels of training data.
    pub(super) fn of(targets: &LabelTargets) -> Self {
        let has = targets.values();
        let count =
            |column: ndarray::ArrayView1<'_, f64>| column.iter().filter(|v| **v > 0.0).count();
        MultiLabel {
            column: targets.column().map(str::to_owned),
            labels: targets.labels().to_vec(),
            training_counts: has.columns().into_iter().map(count).collect(),
            training_sequences: has.nrows(),
            thresholds: vec![EVEN; targets.labels().len()],
        }
    }

    /// The name of each label, in the order of the network's outputs `[L]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The column whose cells name the labels; `None` where each label has a column of its own.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The probability from which on a sequence has a label `[L]`.
    #[must_use]
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// Whether the other differs at most in its thresholds.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        *self == MultiLabel { thresholds: self.thresholds.clone(), ..other.clone() }
    }

    /// The mean of these thresholds with those of others.
    pub(crate) fn with_mean_thresholds(self, others: &[Self]) -> Self {
        let count = (others.len() + 1) as f64;
        let mean = |(label, own): (usize, &f64)| {
            (own + others.iter().map(|other| other.thresholds[label]).sum::<f64>()) / count
        };
        MultiLabel { thresholds: self.thresholds.iter().enumerate().map(mean).collect(), ..self }
    }

    /// The thresholds with the best F1 on answers that are known.
    pub(crate) fn with_thresholds(
        self,
        outputs: ArrayView2<'_, f64>,
        targets: &EncodedValues,
    ) -> Self {
        let probabilities = probabilities(outputs);
        let columns = probabilities.columns().into_iter().zip(targets.actual.columns());
        let best = |(said, there): (ndarray::ArrayView1<'_, f64>, ndarray::ArrayView1<'_, f64>)| {
            let there: Vec<bool> = there.iter().map(|value| *value > 0.0).collect();
            best_threshold(&said.to_vec(), &there)
        };
        MultiLabel { thresholds: columns.map(best).collect(), ..self }
    }

    /// The targets of `data`: 1 where a sequence has a label, else 0.
    pub(super) fn encode(&self, targets: &LabelTargets, data: &Dataset) -> Result<EncodedValues> {
        if targets.labels() != self.labels {
            let expected = format!("the labels {}", self.labels.join(", "));
            let found = targets.labels().join(", ");
            return Err(match data.source() {
                Some(source) => FileFault::new(&source.path, expected, found).into(),
                None => Error::argument("data", expected, found),
            });
        }
        let actual = targets.values().to_owned();
        Ok(EncodedValues { standardized: actual.clone(), actual })
    }

    pub(super) fn predictions(
        &self,
        answers: Answers,
        outputs: ArrayView2<'_, f64>,
    ) -> LabelPredictions {
        LabelPredictions {
            answers,
            labels: self.labels.clone(),
            thresholds: self.thresholds.clone(),
            probabilities: probabilities(outputs),
        }
    }

    /// How good the outputs `[N, L]` are.
    pub(super) fn evaluate(
        &self,
        outputs: ArrayView2<'_, f64>,
        targets: &EncodedValues,
    ) -> Result<LabelEvaluation> {
        let loss = BinaryCrossEntropy::default().value(outputs, targets.actual.view().into())?;
        let probabilities = probabilities(outputs);
        let said = |row: usize, label: usize| probabilities[[row, label]] >= self.thresholds[label];
        let (by_label, exact) = self.count(targets.actual.view(), &said);
        let all = by_label.iter().fold(Counts::default(), |all, own| Counts {
            right: all.right + own.right,
            said: all.said + own.said,
            there: all.there + own.there,
        });
        let decisions = targets.actual.len();
        let labels = self.labels.iter().zip(&self.thresholds).zip(&by_label);
        let report = |((label, &threshold), counts): ((&String, &f64), &Counts)| LabelReport {
            label: label.clone(),
            threshold,
            precision: share(counts.right, counts.said),
            recall: share(counts.right, counts.there),
            f1: counts.f1(),
            support: counts.there,
        };
        Ok(LabelEvaluation {
            sequences: targets.actual.nrows(),
            loss,
            micro_f1: all.f1(),
            macro_f1: by_label.iter().map(|own| own.f1()).sum::<f64>() / by_label.len() as f64,
            subset_accuracy: share(exact, targets.actual.nrows()),
            hamming_loss: share(all.said + all.there - 2 * all.right, decisions),
            labels: labels.map(report).collect(),
            floors: vec![self.common(targets)],
        })
    }

    /// The decisions by label, and how many sequences have none that is wrong.
    fn count(
        &self,
        actual: ArrayView2<'_, f64>,
        said: &dyn Fn(usize, usize) -> bool,
    ) -> (Vec<Counts>, usize) {
        let mut by_label = vec![Counts::default(); self.labels.len()];
        let mut exact = 0;
        for (row, there) in actual.rows().into_iter().enumerate() {
            let mut is_exact = true;
            for (label, (counts, value)) in by_label.iter_mut().zip(there).enumerate() {
                let (said, there) = (said(row, label), *value > 0.0);
                counts.count(said, there);
                is_exact &= said == there;
            }
            exact += usize::from(is_exact);
        }
        (by_label, exact)
    }

    fn micro_f1(&self, actual: ArrayView2<'_, f64>, said: &dyn Fn(usize, usize) -> bool) -> f64 {
        let mut all = Counts::default();
        for ((row, label), value) in actual.indexed_iter() {
            all.count(said(row, label), *value > 0.0);
        }
        all.f1()
    }

    /// What always saying the labels of at least half of the training sequences achieves; without any,
    /// the commonest label.
    fn common(&self, targets: &EncodedValues) -> LabelFloor {
        let most = self.training_counts.iter().copied().max().unwrap_or(0);
        let is_common = |label: usize| {
            let count = self.training_counts[label];
            2 * count >= self.training_sequences || count == most
        };
        let micro_f1 = self.micro_f1(targets.actual.view(), &|_, label| is_common(label));
        LabelFloor { kind: FloorKind::Majority, micro_f1, fitted_on: None }
    }

    /// What a predictor achieves that says at least a half of each label that a sequence has.
    pub(super) fn floor(&self, guesses: &Guesses, targets: &EncodedValues) -> Option<LabelFloor> {
        let Said::Standardized(said) = &guesses.said else { return None };
        let Guesses { kind, fitted_on, .. } = *guesses;
        let says = |row: usize, label: usize| said[[row, label]] >= EVEN;
        Some(LabelFloor { kind, micro_f1: self.micro_f1(targets.actual.view(), &says), fitted_on })
    }
}

fn probabilities(outputs: ArrayView2<'_, f64>) -> Array2<f64> {
    outputs.mapv(Float::sigmoid)
}

/// Outputs that stand for the mean of the probabilities of several networks.
pub(super) fn mean(members: &[Array2<f64>]) -> Array2<f64> {
    let count = members.len() as f64;
    let mut sum = probabilities(members[0].view());
    for member in &members[1..] {
        sum += &probabilities(member.view());
    }
    sum.mapv_into(|sum| {
        let probability = (sum / count).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
        Float::ln(probability) - Float::ln(1.0 - probability)
    })
}

/// The threshold with the best F1, between two neighbouring probabilities; of several the one nearest
/// to a half. Where no sequence has the label it is a half.
fn best_threshold(said: &[f64], there: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by(|a, b| said[*b].total_cmp(&said[*a]));
    let positives = there.iter().filter(|there| **there).count();
    let (mut best, mut best_f1) = (EVEN, 0.0);
    let mut right = 0;
    for (count, &row) in order.iter().enumerate() {
        right += usize::from(there[row]);
        let next = order.get(count + 1).map_or(0.0, |row| said[*row]);
        if next >= said[row] {
            continue;
        }
        // A half itself, where it lies between the two.
        let threshold =
            if next < EVEN && EVEN <= said[row] { EVEN } else { (next + said[row]) / 2.0 };
        let f1 = share(2 * right, count + 1 + positives);
        let is_nearer = (threshold - EVEN).abs() < (best - EVEN).abs();
        if f1 > best_f1 || (f1 >= best_f1 && f1 > 0.0 && is_nearer) {
            (best, best_f1) = (threshold, f1);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use serde_json::Value;

    use super::*;

    /// A case that scikit-learn has judged, by `tests-data/labels/labels.py`.
    #[test]
    fn metrics_are_those_of_scikit_learn() {
        let cases: Value =
            serde_json::from_str(include_str!("../../../../tests-data/labels/labels.json"))
                .unwrap();
        let matrix = |value: &Value| {
            let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
            let flat = rows.concat();
            Array2::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
        };
        for case in cases["cases"].as_array().unwrap() {
            let actual = matrix(&case["actual"]);
            let outputs = matrix(&case["logits"]);
            let labels = (0..actual.ncols()).map(|label| label.to_string()).collect();
            let targets = LabelTargets::new(labels, actual.clone()).unwrap();
            let thresholds: Vec<f64> = serde_json::from_value(case["thresholds"].clone()).unwrap();
            let task = MultiLabel { thresholds, ..MultiLabel::of(&targets) };
            let known = EncodedValues { standardized: actual.clone(), actual };
            let found = task.evaluate(outputs.view(), &known).unwrap();
            let close = |found: f64, name: &str| {
                let wanted = case[name].as_f64().unwrap();
                assert!((found - wanted).abs() < 1e-12, "{name}: {found} {wanted}");
            };
            close(found.micro_f1, "micro_f1");
            close(found.macro_f1, "macro_f1");
            close(found.subset_accuracy, "subset_accuracy");
            close(found.hamming_loss, "hamming_loss");
            close(found.loss, "loss");
        }
    }

    #[test]
    fn thresholds_are_the_best_between_probabilities() {
        let there = [true, true, false, true, false];
        let found = vec![
            best_threshold(&[0.9, 0.8, 0.7, 0.4, 0.1], &there),
            best_threshold(&[0.9, 0.8, 0.3, 0.7, 0.1], &there),
            // Equal probabilities cannot be told apart.
            best_threshold(&[0.6, 0.6], &[true, false]),
            best_threshold(&[0.6, 0.7], &[false, false]),
        ];
        assert_eq!(found, [0.25, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn several_networks_say_the_mean_of_their_probabilities() {
        let outputs = [array![[0.0, 2.0]], array![[0.0, -2.0]]];
        let found = mean(&outputs);
        assert!(found.iter().all(|logit: &f64| logit.abs() < 1e-12), "{found}");
    }
}
