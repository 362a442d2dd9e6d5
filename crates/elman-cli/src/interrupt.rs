//! Ctrl-C, SIGTERM and SIGHUP: the first one ends training cleanly, the second aborts.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Outcome};

static ASKED: AtomicBool = AtomicBool::new(false);

/// What a shell returns for a process that Ctrl-C ended (128 + SIGINT).
const ABORTED: i32 = 130;

/// From here on the first signal only sets [`asked`].
pub fn catch() -> Outcome {
    let handler = || {
        if ASKED.swap(true, Ordering::SeqCst) {
            #[expect(clippy::disallowed_methods, reason = "to abort is what the user asks for")]
            std::process::exit(ABORTED);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::Fault(format!("signals cannot be caught: {error}")))
}

/// Whether a signal has come.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
