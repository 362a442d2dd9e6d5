//! Reports: what a model learned, how well, and what is wrong with it, as one HTML file.
//!
//! A page needs nothing beside itself: no script, no font, no picture from elsewhere. Charts are inline
//! SVG with their values on hover and their numbers in a folded table beneath. Colours are those of
//! Okabe and Ito, which colour-blind people tell apart, and lines differ by their dashes as well.
//! Whatever comes from data goes through [`html::escape`].
//!
//! Drawn by hand: the charts are lines, bars, dots and cells, some 600 lines in all; `plotters` and `poloto`
//! would bring two or three crates, and neither knows hover, dark mode or tables.
//!
//! ```
//! use elman::{Dataset, Trainer};
//! use elman_report::{Report, network};
//! use ndarray::array;
//!
//! # fn main() -> elman::Result<()> {
//! let data = Dataset::with_labels(&[array![[0.0], [1.0]], array![[1.0], [0.0]]], &["up", "down"])?;
//! let model = Trainer::default().fit(&data)?.model;
//! let page = Report { model: &model, data: Some(&data), command: None, folds: &[] }.page()?;
//! assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Confusion matrix"));
//! let fragment = network::diagram(model.network().config());
//! assert!(fragment.starts_with("<svg"));
//! # Ok(())
//! # }
//! ```

pub mod chart;
pub mod html;
pub mod network;
mod page;
mod text;

pub use page::Report;
pub use page::explain::page as explanation_page;
pub use page::forecast::{ForecastReport, ShownSeries};
pub use page::text::TextReport;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/report.md")]
struct ReportPage;
