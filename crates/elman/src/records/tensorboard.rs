//! The event files that TensorBoard draws: one scalar for each name and step.
//!
//! ```text
//! record   length of the payload (u64), its masked CRC-32C (u32), payload, the payload's masked CRC-32C (u32)
//! payload  Event { 1: wall_time double, 2: step int64, 3: file_version string, 5: Summary { 1: Value { 1: tag string, 2: simple_value float } } }
//! mask     rotate the CRC right by 15 bits, add 0xa282ead8
//! ```
//!
//! All numbers are little endian. The first record holds the version, `brain.Event:2`.
//!
//! # Source
//!
//! TensorFlow's `core/util/event.proto`, `core/framework/summary.proto` and `core/lib/io/record_writer.cc`; the
//! checksum is CRC-32C (Castagnoli) as in RFC 3720, appendix B.4.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::io::storage::{Storage, StorageFile};

/// Writes scalars to an event file; each record is flushed, so that TensorBoard shows it at once.
///
/// ```
/// use elman::records::EventWriter;
///
/// # fn main() -> std::io::Result<()> {
/// let mut file = Vec::new();
/// let mut events = EventWriter::new(&mut file, 1.0e9)?;
/// events.scalar("loss", 1, 1.0e9, 0.25)?;
/// assert_eq!(&file[23..36], b"brain.Event:2");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventWriter<W> {
    writer: W,
}

impl EventWriter<Box<dyn StorageFile>> {
    /// A new event file in `folder`, named as TensorBoard expects: by the second, the process, and
    /// a number where that name is taken. `wall_time` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// The folder is missing or may not be written.
    pub fn create(storage: &dyn Storage, folder: &Path, wall_time: f64) -> Result<Self> {
        let seconds = format!("{:010.0}", wall_time.max(0.0).floor());
        let mut number = 0;
        loop {
            let name =
                format!("events.out.tfevents.{seconds}.elman.{}.{number}", std::process::id());
            let path = folder.join(name);
            match storage.create(&path) {
                Ok(file) => {
                    let writer = EventWriter::new(file, wall_time);
                    return writer.map_err(|error| Error::io(&path, "write", error));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::io(&path, "create", error)),
            }
        }
    }
}

impl<W: Write> EventWriter<W> {
    /// Starts an event file; `wall_time` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new(writer: W, wall_time: f64) -> io::Result<Self> {
        let mut events = EventWriter { writer };
        let mut event = Message::default();
        event.double(1, wall_time);
        event.bytes(3, b"brain.Event:2");
        events.record(&event.0)?;
        Ok(events)
    }

    /// The value of the scalar `tag` at `step`, measured at `wall_time` seconds since 1970.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn scalar(&mut self, tag: &str, step: u64, wall_time: f64, value: f32) -> io::Result<()> {
        let mut scalar = Message::default();
        scalar.bytes(1, tag.as_bytes());
        scalar.float(2, value);
        let mut summary = Message::default();
        summary.bytes(1, &scalar.0);
        let mut event = Message::default();
        event.double(1, wall_time);
        event.integer(2, step);
        event.bytes(5, &summary.0);
        self.record(&event.0)
    }

    fn record(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = (payload.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked_crc(&length).to_le_bytes());
        record.extend(payload);
        record.extend(masked_crc(payload).to_le_bytes());
        self.writer.write_all(&record)?;
        self.writer.flush()
    }
}

/// A message in the wire format of Protocol Buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    const VARINT: u64 = 0;
    const FIXED64: u64 = 1;
    const LENGTH: u64 = 2;
    const FIXED32: u64 = 5;

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    fn field(&mut self, number: u64, kind: u64) {
        self.varint(number << 3 | kind);
    }

    fn double(&mut self, number: u64, value: f64) {
        self.field(number, Self::FIXED64);
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, number: u64, value: f32) {
        self.field(number, Self::FIXED32);
        self.0.extend(value.to_le_bytes());
    }

    fn integer(&mut self, number: u64, value: u64) {
        self.field(number, Self::VARINT);
        self.varint(value);
    }

    fn bytes(&mut self, number: u64, value: &[u8]) {
        self.field(number, Self::LENGTH);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Bit by bit: a record is a hundred bytes, written once an epoch.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78; // 0x1edc6f41, bits reversed
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::storage::Disk;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        let ascending: Vec<u8> = (0..32).collect();
        for (bytes, wanted) in [
            (&[0; 32][..], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
            (b"123456789", 0xe306_9283),
        ] {
            assert_eq!(crc32c(bytes), wanted, "{bytes:?}");
        }
    }

    /// The payloads of an event file, lengths and checksums checked.
    fn payloads(mut file: &[u8]) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        while !file.is_empty() {
            let (length, rest) = file.split_at(8);
            let (check, rest) = rest.split_at(4);
            assert_eq!(check, masked_crc(length).to_le_bytes());
            let size = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
            let (payload, rest) = rest.split_at(size);
            let (check, rest) = rest.split_at(4);
            assert_eq!(check, masked_crc(payload).to_le_bytes());
            payloads.push(payload.to_vec());
            file = rest;
        }
        payloads
    }

    #[test]
    fn records_are_events_as_the_schema_has_them() {
        let mut file = Vec::new();
        let mut events = EventWriter::new(&mut file, 2.0).unwrap();
        events.scalar("val_loss", 300, 3.0, 0.5).unwrap();
        let payloads = payloads(&file);
        let version = [&[0x09][..], &2f64.to_le_bytes(), &[0x1a, 13], b"brain.Event:2"].concat();
        let value = [&[0x0a, 8][..], b"val_loss", &[0x15], &0.5f32.to_le_bytes()].concat();
        // 300 is 0b10_0101100: the low seven bits first.
        let step = [0x10, 0b1010_1100, 0b10];
        let summary = [&[0x2a, 17, 0x0a, 15][..], &value].concat();
        let scalar = [&[0x09][..], &3f64.to_le_bytes(), &step, &summary].concat();
        assert_eq!(payloads, [version, scalar]);
    }

    #[test]
    fn files_of_the_same_second_have_names_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            EventWriter::create(&Disk, folder.path(), 1.7e9).unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 2);
        let missing = folder.path().join("missing");
        let message = EventWriter::create(&Disk, &missing, 1.7e9).err().unwrap().to_string();
        assert!(message.contains("missing/events.out.tfevents.1700000000.elman."), "{message}");
    }
}
