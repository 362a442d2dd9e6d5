//! The process of a contender written in Rust.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Instant;

use crate::case::{Case, Mode, read_array, write_array};
use crate::training::{Fitted, Training};

/// Why a library does not do a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no such cell or mode.
    Unsupported(String),
    /// Something went wrong.
    Fault(String),
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Refusal::Fault(message)
    }
}

/// A library that can be timed.
pub trait Library {
    /// Name and version.
    fn version(&self) -> String;

    /// Builds the layer of a case with the inputs `[B, T, I]`, the arriving gradient `[B, T, H]` and
    /// the parameters in the order of [`Case::parameters`], and says in a few words how.
    ///
    /// # Errors
    ///
    /// What the library cannot do.
    fn load(&self, case: &Case, mode: Mode, arrays: Arrays) -> Result<Loaded, Refusal>;

    /// Trains so many networks, which differ in their seed alone, from the steps of
    /// [`Training::steps`].
    ///
    /// # Errors
    ///
    /// What the library cannot do; it need not be able to train at all.
    fn fit(&self, _: &Training, _steps: &[f32], _networks: usize) -> Result<Fitted, Refusal> {
        Err(Refusal::Unsupported("whole trainings".to_owned()))
    }
}

/// The arrays of a case.
#[derive(Clone, Debug)]
pub struct Arrays {
    /// `[B, T, I]`
    pub inputs: Vec<f32>,
    /// `[B, T, H]`
    pub grad_outputs: Vec<f32>,
    /// In the order of [`Case::parameters`].
    pub parameters: Vec<Vec<f32>>,
}

impl Arrays {
    /// Reads the arrays of a case from its folder.
    ///
    /// # Errors
    ///
    /// A file that is missing or has another size.
    pub fn read(folder: &Path, case: &Case) -> Result<Self, String> {
        let parameters = case.parameters();
        let parameters = parameters.iter().map(|array| read_array(folder, array));
        Ok(Arrays {
            inputs: read_array(folder, &case.inputs())?,
            grad_outputs: read_array(folder, &case.grad_outputs())?,
            parameters: parameters.collect::<Result<_, _>>()?,
        })
    }
}

/// A layer, with the way in which it was built.
pub type Loaded = (Box<dyn Layer>, String);

/// The layer of one case, ready to be run again and again.
pub trait Layer {
    /// One forward pass, or one training step; what it computes must not be optimised away.
    ///
    /// # Errors
    ///
    /// What went wrong.
    fn run(&mut self) -> Result<(), String>;

    /// What one more run computes, in the order of [`Case::results`] and in Elman's layout.
    ///
    /// # Errors
    ///
    /// What went wrong.
    fn results(&mut self) -> Result<Vec<Vec<f32>>, String>;
}

/// Answers the commands on stdin until `quit` or the end of the input.
///
/// # Errors
///
/// stdin or stdout that fail.
pub fn serve(library: &dyn Library) -> io::Result<()> {
    let mut process = Process { library, current: None };
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        if words == ["quit"] {
            break;
        }
        let answer = match process.answer(&words) {
            Ok(text) => format!("ok\t{text}"),
            Err(Refusal::Unsupported(reason)) => format!("unsupported\t{}", one_line(&reason)),
            Err(Refusal::Fault(reason)) => format!("error\t{}", one_line(&reason)),
        };
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Process<'a> {
    library: &'a dyn Library,
    current: Option<(Case, Mode, Box<dyn Layer>)>,
}

impl Process<'_> {
    fn answer(&mut self, words: &[&str]) -> Result<String, Refusal> {
        match *words {
            ["version"] => Ok(self.library.version()),
            ["load", folder, mode] => self.load(Path::new(folder), mode),
            ["check", folder] => Ok(self.check(Path::new(folder))?),
            ["time", seconds] => Ok(self.time(seconds)?),
            ["fit", folder, networks] => self.fit(Path::new(folder), networks),
            ["memory"] => Ok(peak_resident_bytes()?.to_string()),
            _ => Err(Refusal::Fault(format!("unknown command: {}", words.join(" ")))),
        }
    }

    fn load(&mut self, folder: &Path, mode: &str) -> Result<String, Refusal> {
        self.current = None;
        reset_peak_resident_bytes();
        let mode = Mode::ALL.into_iter().find(|known| known.name() == mode);
        let mode = mode.ok_or_else(|| "expected infer or train".to_owned())?;
        let case = Case::read(folder)?;
        let arrays = Arrays::read(folder, &case)?;
        let (mut layer, how) = self.library.load(&case, mode, arrays)?;
        // The first runs find memory and caches cold, and threads asleep.
        layer.run()?;
        self.current = Some((case, mode, layer));
        Ok(how)
    }

    fn fit(&self, folder: &Path, networks: &str) -> Result<String, Refusal> {
        let (training, steps) = Training::read(folder)?;
        let networks = networks.parse().map_err(|_| format!("not a number: {networks}"))?;
        let Fitted { seconds, loss } = self.library.fit(&training, &steps, networks)?;
        Ok(format!("{seconds:e}\t{loss:e}"))
    }

    fn check(&mut self, folder: &Path) -> Result<String, String> {
        let (case, mode, layer) = self.current.as_mut().ok_or("nothing is loaded")?;
        let (arrays, results) = (case.results(*mode), layer.results()?);
        if arrays.len() != results.len() {
            return Err(format!("expected {} arrays, got {}", arrays.len(), results.len()));
        }
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (array, values) in arrays.iter().zip(&results) {
            write_array(folder, array, values)?;
        }
        Ok(results.len().to_string())
    }

    /// Runs for as long as asked, at least once; answers the least time and the number of runs.
    fn time(&mut self, seconds: &str) -> Result<String, String> {
        let (_, _, layer) = self.current.as_mut().ok_or("nothing is loaded")?;
        let seconds: f64 = seconds.parse().map_err(|_| format!("not seconds: {seconds}"))?;
        let (start, mut least, mut count) = (Instant::now(), f64::INFINITY, 0u64);
        while count == 0 || start.elapsed().as_secs_f64() < seconds {
            let begin = Instant::now();
            layer.run()?;
            least = least.min(begin.elapsed().as_secs_f64());
            count += 1;
        }
        Ok(format!("{least:e}\t{count}"))
    }
}

/// The largest resident memory of this process since the last reset, where the system tells it.
fn peak_resident_bytes() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| "no VmHWM".to_owned())
}

/// Starts the largest resident memory anew. Where the system cannot, the figure is that of the
/// process so far.
fn reset_peak_resident_bytes() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
