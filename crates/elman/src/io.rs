//! Files: writing one so that nothing is lost, and the format of a saved model, which gives
//! [`Model`](crate::Model) its `save` and `load`.

pub mod atomic;
mod native;

pub use atomic::{check_writable, write_atomically};
