//! The bytes of a log segment. See `docs/formats/wal.md`.

use std::path::{Path, PathBuf};

use binnacle_stdx::hash::HashKey;

/// The first bytes of each segment.
pub(crate) const MAGIC: [u8; 8] = *b"binn-wal";
/// The version that this program writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;
/// Magic, version, salt, segment number, checksum of all that.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 28;
/// Length of the payload, kind, checksum.
pub(crate) const RECORD_HEADER_BYTES: usize = 9;
/// The most bytes that one record may carry. A length over it is taken for
/// corruption, so that a flipped bit costs no memory.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// The name of a segment: its number, as wide as sorting by name needs.
pub(crate) fn segment_path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:010}.wal"))
}

/// The number of a segment from its name.
pub(crate) fn segment_number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".wal")?;
    if name.len() < 10 || !name.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    name.parse().ok()
}

/// What the checksums of a segment's records start from: random, so that nobody
/// can plant bytes inside a payload that pass for a record when a damaged segment
/// is searched for the next good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) u32);

impl Salt {
    pub(crate) fn random() -> Self {
        Self(HashKey::random().hash64(b"salt") as u32)
    }

    /// As the header says; of a damaged header as well, for then it is worth a try.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(if bytes.len() < SEGMENT_HEADER_BYTES {
            0
        } else {
            u32_at(bytes, 12)
        })
    }
}

pub(crate) fn segment_header(segment: u64, salt: Salt) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut header = [0; SEGMENT_HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&salt.0.to_le_bytes());
    header[16..24].copy_from_slice(&segment.to_le_bytes());
    let crc = crc32fast::hash(&header[..24]);
    header[24..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// What a segment header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SegmentHeader {
    /// This program reads the rest.
    Good,
    /// Written by a newer program.
    Newer(u32),
    /// Not a header, and why.
    Bad(&'static str),
}

pub(crate) fn check_segment_header(bytes: &[u8], segment: u64) -> SegmentHeader {
    let Some(header) = bytes.first_chunk::<SEGMENT_HEADER_BYTES>() else {
        return SegmentHeader::Bad("segment header is cut short");
    };
    if header[..8] != MAGIC {
        return SegmentHeader::Bad("segment header has a wrong magic number");
    }
    if crc32fast::hash(&header[..24]) != u32_at(header, 24) {
        return SegmentHeader::Bad("segment header has a wrong checksum");
    }
    // Only a version whose checksum holds is believed: a flipped bit is corruption,
    // not the future.
    let version = u32_at(header, 8);
    if version > VERSION {
        return SegmentHeader::Newer(version);
    }
    let mut number = [0; 8];
    number.copy_from_slice(&header[16..24]);
    if u64::from_le_bytes(number) != segment {
        return SegmentHeader::Bad("segment header has another segment's number");
    }
    SegmentHeader::Good
}

/// Appends one record to `out`.
pub(crate) fn put_record(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]], crc: u32) {
    let len: usize = parts.iter().map(|p| p.len()).sum();
    out.reserve(RECORD_HEADER_BYTES + len);
    out.extend_from_slice(&(len as u32).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(&crc.to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The checksum of a record: over length, kind and payload, so that a record of
/// zeros, as a torn page leaves it, never passes.
pub(crate) fn record_crc(salt: Salt, kind: u8, parts: &[&[u8]]) -> u32 {
    let len: usize = parts.iter().map(|p| p.len()).sum();
    let mut hasher = crc32fast::Hasher::new_with_initial(salt.0);
    hasher.update(&(len as u32).to_le_bytes());
    hasher.update(&[kind]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// What stands at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned<'a> {
    /// A good record that ends at `end`.
    Record {
        kind: u8,
        payload: &'a [u8],
        end: usize,
    },
    /// The segment ends here.
    End,
    /// No good record, and why.
    Bad(&'static str),
}

/// Reads the record at `at`.
pub(crate) fn scan(bytes: &[u8], at: usize, salt: Salt) -> Scanned<'_> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Scanned::End;
    }
    let Some((header, body)) = rest.split_first_chunk::<RECORD_HEADER_BYTES>() else {
        return Scanned::Bad("record header is cut short");
    };
    let len = u32_at(header, 0) as usize;
    if len > RECORD_BYTES_MAX {
        return Scanned::Bad("record length is over the limit");
    }
    let Some(payload) = body.get(..len) else {
        return Scanned::Bad("record is cut short");
    };
    let kind = header[4];
    let end = at + RECORD_HEADER_BYTES + len;
    if record_crc(salt, kind, &[payload]) != u32_at(header, 5) {
        return Scanned::Bad("record has a wrong checksum");
    }
    Scanned::Record { kind, payload, end }
}

/// The first good record from `from` on, if there is one. Gives up when it has
/// checked [`SEARCH_BYTES_MAX`] bytes, which only crafted bytes make it do.
pub(crate) fn search(bytes: &[u8], from: usize, salt: Salt) -> Option<usize> {
    let mut checked = 0;
    for at in from..bytes.len().checked_sub(RECORD_HEADER_BYTES)? + 1 {
        let len = u32_at(bytes, at) as usize;
        if len > RECORD_BYTES_MAX || len > bytes.len() - at - RECORD_HEADER_BYTES {
            continue;
        }
        if matches!(scan(bytes, at, salt), Scanned::Record { .. }) {
            return Some(at);
        }
        checked += len;
        if checked > SEARCH_BYTES_MAX {
            return None;
        }
    }
    None
}

/// A third of a second of checksums.
const SEARCH_BYTES_MAX: usize = 2 << 30;

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}
