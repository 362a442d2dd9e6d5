//! How often each class was taken for each.

use ndarray::{Array2, ArrayView2};

use super::{check_classes, check_lengths};
use crate::error::Result;

/// How often each class was taken for each.
///
/// ```
/// use elman::metric::ConfusionMatrix;
///
/// # fn main() -> elman::Result<()> {
/// let confusion = ConfusionMatrix::new(&[0, 0, 1, 1], &[0, 1, 1, 1], 3)?;
/// assert_eq!(confusion.counts()[[0, 1]], 1);
/// assert_eq!(confusion.accuracy(), 0.75);
/// // Class 0: 2·1/(2 + 1); class 1: 2·2/(2 + 3); class 2 does not occur.
/// assert!((confusion.macro_f1() - (2.0 / 3.0 + 4.0 / 5.0) / 2.0).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    counts: Array2<u64>, // [actual class, predicted class]
    total: u64,
}

impl ConfusionMatrix {
    /// Counts pairs of actual and predicted class.
    ///
    /// # Errors
    ///
    /// Slices of different length, or empty; a class that is not below `class_count`.
    pub fn new(actual: &[usize], predicted: &[usize], class_count: usize) -> Result<Self> {
        check_lengths("predicted classes", actual.len(), predicted.len())?;
        check_classes("actual classes", actual, class_count)?;
        check_classes("predicted classes", predicted, class_count)?;
        let mut counts = Array2::zeros((class_count, class_count));
        for (&actual, &predicted) in actual.iter().zip(predicted) {
            counts[[actual, predicted]] += 1;
        }
        Ok(ConfusionMatrix { counts, total: actual.len() as u64 })
    }

    /// The counts `[C, C]`: rows are actual classes, columns predicted ones.
    #[must_use]
    pub fn counts(&self) -> ArrayView2<'_, u64> {
        self.counts.view()
    }

    /// The share of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.total as f64
    }

    /// The F1 score of one class, `2·right / (actual + predicted)`: the harmonic mean of its
    /// precision and recall. `None` if the class is neither actual nor predicted anywhere.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn f1(&self, class: usize) -> Result<Option<f64>> {
        check_classes("class", &[class], self.counts.nrows())?;
        let occurrences = self.counts.row(class).sum() + self.counts.column(class).sum();
        let right = self.counts[[class, class]];
        Ok((occurrences > 0).then(|| 2.0 * right as f64 / occurrences as f64))
    }

    /// The share of the answers with this class that are right; `None` where no answer has it.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn precision(&self, class: usize) -> Result<Option<f64>> {
        check_classes("class", &[class], self.counts.nrows())?;
        let predicted = self.counts.column(class).sum();
        Ok((predicted > 0).then(|| self.counts[[class, class]] as f64 / predicted as f64))
    }

    /// The share of what is of this class that is answered so; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn recall(&self, class: usize) -> Result<Option<f64>> {
        let support = self.support(class)?;
        Ok((support > 0).then(|| self.counts[[class, class]] as f64 / support as f64))
    }

    /// How many answers should have this class.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn support(&self, class: usize) -> Result<u64> {
        check_classes("class", &[class], self.counts.nrows())?;
        Ok(self.counts.row(class).sum())
    }

    /// The mean of the F1 scores of the classes that are actual or predicted anywhere, every class
    /// counting the same: scikit-learn's `f1_score(average="macro")`.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let scores = (0..self.counts.nrows()).filter_map(|class| self.f1(class).ok().flatten());
        let (sum, count) = scores.fold((0.0, 0u32), |(sum, count), f1| (sum + f1, count + 1));
        sum / f64::from(count)
    }
}
