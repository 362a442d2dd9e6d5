//! Batches and layers of unusual sizes, and memory that is used again: one program, as each links the library.

mod large_batch;
mod reuse;
mod wide_layer;
