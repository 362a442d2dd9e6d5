//! The formats of sequence files, and reading a file of any of them.

use std::path::{Path, PathBuf};

use super::input::is_standard_input;
use super::layout::{Layout, Tagged};
use super::options::{ReadOptions, SplitOrder};
use super::{Dataset, csv, file, tagged, ts, wide};
use crate::error::{FileFault, Result};

/// The formats of sequence files that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with one row for each step: see [`csv`].
    Csv,
    /// One line for each sequence: see [`ts`].
    Ts,
    /// One line for each word: see [`tagged`].
    Conll,
}

impl Format {
    /// The format a file's name ends in, upper and lower case being the same: `.ts`, `.conllu`,
    /// `.conll`, `.iob` or `.bio`, or `.csv`, `.tsv`, `.tab` or `.txt` for a table. A `.gz` after it is passed over. Standard input, `-`, is
    /// a table.
    ///
    /// # Errors
    ///
    /// Another ending; a path at which there is no file.
    pub fn of(path: &Path) -> Result<Self> {
        if is_standard_input(path) {
            return Ok(Format::Csv);
        }
        let ending = table_ending(path);
        match ending.as_deref() {
            Some("csv" | "tsv" | "tab" | "txt") => Ok(Format::Csv),
            Some("ts") => Ok(Format::Ts),
            Some("conllu" | "conll" | "iob" | "bio") => Ok(Format::Conll),
            _ => {
                file::check_is_file(path)?;
                let found = ending.map_or("none".to_string(), |ending| format!(".{ending}"));
                let expected = "the file extension .csv, .tsv, .txt or .ts";
                Err(FileFault::new(path, expected, found).into())
            }
        }
    }
}

/// The ending of a file's name in lower case, without that of gzip.
pub(super) fn table_ending(path: &Path) -> Option<String> {
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    match ending(path)?.as_str() {
        "gz" => ending(Path::new(path.file_stem()?)).or(Some("gz".to_string())),
        other => Some(other.to_string()),
    }
}

/// Reads a file of any format, told apart by the end of its name and by the [layout](Layout) asked
/// for; `-` is standard input.
///
/// ```
/// use elman::data::{Columns, Format, LeftOutReason, ReadOptions, TargetKind, read};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("machines.txt");
/// std::fs::write(&path, "run;hour;heat;site;wear\n1;0;20.5;Oslo;0.1\n1;1;21.0;Oslo;0.1\n")?;
/// let columns = Columns {
///     sequence: Some("run".into()),
///     time: Some("hour".into()),
///     targets: vec!["wear".into()],
///     ..Columns::default()
/// };
/// let options = ReadOptions { columns, kind: TargetKind::Values, ..ReadOptions::default() };
/// assert_eq!(Format::of(&path)?, Format::Csv);
/// let dataset = read(&path, &options)?;
/// assert_eq!(dataset.feature_names(), ["heat"]);
/// assert_eq!(dataset.left_out()[0].name, "site");
/// assert_eq!(dataset.left_out()[0].reason, LeftOutReason::Text);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An ending that is none of these; everything that the readers of [`csv`], [`ts`], [`wide`] and
/// [`tagged`] files refuse.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    read_files(&[path.as_ref().to_path_buf()], options)
}

/// Reads several tables with one header, one after the other, as if they were one; or a single file
/// of any format.
///
/// # Errors
///
/// Those of [`read`]; no file; a `.ts` file among several; files whose headers differ.
pub fn read_files(paths: &[PathBuf], options: &ReadOptions) -> Result<Dataset> {
    let data = read_any(paths, options)?;
    match (options.split, data.time_order()) {
        (SplitOrder::Time, None) => {
            let places = (0..data.len()).collect();
            data.with_time_order(places)
        }
        _ => Ok(data),
    }
}

fn read_any(paths: &[PathBuf], options: &ReadOptions) -> Result<Dataset> {
    let formats = paths.iter().map(|path| Format::of(path)).collect::<Result<Vec<_>>>()?;
    match (paths, formats.iter().position(|format| *format == Format::Ts)) {
        ([only], Some(_)) => return ts::read_ts(only, options),
        (_, Some(index)) => {
            let expected = "tables only, where several files are read as one";
            return Err(FileFault::new(&paths[index], expected, "a .ts file").into());
        }
        (_, None) => {}
    }
    match (&options.layout, formats.first()) {
        (Layout::Tagged(format), _) => tagged::read(paths, *format, options),
        (Layout::Long, Some(Format::Conll)) => match Layout::of(&paths[0])? {
            Layout::Tagged(format) => tagged::read(paths, format, options),
            _ => tagged::read(paths, Tagged::Conll2003, options),
        },
        (Layout::Wide, _) => wide::read(paths, options),
        (Layout::Long | Layout::Text { .. }, _) => csv::read_files(paths, options),
    }
}
