//! What reading and writing a model file agree on: where things stand, and the limits.

use std::ops::Range;

use safetensors::tensor::Metadata;
use xxhash_rust::xxh3::Xxh3;

/// The version this library writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u64 = 2;
/// The oldest library that reads what this one writes.
pub(super) const NEEDS_ELMAN: &str = "0.2.0";

/// What a file begins with, after the length of the header, as long as nobody has saved it again.
pub(super) const PREFIX: &[u8] = br#"{"__metadata__":{"digest":""#;
pub(super) const LENGTH_BYTES: usize = 8;
pub(super) const DIGEST: Range<usize> =
    LENGTH_BYTES + PREFIX.len()..LENGTH_BYTES + PREFIX.len() + 32;
pub(super) const NO_DIGEST: [u8; 32] = [b'0'; 32];
/// The entry with the digest of what the file means. It sorts after `digest`, which must stay first.
pub(super) const CONTENTS: &str = "digest_of_contents";

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

/// The xxh3-128 of the document and of each tensor's name, type, shape and bytes, in the order of the
/// names: the same however a safetensors library orders them in the file.
///
/// Texts and shapes are preceded by their lengths, so that no two files read alike.
pub(super) fn digest_of_contents(document: &str, tensors: &Metadata, data: &[u8]) -> String {
    let mut hasher = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(document.as_bytes());
    let mut infos: Vec<_> = tensors.tensors().into_iter().collect();
    infos.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, info) in infos {
        add(name.as_bytes());
        add(info.dtype.to_string().as_bytes());
        let shape: Vec<u8> =
            info.shape.iter().flat_map(|&axis| (axis as u64).to_le_bytes()).collect();
        add(&shape);
        add(data.get(info.data_offsets.0..info.data_offsets.1).unwrap_or(&[]));
    }
    format!("{:032x}", hasher.digest128())
}
