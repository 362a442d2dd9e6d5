//! The contenders: how each is set up and started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{Answer, Process};

/// The libraries that Elman is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Torch,
    Jax,
    Keras,
    OnnxRuntime,
    Numpy,
    Burn,
    Candle,
}

impl Peer {
    /// Every peer.
    pub const ALL: [Peer; 7] = [
        Peer::Torch,
        Peer::Jax,
        Peer::Keras,
        Peer::OnnxRuntime,
        Peer::Numpy,
        Peer::Burn,
        Peer::Candle,
    ];

    /// Its name in commands and records.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Torch => "torch",
            Peer::Jax => "jax",
            Peer::Keras => "keras",
            Peer::OnnxRuntime => "onnxruntime",
            Peer::Numpy => "numpy",
            Peer::Burn => "burn",
            Peer::Candle => "candle",
        }
    }

    /// The name that people call it by.
    pub fn title(name: &str) -> &str {
        match name {
            "torch" => "PyTorch",
            "jax" => "JAX",
            "keras" => "Keras",
            "onnxruntime" => "ONNX Runtime",
            "numpy" => "NumPy",
            other => other,
        }
    }

    fn is_rust(self) -> bool {
        matches!(self, Peer::Burn | Peer::Candle)
    }
}

/// A program that is started with the number of threads as its last argument.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Program {
    /// A contender called `name`.
    pub fn new(name: &str, program: PathBuf, arguments: Vec<PathBuf>) -> Self {
        Program { name: name.to_owned(), program, arguments }
    }
}

/// Builds Elman's own programs and returns the folder that holds them.
pub fn build_elman(repository: &Path) -> Result<PathBuf, String> {
    let target = repository.join("target");
    let mut command = cargo();
    command.current_dir(repository).args(["build", "--release", "--package", "elman-bench"]);
    execute(command.arg("--target-dir").arg(&target))?;
    Ok(target.join("release"))
}

/// Elman as a contender.
pub fn elman(programs: &Path) -> Program {
    let program = programs.join(format!("elman-contender{}", std::env::consts::EXE_SUFFIX));
    Program::new(super::record::ELMAN, program, Vec::new())
}

/// Sets a peer up where that has not been done, below `target/peers`. Says why it cannot.
pub fn set_up(peer: Peer, repository: &Path) -> Result<Program, String> {
    let folder = repository.join("target/peers");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if peer.is_rust() {
        build(peer, repository, &folder)
    } else {
        install(peer, repository, &folder)
    }
}

/// Builds a peer written in Rust for the processor at hand, as its users would for speed.
///
/// All such peers are built at once: they share most of their dependencies, which cargo would build
/// anew for each one's choice of features. Only where that fails does each show whether it is the
/// one that cannot be built.
fn build(peer: Peer, repository: &Path, folder: &Path) -> Result<Program, String> {
    let package = format!("{}-contender", peer.name());
    let target = folder.join("rust");
    let build = |packages: &[&str]| {
        let mut command = cargo();
        command
            .current_dir(repository.join("benchmarks/contenders/rust-peers"))
            .args(["build", "--release", "--locked"])
            .args(packages)
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", "-C target-cpu=native");
        execute(&mut command)
    };
    build(&["--workspace"]).or_else(|_| build(&["--package", &package]))?;
    let program = target.join("release").join(package + std::env::consts::EXE_SUFFIX);
    Ok(Program::new(peer.name(), program, Vec::new()))
}

/// Installs a peer written for Python into a virtual environment of its own. A note beside it holds
/// what was installed, so that it is done again when the pinned versions change.
fn install(peer: Peer, repository: &Path, folder: &Path) -> Result<Program, String> {
    let sources = repository.join("benchmarks/contenders/python");
    let requirements = sources.join(format!("requirements/{}.txt", peer.name()));
    let wanted = fs::read_to_string(&requirements)
        .map_err(|error| format!("{}: {error}", requirements.display()))?;
    let environment = folder.join(peer.name());
    let note = folder.join(format!("{}.installed", peer.name()));
    let python = environment.join("bin/python");
    if !python.exists() || fs::read_to_string(&note).ok().as_ref() != Some(&wanted) {
        let system = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        execute(Command::new(system).args(["-m", "venv"]).arg(&environment))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        execute(pip.arg(&requirements))?;
        fs::write(&note, wanted).map_err(|error| format!("{}: {error}", note.display()))?;
    }
    let arguments = vec![sources.join("contender.py"), PathBuf::from(peer.name())];
    Ok(Program::new(peer.name(), python, arguments))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command to its end; stdout is the table's, so the command's goes nowhere.
fn execute(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    eprintln!("{name} {}", arguments_of(command));
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rev().find(|line| line.to_lowercase().contains("error"));
    Err(format!("{name}: {}: {}", output.status, said.unwrap_or("nothing said").trim()))
}

fn arguments_of(command: &Command) -> String {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// A contender on a number of threads, started when it is first asked, and again after it died.
pub struct Contender {
    pub program: Program,
    pub threads: usize,
    process: Option<Process>,
    logs: PathBuf,
}

impl Contender {
    /// A contender that is not running yet; its complaints go into `logs`.
    pub fn new(program: &Program, threads: usize, logs: &Path) -> Self {
        Contender { program: program.clone(), threads, process: None, logs: logs.to_path_buf() }
    }

    /// The name of its program.
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// Asks it.
    pub fn ask(&mut self, words: &[&str]) -> Answer {
        if !self.process.as_ref().is_some_and(Process::is_alive) {
            match self.start() {
                Ok(process) => self.process = Some(process),
                Err(message) => return Answer::Failed(message),
            }
        }
        match &mut self.process {
            Some(process) => process.ask(words),
            None => Answer::Failed("does not run".to_owned()),
        }
    }

    fn start(&self) -> Result<Process, String> {
        let Program { name, program, arguments } = &self.program;
        let threads = self.threads.to_string();
        let mut command = Command::new(program);
        command.args(arguments).arg(&threads);
        // What the libraries below the contenders read.
        for variable in
            ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]
        {
            command.env(variable, &threads);
        }
        // The sources of the Python contenders are the repository's: no compiled files beside them.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Process::start(&mut command, &self.logs.join(format!("{name}-{threads}.log")))
    }
}
