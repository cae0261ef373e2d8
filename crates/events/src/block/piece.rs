//! The two pieces that everything in a block is written to: a directory, which is opened
//! whole, and data, of which only what is needed is touched.
//!
//! A blob that is short stands in the directory; a long one is in the data, one behind the
//! other, with its checksum in the directory.

use binnacle_stdx::bits::{Bytes, put_varint};
use binnacle_store::Malformed;

use super::ids::Pools;

/// Whether checksums are looked at: tests of wrong bytes would never get beyond them.
pub(super) const VERIFIES: bool = !cfg!(test);

/// Longer blobs go to the data.
const INLINE_MAX: usize = 64;

/// What is written.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) directory: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Pieces {
    /// Appends a blob.
    pub(super) fn blob(&mut self, bytes: &[u8]) {
        let is_inline = bytes.len() <= INLINE_MAX;
        put_varint(
            &mut self.directory,
            (bytes.len() as u64) << 1 | u64::from(is_inline),
        );
        if is_inline {
            self.directory.extend_from_slice(bytes);
        } else {
            let crc = crc32fast::hash(bytes);
            self.directory.extend_from_slice(&crc.to_le_bytes());
            self.data.extend_from_slice(bytes);
        }
    }

    /// Appends what was written elsewhere.
    pub(super) fn append(&mut self, other: &Self) {
        self.directory.extend_from_slice(&other.directory);
        self.data.extend_from_slice(&other.data);
    }
}

/// Reads pieces in the order they were written in.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    directory: Bytes<'a>,
    data: Bytes<'a>,
    /// The ids of the block, once they are known.
    pub(super) pools: Pools<'a>,
}

/// A blob that was found, not looked at yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blob<'a> {
    bytes: &'a [u8],
    crc: Option<u32>,
}

const SHORT: Malformed = Malformed("the directory of a block runs past its end");

impl<'a> Reader<'a> {
    pub(super) fn new(directory: &'a [u8], data: &'a [u8]) -> Self {
        Self {
            directory: Bytes::new(directory),
            data: Bytes::new(data),
            pools: Pools::default(),
        }
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.directory.u8().ok_or(SHORT)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.directory.u32().ok_or(SHORT)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        self.directory.varint().ok_or(SHORT)
    }

    pub(super) fn varint_signed(&mut self) -> Result<i64, Malformed> {
        self.directory.varint_signed().ok_or(SHORT)
    }

    /// A number that is `max` at most: what it counts is allocated.
    pub(super) fn count(&mut self, max: usize) -> Result<usize, Malformed> {
        match usize::try_from(self.varint()?) {
            Ok(count) if count <= max => Ok(count),
            _ => Err(Malformed(
                "a count in the directory of a block is too large",
            )),
        }
    }

    /// A number of things that take a byte of the directory each at least.
    pub(super) fn count_here(&mut self) -> Result<usize, Malformed> {
        let max = self.directory.rest().len();
        self.count(max)
    }

    /// That many bytes of the directory.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        self.directory.take(len).ok_or(SHORT)
    }

    /// Bytes behind their length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.count_here()?;
        self.take(len)
    }

    pub(super) fn blob(&mut self) -> Result<Blob<'a>, Malformed> {
        let head = self.varint()?;
        let len = usize::try_from(head >> 1).map_err(|_| SHORT)?;
        if head & 1 == 1 {
            return Ok(Blob {
                bytes: self.take(len)?,
                crc: None,
            });
        }
        let crc = self.u32()?;
        let bytes = self.data.take(len);
        Ok(Blob {
            bytes: bytes.ok_or(Malformed("the data of a block is too short"))?,
            crc: Some(crc),
        })
    }
}

impl<'a> Blob<'a> {
    /// The bytes, verified.
    pub(super) fn open(self) -> Result<&'a [u8], Malformed> {
        match self.crc {
            Some(crc) if VERIFIES && crc32fast::hash(self.bytes) != crc => {
                Err(Malformed("a piece of a block fails its checksum"))
            }
            _ => Ok(self.bytes),
        }
    }

    /// How long it is.
    pub(super) fn len(self) -> usize {
        self.bytes.len()
    }
}

/// Appends bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
