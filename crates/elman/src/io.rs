//! Files: writing one so that nothing is lost, and the format of a saved model, which gives
//! [`Model`](crate::Model) its `save` and `load`, and [`Run`](crate::train::Run) its `checkpoint` and
//! `resume`.

pub mod atomic;
mod native;
pub mod storage;

pub use atomic::{check_writable, write_atomically, write_atomically_to};
pub use native::Checkpoint;
pub use storage::{Disk, Storage};
