//! Data sets from arrays in memory: `f32` or `f64`, with names only where you want them.

use ndarray::{ArrayBase, ArrayView2, Data, Ix2};

use super::class_collector::ClassCollector;
use super::{Dataset, Each, Targets, ValueTargets};
use crate::error::{Error, Result};

/// What classes are called until [`Dataset::with_target_names`] says otherwise.
const CLASS_NAME: &str = "class";
/// The stem of the names of numbers.
const VALUE_STEM: &str = "value";
/// The stem of the names of channels, as for `.ts` files.
const CHANNEL_STEM: &str = "channel";

impl Dataset {
    /// Sequences `[T_n, I]` whose class is not known: data to predict for.
    ///
    /// The channels are called `channel1`, `channel2`, … until
    /// [`with_feature_names`](Self::with_feature_names).
    ///
    /// ```
    /// use elman::Dataset;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = Dataset::unlabelled(&[array![[0.5f32, 1.0], [3.0, 2.0]], array![[0.1, 0.2]]])?;
    /// assert_eq!(data.lengths(), [2, 1]);
    /// assert_eq!(data.feature_names(), ["channel1", "channel2"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No sequence; one without a channel or with another number of channels than the first; a
    /// value that is not finite.
    pub fn unlabelled<S, E>(sequences: &[ArrayBase<S, Ix2>]) -> Result<Self>
    where
        S: Data<Elem = E>,
        E: Copy + Into<f64>,
    {
        from_arrays(sequences, Targets::None)
    }

    /// Sequences `[T_n, I]` with a label each.
    ///
    /// The classes are the labels that occur, sorted: by number if all are numbers, else by their
    /// characters. What is told apart is called `class` until
    /// [`with_target_names`](Self::with_target_names).
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::data::Targets;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.5], [3.0]], array![[0.1]], array![[0.7]]];
    /// let data = Dataset::with_labels(&sequences, &["wild", "calm", "wild"])?;
    /// let Targets::Classes(classes) = data.targets() else { panic!("labels are classes") };
    /// assert_eq!(classes.labels(), ["calm", "wild"]);
    /// assert_eq!(classes.indices(), [1, 0, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`unlabelled`](Self::unlabelled); not a label for each sequence.
    pub fn with_labels<S, E>(
        sequences: &[ArrayBase<S, Ix2>],
        labels: &[impl ToString],
    ) -> Result<Self>
    where
        S: Data<Elem = E>,
        E: Copy + Into<f64>,
    {
        let mut collector = ClassCollector::new(None);
        for label in labels {
            // Any label is welcome where none are known before.
            collector.add(&label.to_string()).unwrap_or_default();
        }
        from_arrays(sequences, Targets::Classes(collector.finish(CLASS_NAME, Each::Sequence)?))
    }

    /// Sequences `[T_n, I]` with O numbers each, `values` `[N, O]`.
    ///
    /// The numbers are called `value1`, `value2`, … until
    /// [`with_target_names`](Self::with_target_names).
    ///
    /// ```
    /// use elman::Dataset;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.5], [3.0]], array![[0.1]]];
    /// let data = Dataset::with_values(&sequences, &array![[3.5], [0.1]])?
    ///     .with_feature_names(&["speed"])?
    ///     .with_target_names(&["distance"])?;
    /// assert_eq!(data.feature_names(), ["speed"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`unlabelled`](Self::unlabelled); not a row of values for each sequence, no column,
    /// or a value that is not finite.
    pub fn with_values<S, E, V, F>(
        sequences: &[ArrayBase<S, Ix2>],
        values: &ArrayBase<V, Ix2>,
    ) -> Result<Self>
    where
        S: Data<Elem = E>,
        E: Copy + Into<f64>,
        V: Data<Elem = F>,
        F: Copy + Into<f64>,
    {
        let names = numbered(VALUE_STEM, values.ncols());
        let values = ValueTargets::new(names, values.mapv(Into::into))?;
        from_arrays(sequences, Targets::Values(values))
    }

    /// The same data with other names for its channels `[I]`.
    ///
    /// # Errors
    ///
    /// Not a name for each channel; a name used twice.
    pub fn with_feature_names(self, names: &[impl ToString]) -> Result<Self> {
        let feature_names = owned(names);
        if feature_names.len() != self.input_size() {
            return Err(Error::shape("feature_names", &[self.input_size()], &[names.len()]));
        }
        super::tokens::check(&feature_names, &self.tokens, self.total_steps())?;
        Ok(Dataset { feature_names, ..self })
    }

    /// The same data with other names for what is predicted: one for classes, O for numbers,
    /// L for labels.
    ///
    /// # Errors
    ///
    /// Not as many names as there are targets; a name used twice.
    pub fn with_target_names(self, names: &[impl ToString]) -> Result<Self> {
        let targets = match (&self.targets, names) {
            (Targets::Classes(classes), [name]) => {
                Targets::Classes(classes.renamed(name.to_string()))
            }
            (Targets::Values(values), names) => Targets::Values(values.renamed(owned(names))?),
            (Targets::Labels(labels), names) => Targets::Labels(labels.renamed(owned(names))?),
            (Targets::Classes(_), _) => {
                return Err(Error::shape("target_names", &[1], &[names.len()]));
            }
            (Targets::None, _) => {
                return Err(Error::argument("target_names", "data with targets", "data without"));
            }
        };
        Ok(Dataset { targets, ..self })
    }
}

fn owned(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// `channel1`, `channel2`, ….
fn numbered(stem: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{stem}{number}")).collect()
}

fn from_arrays<S, E>(sequences: &[ArrayBase<S, Ix2>], targets: Targets) -> Result<Dataset>
where
    S: Data<Elem = E>,
    E: Copy + Into<f64>,
{
    let Some(first) = sequences.first() else {
        return Err(Error::argument("sequences", "at least one", "none"));
    };
    let feature_names = numbered(CHANNEL_STEM, first.ncols());
    let converted: Vec<_> = sequences.iter().map(|sequence| sequence.mapv(Into::into)).collect();
    let views: Vec<ArrayView2<'_, f64>> =
        converted.iter().map(|sequence| sequence.view()).collect();
    Dataset::from_sequences(&views, feature_names, targets)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn arrays_of_both_number_types_give_the_same_data() {
        let wide = [array![[0.5, 1.0], [3.0, -2.0]], array![[0.25, 8.0]]];
        #[expect(clippy::cast_possible_truncation, reason = "these numbers are exact in f32")]
        let narrow: Vec<Array2<f32>> = wide.iter().map(|x| x.mapv(|value| value as f32)).collect();
        let views: Vec<_> = narrow.iter().map(|sequence| sequence.view()).collect();
        let data = Dataset::with_labels(&wide, &[7, 5]).unwrap();
        assert_eq!(data, Dataset::with_labels(&narrow, &["7", "5"]).unwrap());
        assert_eq!(data, Dataset::with_labels(&views, &["7", "5"]).unwrap());
        assert_eq!(data.sequence(1), Some(array![[0.25, 8.0]].view()));
    }

    #[test]
    fn labels_are_sorted_as_the_readers_of_files_sort_them() {
        let three = [array![[1.0]], array![[2.0]], array![[3.0]]];
        let data = Dataset::with_labels(&three, &[10, 9, 10]).unwrap();
        let Targets::Classes(classes) = data.targets() else { panic!("labels are classes") };
        assert_eq!(
            (classes.labels(), classes.indices()),
            (&["9".into(), "10".into()][..], &[1, 0, 1][..])
        );
    }

    #[test]
    fn names_are_given_afterwards() {
        let one = [array![[1.0, 2.0]]];
        let data = Dataset::with_values(&one, &array![[1.0f32, 2.0]]).unwrap();
        let Targets::Values(values) = data.targets() else { panic!("numbers are values") };
        assert_eq!(values.names(), ["value1", "value2"]);
        let named = data.with_feature_names(&["a", "b"]).unwrap().with_target_names(&["s", "t"]);
        let named = named.unwrap();
        assert_eq!(named.feature_names(), ["a", "b"]);
        let Targets::Values(values) = named.targets() else { panic!("numbers are values") };
        assert_eq!(values.names(), ["s", "t"]);
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let two = [array![[1.0, 2.0]], array![[3.0, 4.0]]];
        let odd = [array![[1.0, 2.0]], array![[3.0]]];
        let nan = [array![[1.0], [f64::NAN]]];
        let none: [Array2<f64>; 0] = [];
        let data = || Dataset::with_labels(&two, &["x", "y"]).unwrap();
        let unlabelled = || Dataset::unlabelled(&two).unwrap();
        for (result, wanted) in [
            (Dataset::unlabelled(&none), "sequences: expected at least one, got none"),
            (Dataset::unlabelled(&odd), "sequence 1: expected shape [1, 2], got [1, 1]"),
            (
                Dataset::unlabelled(&nan),
                "sequence 0, step 1, \"channel1\": expected a finite number",
            ),
            (Dataset::with_labels(&two, &["x"]), "targets: expected shape [2], got [1]"),
            (Dataset::with_values(&two, &array![[1.0]]), "targets: expected shape [2], got [1]"),
            (data().with_feature_names(&["a"]), "feature_names: expected shape [2], got [1]"),
            (data().with_feature_names(&["a", "a"]), "feature_names: expected each name once"),
            (data().with_target_names(&["a", "b"]), "target_names: expected shape [1], got [2]"),
            (unlabelled().with_target_names(&["a"]), "target_names: expected data with targets"),
        ] {
            let message = result.unwrap_err().to_string();
            assert!(message.starts_with(wanted), "{message} instead of {wanted}");
        }
    }
}
