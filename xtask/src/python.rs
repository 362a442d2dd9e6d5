//! The Python package: its wheel in a virtual environment of its own, and its tests there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the environment holds; made anew when this changes.
const REQUIREMENTS: &str = "crates/elman-py/tests/requirements.txt";

/// The command line, which an earlier check has built beside this program: its numbers are the package's.
fn command_line() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    Ok(this.with_file_name(format!("elman{}", std::env::consts::EXE_SUFFIX)))
}

/// A virtual environment with the packages that the tests need.
pub struct Environment<'a> {
    repository: &'a Path,
    folder: PathBuf,
}

impl<'a> Environment<'a> {
    /// The environment, made unless it is there with these requirements.
    pub fn prepared(repository: &'a Path) -> Result<Self, String> {
        let environment =
            Environment { repository, folder: repository.join("target/python-tests") };
        environment.prepare()?;
        Ok(environment)
    }

    /// Builds the wheel, installs it, and runs the package's tests, documentation examples and type checks.
    pub fn run(&self) -> Result<(), String> {
        self.install()?;
        let allowlist = "crates/elman-py/tests/stubtest_allowlist.txt";
        let stubs = ["-m", "mypy.stubtest", "elman._elman", "--allowlist", allowlist];
        self.python(stubs.map(OsStr::new))?;
        self.python(["-m", "mypy", "--strict", "-p", "elman"].map(OsStr::new))?;
        let tests = ["-W", "error", "-m", "pytest", "-q", "-W", "error"].map(OsStr::new);
        let tests_folder = self.repository.join("crates/elman-py/tests");
        self.python(tests.into_iter().chain([tests_folder.as_os_str()]))?;
        let installed =
            tests.into_iter().chain(["--doctest-modules", "--pyargs", "elman"].map(OsStr::new));
        self.python(installed)
    }

    fn prepare(&self) -> Result<(), String> {
        let file = self.repository.join(REQUIREMENTS);
        let wanted = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let stamp = self.folder.join("requirements.txt");
        if fs::read(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(&self.folder);
        self.execute(&mut command)?;
        let install = ["-m", "pip", "install", "--quiet", "--requirement"].map(OsStr::new);
        self.python(install.into_iter().chain([file.as_os_str()]))?;
        fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
    }

    /// Builds the wheel in the profile of the other checks, with which it shares what is compiled, and
    /// installs it.
    fn install(&self) -> Result<(), String> {
        let wheels = self.folder.join("wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels)
                .map_err(|error| format!("{}: {error}", wheels.display()))?;
        }
        let build =
            ["-m", "maturin", "build", "--profile", "dev", "--quiet", "--out"].map(OsStr::new);
        self.python(build.into_iter().chain([wheels.as_os_str()]))?;
        let fault = |error| format!("{}: {error}", wheels.display());
        let mut built = Vec::new();
        for entry in fs::read_dir(&wheels).map_err(fault)? {
            built.push(entry.map_err(fault)?.path());
        }
        let [wheel] = built.as_slice() else {
            return Err(format!("{}: expected one wheel, got {}", wheels.display(), built.len()));
        };
        let options = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall"];
        self.python(options.map(OsStr::new).into_iter().chain([wheel.as_os_str()]))
    }

    fn python<'b>(&self, arguments: impl IntoIterator<Item = &'b OsStr>) -> Result<(), String> {
        let programs = if cfg!(windows) { "Scripts" } else { "bin" };
        let mut command = Command::new(self.folder.join(programs).join("python"));
        self.execute(command.args(arguments).env("ELMAN_CLI", command_line()?))
    }

    fn execute(&self, command: &mut Command) -> Result<(), String> {
        let status = command
            .current_dir(self.repository)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .status()
            .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("{} {status}", command.get_program().display())),
        }
    }
}
