//! The private module `_elman` of the Python package `elman`: arrays in, arrays out.
//!
//! What users see is in `python/elman`; this crate checks what comes from Python, releases the
//! interpreter lock, calls the library, and hands back NumPy arrays. It computes nothing itself.

mod arrays;
mod dataset;
mod dense;
mod errors;
mod forecast;
mod gradients;
mod layer;
mod losses;
mod model;
mod optimizer;
mod stream;
mod text;
mod training;
mod typed;

use pyo3::prelude::*;

/// The private module of the package `elman`.
#[pymodule(gil_used = false)]
mod _elman {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::dataset::Dataset;
    #[pymodule_export]
    use crate::dense::Dense;
    #[pymodule_export]
    use crate::errors::{DataError, FormatError, ShapeError};
    #[pymodule_export]
    use crate::forecast::{Series, backtest_series, forecast_paths, forecast_series, score_series};
    #[pymodule_export]
    use crate::gradients::Gradients;
    #[pymodule_export]
    use crate::layer::Layer;
    #[pymodule_export]
    use crate::losses::{binary_cross_entropy, cross_entropy, regression, softmax};
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::optimizer::{Optimizer, clip};
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::text::{
        Corpus, likelihood, line_log_probabilities, text_log_probabilities, write_text,
    };
    #[pymodule_export]
    use crate::training::{default_settings, fit, fit_series, fit_text, forecast_settings};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let dropout = elman::NetworkOptions::STATE_DROPOUT_OF_CLASSES;
        module.add("STATE_DROPOUT_OF_CLASSES", dropout)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    #[pymodule_export]
    use super::level;
}

/// The name of the instruction level in force: `portable`, `avx2` or `avx512`.
#[pyfunction]
fn level() -> PyResult<&'static str> {
    elman::level().map_err(errors::raised)
}
