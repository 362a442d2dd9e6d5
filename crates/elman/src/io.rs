//! Files: writing one so that nothing is lost, and the format of a saved model.

pub mod atomic;
pub(crate) mod native;

pub use atomic::{check_writable, write_atomically};
