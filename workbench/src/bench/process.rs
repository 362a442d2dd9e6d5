//! The other end of a contender: a process that is asked on its stdin and answers on its stdout.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// The longest wait for an answer. Compiling the largest layer takes a minute; what takes ten is
/// stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a contender answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It did it; the words that follow `ok`.
    Done(Vec<String>),
    /// It has no such thing, for this reason.
    Unsupported(String),
    /// It could not, or gave no answer.
    Failed(String),
}

/// A running contender.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
    log: PathBuf,
    ended: bool,
}

impl Process {
    /// Starts `command`; what it writes to stderr goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".to_owned());
        };
        let (sender, answers) = mpsc::channel();
        // Ends with the process: its stdout closes.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Process { child, stdin, answers, log: log.to_path_buf(), ended: false })
    }

    /// Whether it can still be asked.
    pub fn is_alive(&self) -> bool {
        !self.ended
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, words: &[&str]) -> Answer {
        if self.ended {
            return Answer::Failed("has ended".to_owned());
        }
        let sent = writeln!(self.stdin, "{}", words.join("\t")).and_then(|()| self.stdin.flush());
        if sent.is_err() {
            return self.give_up("ended");
        }
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => parse(&line),
            Err(mpsc::RecvTimeoutError::Timeout) => self.give_up("gave no answer in ten minutes"),
            Err(mpsc::RecvTimeoutError::Disconnected) => self.give_up("ended"),
        }
    }

    fn give_up(&mut self, what: &str) -> Answer {
        self.ended = true;
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
        Answer::Failed(format!("{what}; it said: {said}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is lost with a contender that is no longer needed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(line: &str) -> Answer {
    let mut words = line.split('\t');
    let (kind, rest) = (words.next(), words.map(str::to_owned).collect::<Vec<_>>());
    match kind {
        Some("ok") => Answer::Done(rest),
        Some("unsupported") => Answer::Unsupported(rest.join(" ")),
        Some("error") => Answer::Failed(rest.join(" ")),
        _ => Answer::Failed(format!("answered {line:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(parse("ok\t1e-3\t7"), Answer::Done(vec!["1e-3".to_owned(), "7".to_owned()]));
        assert_eq!(parse("unsupported\tno GRU"), Answer::Unsupported("no GRU".to_owned()));
        assert_eq!(parse("error\tx"), Answer::Failed("x".to_owned()));
        assert!(matches!(parse("warning: hello"), Answer::Failed(_)));
    }
}
