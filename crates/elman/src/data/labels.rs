//! Several labels for each sequence.

use ndarray::{Array2, ArrayView2};

use super::{ClassTargets, Dataset, Each, Targets, ValueTargets, file};
use crate::error::{Error, FileFault, Result, nearest};

/// What stands between the labels of a cell.
const SEPARATOR: char = '|';

/// Which of L labels each of N sequences has.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelTargets {
    column: Option<String>,
    labels: Vec<String>,
    values: Array2<f64>, // [N, L], 0 or 1
}

impl LabelTargets {
    /// Labels by name, and which sequences have them `[N, L]`: 1 for yes, 0 for no.
    ///
    /// # Errors
    ///
    /// No label, one that stands twice or not one for each column; a value that is neither 0 nor 1.
    pub fn new(labels: Vec<String>, values: Array2<f64>) -> Result<Self> {
        // Checks the names.
        ValueTargets::new(labels.clone(), Array2::zeros((0, labels.len())))?;
        if labels.len() != values.ncols() {
            return Err(Error::shape("labels", &[values.nrows(), labels.len()], values.shape()));
        }
        let is_answer = |value: &f64| value.to_bits() == 1f64.to_bits() || *value == 0.0;
        if let Some(((row, label), value)) = values.indexed_iter().find(|(_, v)| !is_answer(v)) {
            let name = format!("label {:?} of sequence {row}", labels[label]);
            return Err(Error::argument(name, "0 or 1", value));
        }
        Ok(LabelTargets { column: None, labels, values })
    }

    /// The column whose cells name the labels; `None` where each label has a column of its own.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The name of each label `[L]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// 1 where a sequence has a label, else 0 `[N, L]`.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The same under other names.
    pub(super) fn renamed(&self, labels: Vec<String>) -> Result<Self> {
        let column = self.column.clone();
        Ok(LabelTargets { column, ..LabelTargets::new(labels, self.values.clone())? })
    }

    pub(super) fn subset(&self, indices: &[usize]) -> Self {
        LabelTargets { values: self.values.select(ndarray::Axis(0), indices), ..self.clone() }
    }
}

impl Dataset {
    /// The same data with its targets read as several labels for each sequence: of classes such as
    /// `a|b` the parts between the bars (`|` alone says that there is none), of numbers each column,
    /// which must be 0 or 1. `known` are the labels of a model, in its order; without them they are
    /// those of the data, sorted.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::data::Targets;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let step = array![[1.0]];
    /// let data = Dataset::with_labels(&[step.view(); 3], &["loud|low", "low", "|"])?;
    /// let Targets::Labels(labels) = data.multi_label(None)?.targets().clone() else { panic!() };
    /// assert_eq!(labels.labels(), ["loud", "low"]);
    /// assert_eq!(labels.values(), array![[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No targets, or targets at every step; a label that is not among the known ones; a number that
    /// is neither 0 nor 1; no label at all.
    pub fn multi_label(self, known: Option<&[String]>) -> Result<Self> {
        let labels = match &self.targets {
            _ if self.targets.each() == Some(Each::Step) => {
                let expected = "labels for each sequence";
                return Err(Error::argument("targets", expected, "one at every step"));
            }
            Targets::Classes(classes) => self.labels_of_cells(classes, known)?,
            Targets::Values(values) => self.labels_of_columns(values)?,
            Targets::Labels(labels) => labels.clone(),
            Targets::None => {
                return Err(Error::argument("targets", "labels for each sequence", "none"));
            }
        };
        Ok(Dataset { targets: Targets::Labels(labels), ..self })
    }

    fn labels_of_cells(
        &self,
        classes: &ClassTargets,
        known: Option<&[String]>,
    ) -> Result<LabelTargets> {
        let parts = |cell: &'_ String| -> Vec<String> {
            let parts = cell.split(SEPARATOR).map(str::trim);
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let cells: Vec<Vec<String>> = classes.labels().iter().map(parts).collect();
        let labels = known.map_or_else(
            || {
                let mut all: Vec<String> = cells.iter().flatten().cloned().collect();
                all.sort();
                all.dedup();
                all
            },
            <[String]>::to_vec,
        );
        let place = |label: &String| {
            let found = labels.iter().position(|known| known == label);
            found.ok_or_else(|| self.unknown_label(classes.name(), label, &labels))
        };
        let places = |cell: &Vec<String>| cell.iter().map(place).collect::<Result<Vec<usize>>>();
        let places = cells.iter().map(places).collect::<Result<Vec<_>>>()?;
        let mut values = Array2::zeros((self.len(), labels.len()));
        for (row, &cell) in classes.indices().iter().enumerate() {
            places[cell].iter().for_each(|&label| values[[row, label]] = 1.0);
        }
        let column = Some(classes.name().to_owned());
        Ok(LabelTargets { column, ..LabelTargets::new(labels, values)? })
    }

    fn labels_of_columns(&self, values: &ValueTargets) -> Result<LabelTargets> {
        let labels = LabelTargets::new(values.names().to_vec(), values.values().to_owned());
        labels.map_err(|error| match (&self.source, error) {
            (Some(source), Error::Argument { name, expected, found, .. }) => {
                FileFault::new(&source.path, format!("{expected} as {name}"), found).into()
            }
            (_, error) => error,
        })
    }

    fn unknown_label(&self, column: &str, label: &str, known: &[String]) -> Error {
        let expected = format!("labels that the model knows ({})", known.join(", "));
        let found = match nearest(label, known.iter().map(String::as_str)) {
            Some(near) => format!("{} (nearest: {near:?})", file::quote(label)),
            None => file::quote(label),
        };
        match &self.source {
            Some(source) => FileFault::new(&source.path, expected, found).column(column).into(),
            None => Error::argument(column, expected, found),
        }
    }
}
