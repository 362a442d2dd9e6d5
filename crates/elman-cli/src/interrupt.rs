//! Ctrl-C: the first asks training to end, the second aborts.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Outcome};

static ASKED: AtomicBool = AtomicBool::new(false);

/// What a shell returns for a process that Ctrl-C ended (128 + SIGINT).
const ABORTED: i32 = 130;

/// From here on the first Ctrl-C only sets [`asked`].
pub fn catch() -> Outcome {
    let handler = || {
        if ASKED.swap(true, Ordering::SeqCst) {
            #[expect(clippy::disallowed_methods, reason = "to abort is what the user asks for")]
            std::process::exit(ABORTED);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::Fault(format!("Ctrl-C cannot be caught: {error}")))
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
