use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::layout::{DIGEST, PREFIX, digest_of, digest_of_contents};
use super::read::{self, Archive, header_range, read_file};
use super::write::encode;
use crate::error::Result;
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;

fn parameters<T: Real>() -> Parameters<T> {
    let shapes =
        vec![ParameterShape::new("cell.weights", &[2, 3]), ParameterShape::new("bias", &[3])];
    let mut parameters = Parameters::zeros(shapes).unwrap();
    for (index, value) in parameters.values_mut().iter_mut().enumerate() {
        *value = T::from_f64(1.0 / (index as f64 - 3.7));
    }
    parameters
}

fn model() -> Value {
    json!({"name": "größe \"x\"\n", "numbers": [0.1, 1e-300, -7.0]})
}

fn path() -> &'static Path {
    Path::new("m.safetensors")
}

/// As files are read, but for documents that no version changed.
fn decode<'a, D: DeserializeOwned>(path: &'a Path, bytes: &'a [u8]) -> Result<Archive<'a, D>> {
    read::decode(path, bytes, |_, model| Ok(model))
}

fn message(bytes: &[u8]) -> String {
    decode::<Value>(path(), bytes).unwrap_err().to_string()
}

/// The bytes with a JSON header changed by `change`, digest and length made right again.
fn forged(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let header = header_range(path(), bytes).unwrap();
    let mut json: Value = serde_json::from_slice(&bytes[header.clone()]).unwrap();
    change(&mut json);
    let json = serde_json::to_vec(&json).unwrap();
    let mut forged = (json.len() as u64).to_le_bytes().to_vec();
    forged.extend(&json);
    forged.extend(&bytes[header.end..]);
    let digest = digest_of(&forged);
    forged[DIGEST].copy_from_slice(digest.as_bytes());
    forged
}

#[test]
fn what_is_written_is_read_to_the_bit() {
    fn check<T: Real>() {
        let written = parameters::<T>();
        let bytes = encode(&model(), &written).unwrap();
        let archive = decode::<Value>(path(), &bytes).unwrap();
        assert_eq!(archive.model, model());
        let mut read = written.zeros_like();
        archive.fill(&mut read).unwrap();
        assert_eq!(read, written);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn numbers_in_the_document_are_exact() {
    // Without serde_json's `float_roundtrip` some of these come back one bit off.
    let mut state = 1u64;
    let numbers: Vec<f64> = (0..2000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from_bits((state >> 2) | (1 << 60))
        })
        .collect();
    let bytes = encode(&numbers, &parameters::<f32>()).unwrap();
    assert_eq!(decode::<Vec<f64>>(path(), &bytes).unwrap().model, numbers);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let first = encode(&model(), &parameters::<f32>()).unwrap();
    assert_eq!(first, encode(&model(), &parameters::<f32>()).unwrap());
}

#[test]
fn other_readers_of_safetensors_can_open_it() {
    let written = parameters::<f32>();
    let bytes = encode(&model(), &written).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let weights = file.tensor("cell.weights").unwrap();
    assert_eq!(weights.shape(), [2, 3]);
    let wanted: Vec<u8> = written.values()[..6].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(weights.data(), wanted);
    assert_eq!((bytes.len() - file.tensor("bias").unwrap().data().len()) % 4, 0);
}

/// Spaces and the first digest may change, for what they say of the model is nothing.
#[test]
fn no_flipped_byte_changes_what_is_read() {
    let written = parameters::<f32>();
    let bytes = encode(&model(), &written).unwrap();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            match decode::<Value>(path(), &flipped) {
                Err(_) => refused += 1,
                Ok(archive) => {
                    assert_eq!(archive.model, model(), "byte {at} ^ {flip:#x}");
                    let mut read = written.zeros_like();
                    archive.fill(&mut read).unwrap();
                    assert_eq!(read, written, "byte {at} ^ {flip:#x}");
                }
            }
        }
    }
    assert!(refused > 4 * (bytes.len() - 60), "{refused} of {} flips", 4 * bytes.len());
}

/// What `safetensors.numpy.save_file` does: tensors and entries in an order of its own.
#[test]
fn a_file_saved_again_by_another_library_is_read() {
    let written = parameters::<f32>();
    let bytes = encode(&model(), &written).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata: HashMap<String, String> =
        header.metadata().clone().unwrap().into_iter().collect();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.reverse();
    let again = |tensors: Vec<(String, TensorView<'_>)>, metadata: &HashMap<String, String>| {
        safetensors::serialize(tensors, Some(metadata.clone().into_iter().collect())).unwrap()
    };
    let saved = again(tensors.clone(), &metadata);
    assert_ne!(saved, bytes);
    let archive = decode::<Value>(path(), &saved).unwrap();
    assert_eq!(archive.model, model());
    let mut read = written.zeros_like();
    archive.fill(&mut read).unwrap();
    assert_eq!(read, written);

    let mut damaged = saved;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    assert!(message(&damaged).contains("expected contents with the digest "));
    // Files of the first versions state only the digest of their bytes.
    let old = metadata.iter().filter(|(key, _)| *key != super::layout::CONTENTS);
    let old = old.map(|(key, value)| (key.clone(), value.clone())).collect();
    assert!(message(&again(tensors, &old)).contains("expected contents with the digest "));
}

#[test]
fn digests_of_contents_tell_names_shapes_and_types_apart() {
    let digest = |document: &str, header: Value| {
        let tensors = serde_json::from_value(header).unwrap();
        digest_of_contents(document, &tensors, &[1, 2, 3, 4, 5, 6, 7, 8])
    };
    let tensor = |name: &str, dtype: &str, shape: &[usize]| json!({ name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 8]} });
    let digests = [
        digest("a", tensor("b", "F32", &[2])),
        digest("ab", tensor("", "F32", &[2])),
        digest("a", tensor("c", "F32", &[2])),
        digest("a", tensor("b", "I32", &[2])),
        digest("a", tensor("b", "F32", &[1, 2])),
        digest("a", tensor("b", "F32", &[2, 1])),
    ];
    let different: std::collections::HashSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}

#[test]
fn every_shorter_or_longer_file_is_refused() {
    let bytes = encode(&model(), &parameters::<f32>()).unwrap();
    for length in 0..bytes.len() {
        assert!(decode::<Value>(path(), &bytes[..length]).is_err(), "{length}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert!(decode::<Value>(path(), &longer).is_err());
}

#[test]
fn a_flipped_weight_and_a_missing_end_are_called_damage() {
    let bytes = encode(&model(), &parameters::<f32>()).unwrap();
    let mut flipped = bytes.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let cut = &bytes[..bytes.len() - 5];
    let head = &bytes[..100];
    for (bytes, wanted) in [
        (flipped.as_slice(), "expected contents with the digest "),
        (cut, "expected a model file of Elman with 36 bytes of weights, got 31 bytes"),
        (head, "bytes, got a file of 100 bytes"),
    ] {
        let message = message(bytes);
        assert!(message.starts_with("m.safetensors: expected "), "{message}");
        assert!(message.contains(wanted), "{message}");
        assert!(message.contains("(hint: the file is damaged or incomplete"), "{message}");
    }
}

#[test]
fn other_files_are_told_apart() {
    let values = [0u8; 4];
    let view = TensorView::new(Dtype::F32, vec![1], &values).unwrap();
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    let foreign = safetensors::serialize([("a", view)], Some(metadata.into_iter().collect()));
    let other = "expected a model file of Elman, got a file of another kind";
    for (bytes, wanted) in [
        (foreign.unwrap(), "got a safetensors file of another program"),
        (Vec::new(), "got an empty file"),
        (b"utterance,step,lpc1\n0,0,1.86\n".to_vec(), other),
        (vec![0x9c; 1000], other),
        (vec![0; 1000], other),
        (b"abc".to_vec(), other),
    ] {
        let message = message(&bytes);
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn a_newer_version_says_what_it_needs() {
    let bytes = encode(&model(), &parameters::<f32>()).unwrap();
    let newer = r#"{"format_version":3,"needs_elman":"0.7.0","another":[]}"#;
    let newer = forged(&bytes, |json| json["__metadata__"]["elman"] = newer.into());
    let message = message(&newer);
    let wanted = "expected a model file of format version 2 or older, got format version 3 (hint: \
                  it needs elman 0.7.0 or newer, this is ";
    assert!(message.contains(wanted), "{message}");
}

#[test]
fn forged_headers_are_refused_before_anything_is_allocated() {
    let bytes = encode(&model(), &parameters::<f32>()).unwrap();
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 4] = [
        ("overflow", |json| json["bias"]["shape"] = json!([1u64 << 60, 16])),
        ("at most 4 axes", |json| json["bias"]["shape"] = json!([1, 1, 1, 1, 3])),
        ("missing field `model`", |json| {
            json["__metadata__"]["elman"] = r#"{"format_version":1,"needs_elman":"0"}"#.into();
        }),
        ("invalid type", |json| json["bias"] = 7.into()),
    ];
    for (wanted, change) in cases {
        let message = message(&forged(&bytes, change));
        assert!(message.contains(wanted), "{wanted}: {message}");
    }
    let mut long = bytes.clone();
    long[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    assert!(message(&long).contains("expected a header of at most 16777216 bytes"));
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let written = parameters::<f32>();
    let bytes = encode(&model(), &written).unwrap();
    let archive = decode::<Value>(path(), &bytes).unwrap();
    let shape = ParameterShape::new;
    let (weights, bias) = (shape("cell.weights", &[2, 3]), shape("bias", &[3]));
    for (shapes, wanted) in [
        (
            vec![weights.clone(), bias.clone(), shape("head", &[1])],
            "expected tensor \"head\" of type F32 and shape [1], got no tensor of that name",
        ),
        (
            vec![weights.clone(), shape("bias", &[4])],
            "expected tensor \"bias\" of type F32 and shape [4], got type F32 and shape [3]",
        ),
        (
            vec![bias.clone()],
            "expected the 1 tensors of its network, got also the tensor \"cell.weights\"",
        ),
    ] {
        let message = archive.check_shapes::<f32>(&shapes).unwrap_err().to_string();
        assert!(message.contains(wanted), "{message}");
    }
    let message = archive.check_shapes::<f64>(&[weights, bias]).unwrap_err().to_string();
    assert!(message.contains("of type F64 and shape [2, 3], got type F32"), "{message}");
}

#[test]
fn weights_that_are_not_finite_are_named() {
    let mut written = parameters::<f32>();
    written.values_mut()[8] = f32::NAN;
    let bytes = encode(&model(), &written).unwrap();
    let archive = decode::<Value>(path(), &bytes).unwrap();
    let message = archive.fill(&mut written).unwrap_err().to_string();
    assert_eq!(message, "m.safetensors: expected finite weights, got NaN at element 2 of \"bias\"");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let shapes = (0..4097).map(|index| ParameterShape::new(index.to_string(), &[1])).collect();
    let message = encode(&model(), &Parameters::<f32>::zeros(shapes).unwrap()).unwrap_err();
    assert!(message.to_string().ends_with("at most 4096 parameters by name, got 4097"));
    let long = "x".repeat(17 << 20);
    let message = encode(&long, &parameters::<f32>()).unwrap_err().to_string();
    assert!(message.starts_with("model: expected a description of at most 16777216 bytes"));
}

#[cfg(target_os = "linux")]
#[test]
fn endless_devices_are_not_read() {
    let message = read_file(Path::new("/dev/zero")).unwrap_err().to_string();
    assert_eq!(message, "/dev/zero: expected a model file of Elman, got a device or a pipe");
}

#[test]
fn folders_missing_files_and_devices_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no.safetensors");
    for (path, wanted) in [
        (folder.path(), "expected a model file of Elman, got a folder"),
        (missing.as_path(), "cannot open: No such file"),
    ] {
        let message = read_file(path).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains(wanted), "{message}");
    }
}

proptest! {
    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode::<Value>(path(), &bytes).is_err());
    }

    #[test]
    fn random_bytes_after_a_true_beginning_are_refused(
        length in 0u64..400,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [&length.to_le_bytes(), PREFIX, &bytes].concat();
        prop_assert!(decode::<Value>(path(), &bytes).is_err());
    }

    #[test]
    fn files_with_a_piece_cut_out_or_doubled_are_refused(
        from in 0usize..2000,
        length in 1usize..50,
        doubled in any::<bool>(),
    ) {
        let bytes = encode(&model(), &parameters::<f64>()).unwrap();
        let from = from % bytes.len();
        let to = (from + length).min(bytes.len());
        let middle = if doubled { [&bytes[from..to], &bytes[from..to]].concat() } else { vec![] };
        let changed = [&bytes[..from], &middle, &bytes[to..]].concat();
        prop_assert!(decode::<Value>(path(), &changed).is_err());
    }
}
