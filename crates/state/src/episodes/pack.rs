//! A column on disk: `| version (1) | length of what is packed (LEB128) | zstd frame |`.
//! The frame has zstd's own checksum, so a damaged column is an error and not a wrong
//! answer.

use binnacle_stdx::bits::{Bytes, put_varint};
use zstd::bulk::Compressor;

use crate::error::Fault;

const VERSION: u8 = 1;

/// Columns of history repeat themselves so much that a higher level gains little.
const LEVEL: i32 = 1;

/// A column that claims to be larger is not unpacked. One alert is never larger than a
/// request, and many alerts are spread over runs.
const BYTES_MAX: u64 = 1 << 30;

/// Packs columns.
pub(super) struct Packer(Compressor<'static>);

impl Packer {
    pub(super) fn new() -> Result<Self, Fault> {
        let make = || -> std::io::Result<Compressor<'static>> {
            let mut compressor = Compressor::new(LEVEL)?;
            compressor.include_checksum(true)?;
            Ok(compressor)
        };
        make().map(Self).map_err(|e| Fault::Row(e.to_string()))
    }

    pub(super) fn pack(&mut self, raw: &[u8]) -> Result<Vec<u8>, Fault> {
        let frame = self
            .0
            .compress(raw)
            .map_err(|e| Fault::Row(e.to_string()))?;
        let mut out = Vec::with_capacity(frame.len() + 6);
        out.push(VERSION);
        put_varint(&mut out, raw.len() as u64);
        out.extend_from_slice(&frame);
        Ok(out)
    }
}

/// What [`Packer::pack`] was given.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let wrong = |what: &str| Fault::Row(format!("a column of episodes {what}"));
    let mut bytes = Bytes::new(packed);
    match bytes.u8() {
        Some(VERSION) => {}
        Some(_) => return Err(wrong("has a version that this release does not know")),
        None => return Err(wrong("is empty")),
    }
    let len = bytes.varint().filter(|len| *len <= BYTES_MAX);
    let len = len.ok_or_else(|| wrong("has no length"))? as usize;
    let raw = zstd::bulk::decompress(bytes.rest(), len).map_err(|_| wrong("is damaged"))?;
    if raw.len() == len {
        Ok(raw)
    } else {
        Err(wrong("is cut short"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_column_is_an_error() {
        let raw: Vec<u8> = (0..2_000_u32).flat_map(|i| (i / 9).to_le_bytes()).collect();
        let packed = Packer::new().expect("zstd").pack(&raw).expect("packed");
        assert_eq!(unpack(&packed).expect("whole"), raw);
        for at in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x10;
            // Zstd leaves some bits unused: what is never there is another answer.
            assert!(
                unpack(&damaged).map_or(true, |read| read == raw),
                "byte {at}"
            );
            assert!(unpack(&packed[..at]).is_err(), "cut at {at}");
        }
        let huge = [VERSION, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0];
        assert!(unpack(&huge).is_err());
    }
}
