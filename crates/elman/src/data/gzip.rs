//! Gzip: the bytes inside, checked against their length and their checksum.
//!
//! # Source
//!
//! RFC 1952. The deflated bytes within are `miniz_oxide`'s affair.

use std::io::{self, BufRead, ErrorKind, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

/// What a gzip file begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The flags of a member's header.
const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA_FIELD: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;

/// Reads what is inside a gzip file of one member or several.
pub(super) struct Gunzip<R> {
    inner: R,
    state: Box<InflateState>,
    place: Place,
    checksum: u32,
    length: u32, // modulo 2³²
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Body,
    End,
}

impl<R: BufRead> Gunzip<R> {
    pub(super) fn new(inner: R) -> Self {
        let state = InflateState::new_boxed(DataFormat::Raw);
        Gunzip { inner, state, place: Place::Header, checksum: 0, length: 0 }
    }

    /// Reads the header of a member; the end of the file before it is the end.
    fn header(&mut self) -> io::Result<()> {
        if self.inner.fill_buf()?.is_empty() {
            self.place = Place::End;
            return Ok(());
        }
        let [first, second, method, flags, ..] = self.take::<10>()?;
        if [first, second] != MAGIC || method != 8 {
            return Err(damaged("what follows is no gzip data"));
        }
        if flags & EXTRA_FIELD != 0 {
            let length = u64::from(u16::from_le_bytes(self.take()?));
            let skipped = io::copy(&mut self.inner.by_ref().take(length), &mut io::sink())?;
            if skipped < length {
                return Err(ends_early());
            }
        }
        for field in [NAME, COMMENT] {
            while flags & field != 0 && self.take::<1>()? != [0] {}
        }
        if flags & HEADER_CHECKSUM != 0 {
            self.take::<2>()?;
        }
        self.state.reset(DataFormat::Raw);
        (self.place, self.checksum, self.length) = (Place::Body, 0, 0);
        Ok(())
    }

    fn body(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let source = self.inner.fill_buf()?;
        let is_over = source.is_empty();
        let result = inflate(&mut self.state, source, target, MZFlush::None);
        self.inner.consume(result.bytes_consumed);
        let written = &target[..result.bytes_written];
        self.checksum = crc32(self.checksum, written);
        // The trailer holds the length modulo 2³².
        let length = written.len() as u64 & u64::from(u32::MAX);
        self.length = self.length.wrapping_add(u32::try_from(length).unwrap_or(0));
        match result.status {
            Ok(MZStatus::StreamEnd) => self.trailer()?,
            Ok(_) if is_over && written.is_empty() => return Err(ends_early()),
            Ok(_) => {}
            Err(_) if is_over => return Err(ends_early()),
            Err(_) => return Err(damaged("its contents cannot be unpacked")),
        }
        Ok(written.len())
    }

    fn trailer(&mut self) -> io::Result<()> {
        let checksum = u32::from_le_bytes(self.take()?);
        let length = u32::from_le_bytes(self.take()?);
        self.place = Place::Header;
        match checksum == self.checksum && length == self.length {
            true => Ok(()),
            false => Err(damaged("its checksum is another")),
        }
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ends_early(),
            _ => error,
        })?;
        Ok(bytes)
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        loop {
            match self.place {
                Place::End => return Ok(0),
                Place::Header => self.header()?,
                Place::Body => match self.body(target)? {
                    0 => {}
                    count => return Ok(count),
                },
            }
        }
    }
}

fn ends_early() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "it ends early")
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// The CRC-32 of RFC 1952, section 8: of bytes that follow those with the checksum `before`.
fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    !bytes.iter().fold(!before, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let (mut byte, mut value) = (0, 0u32);
    while byte < 256 {
        let (mut crc, mut bit) = (value, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        (byte, value) = (byte + 1, value + 1);
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// `gzip.compress(b"id,x\n" * 3, mtime=0)` of Python 3.11.
    const SMALL: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x4c, 0xd1, 0xa9, 0xe0,
        0xca, 0x84, 0x13, 0x00, 0xf4, 0xe9, 0x79, 0x75, 0x0f, 0x00, 0x00, 0x00,
    ];

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        assert_eq!(unpacked(SMALL).unwrap(), b"id,x\nid,x\nid,x\n");
        let twice = [SMALL, SMALL].concat();
        assert_eq!(unpacked(&twice).unwrap(), b"id,x\nid,x\nid,x\n".repeat(2));
        // With a name, as the program gzip writes it, an extra field and a comment.
        let mut named = SMALL[..10].to_vec();
        named[3] = NAME | EXTRA_FIELD | COMMENT;
        named.extend(b"\x03\0abcname\0comment\0");
        named.extend(&SMALL[10..]);
        assert_eq!(unpacked(&named).unwrap(), b"id,x\nid,x\nid,x\n");
    }

    #[test]
    fn every_shorter_file_ends_early() {
        for length in 1..SMALL.len() {
            let error = unpacked(&SMALL[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}: {error}");
        }
        assert_eq!(unpacked(&[]).unwrap(), b"");
    }

    #[test]
    fn no_flipped_byte_changes_what_is_read() {
        for at in 0..SMALL.len() {
            let mut flipped = SMALL.to_vec();
            flipped[at] ^= 0x11;
            if let Ok(read) = unpacked(&flipped) {
                assert_eq!(read, b"id,x\nid,x\nid,x\n", "byte {at}");
            }
        }
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        // The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }
}
