//! What reading and writing a model file agree on: where things stand, and the limits.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

/// The version this library writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u64 = 2;
/// The oldest library that reads what this one writes.
pub(super) const NEEDS_ELMAN: &str = "0.2.0";

/// What every model file begins with, after the length of the header.
pub(super) const PREFIX: &[u8] = br#"{"__metadata__":{"digest":""#;
pub(super) const LENGTH_BYTES: usize = 8;
pub(super) const DIGEST: Range<usize> =
    LENGTH_BYTES + PREFIX.len()..LENGTH_BYTES + PREFIX.len() + 32;
pub(super) const NO_DIGEST: [u8; 32] = [b'0'; 32];

/// A model is read whole into memory; nothing this library trains comes near.
pub(super) const MAX_FILE_BYTES: u64 = 4 << 30;
pub(super) const MAX_HEADER_BYTES: u64 = 16 << 20;
pub(super) const MAX_TENSORS: usize = 4096;
pub(super) const MAX_AXES: usize = 4;
pub(super) const MAX_DIMENSION: usize = 1 << 28;

/// The xxh3-128 of a whole file, its digest field read as zeros.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    let mut hasher = Xxh3::new();
    hasher.update(&bytes[..DIGEST.start]);
    hasher.update(&NO_DIGEST);
    hasher.update(&bytes[DIGEST.end..]);
    format!("{:032x}", hasher.digest128())
}
