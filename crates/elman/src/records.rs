//! Records of a training in the formats that other tools read.

mod tensorboard;

pub use tensorboard::EventWriter;
