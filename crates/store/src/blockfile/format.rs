//! The bytes around the sections. See `docs/formats/block-file.md`.

use std::path::Path;

use binnacle_stdx::bits::{Bytes, put_varint};

use crate::Error;

/// The first bytes of each block file, and, reversed, the last ones.
pub(super) const MAGIC: [u8; 8] = *b"binn-blk";
pub(super) const MAGIC_END: [u8; 8] = *b"klb-nnib";
/// The version that this program writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
/// Magic, version, kind.
pub(super) const HEADER_BYTES: usize = 16;
/// Length of the footer, version, length of the file, checksum, magic.
pub(super) const TRAILER_BYTES: usize = 28;
/// How many bytes are under one checksum.
pub(super) const PAGE_BYTES: usize = 64 << 10;
/// Sections begin at a multiple of this, so that numbers in them may be read in place.
pub(super) const ALIGN: usize = 8;
/// More sections than any engine has.
pub(super) const SECTIONS_MAX: u64 = 4096;

pub(super) fn header(kind: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..].copy_from_slice(&kind.to_le_bytes());
    header
}

/// A section as the footer describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub offset: u64,
    pub len: u64,
    /// One for each page of the section; the last page may be short.
    pub page_crcs: Vec<u32>,
}

/// Appends footer and trailer to `out`; `offset` is where they will stand.
pub(super) fn put_footer(
    header: &[u8; HEADER_BYTES],
    entries: &[Entry],
    offset: u64,
    out: &mut Vec<u8>,
) {
    let from = out.len();
    put_varint(out, entries.len() as u64);
    for entry in entries {
        put_varint(out, entry.name.len() as u64);
        out.extend_from_slice(entry.name.as_bytes());
        put_varint(out, entry.offset);
        put_varint(out, entry.len);
        for crc in &entry.page_crcs {
            out.extend_from_slice(&crc.to_le_bytes());
        }
    }
    let footer_len = (out.len() - from) as u32;
    let file_len = offset + u64::from(footer_len) + TRAILER_BYTES as u64;
    out.extend_from_slice(&footer_len.to_le_bytes());
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&file_len.to_le_bytes());
    let crc = footer_crc(header, &out[from..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&MAGIC_END);
}

/// Over the header of the file, the footer, and the trailer up to the checksum.
fn footer_crc(header: &[u8], footer: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(footer);
    hasher.finalize()
}

/// What the two ends of a file say.
pub(super) struct Ends {
    pub kind: u32,
    pub entries: Vec<Entry>,
}

/// Reads both ends of a whole file.
pub(super) fn read_ends(path: &Path, file: &[u8]) -> Result<Ends, Error> {
    let len = file.len();
    let corrupt = |section: &str, offset: usize, what: &str| {
        Error::corrupt(path, section, offset as u64, what)
    };
    if len < HEADER_BYTES + TRAILER_BYTES {
        return Err(corrupt("file", len, "file is shorter than any block"));
    }
    let (header, rest) = file.split_at(HEADER_BYTES);
    let (body, trailer) = rest.split_at(rest.len() - TRAILER_BYTES);
    let trailer_at = len - TRAILER_BYTES;
    if header[..8] != MAGIC {
        return Err(corrupt("header", 0, "wrong magic number"));
    }
    if trailer[20..] != MAGIC_END {
        return Err(corrupt(
            "trailer",
            trailer_at + 20,
            "wrong magic number: file is cut short",
        ));
    }
    let (found, found_end) = (u32_at(header, 8), u32_at(trailer, 4));
    // Two flipped bits would be needed to take damage for the future.
    if found > VERSION && found == found_end {
        return Err(Error::NewerVersion {
            path: path.to_path_buf(),
            found,
            supported: VERSION,
        });
    }
    let footer_len = u32_at(trailer, 0) as usize;
    let Some(footer_at) = body.len().checked_sub(footer_len) else {
        return Err(corrupt(
            "trailer",
            trailer_at,
            "footer is longer than the file",
        ));
    };
    let crc = footer_crc(header, &rest[footer_at..rest.len() - TRAILER_BYTES + 16]);
    if crc != u32_at(trailer, 16) {
        return Err(corrupt(
            "footer",
            HEADER_BYTES + footer_at,
            "wrong checksum",
        ));
    }
    if u64::from_le_bytes(array_at(trailer, 8)) != len as u64 {
        return Err(corrupt(
            "trailer",
            trailer_at + 8,
            "file has another length than it says",
        ));
    }
    let entries = read_entries(&body[footer_at..])
        .filter(|entries| lie_in_order(entries, (HEADER_BYTES + footer_at) as u64))
        .ok_or_else(|| corrupt("footer", HEADER_BYTES + footer_at, "sections make no sense"))?;
    check_gaps(path, file, &entries, HEADER_BYTES + footer_at)?;
    Ok(Ends {
        kind: u32_at(header, 12),
        entries,
    })
}

fn read_entries(footer: &[u8]) -> Option<Vec<Entry>> {
    let mut bytes = Bytes::new(footer);
    let count = bytes.varint().filter(|&n| n <= SECTIONS_MAX)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let name_len = usize::try_from(bytes.varint()?).ok()?;
        let name = String::from_utf8(bytes.take(name_len)?.to_vec()).ok()?;
        let (offset, len) = (bytes.varint()?, bytes.varint()?);
        let pages = usize::try_from(len.div_ceil(PAGE_BYTES as u64)).ok()?;
        let crcs = bytes.take(pages.checked_mul(4)?)?;
        let page_crcs = crcs
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&c| u32::from_le_bytes(c))
            .collect();
        entries.push(Entry {
            name,
            offset,
            len,
            page_crcs,
        });
    }
    bytes.rest().is_empty().then_some(entries)
}

fn lie_in_order(entries: &[Entry], footer_at: u64) -> bool {
    let mut end = HEADER_BYTES as u64;
    for entry in entries {
        let Some(entry_end) = entry.offset.checked_add(entry.len) else {
            return false;
        };
        if entry.offset < end || entry_end > footer_at {
            return false;
        }
        end = entry_end;
    }
    true
}

/// The bytes between the sections are zeros: so every byte of the file is verified.
fn check_gaps(path: &Path, file: &[u8], entries: &[Entry], footer_at: usize) -> Result<(), Error> {
    let mut end = HEADER_BYTES;
    let starts = entries.iter().map(|e| (e.offset as usize, e.len as usize));
    for (offset, len) in starts.chain([(footer_at, 0)]) {
        if let Some(at) = file[end..offset].iter().position(|&b| b != 0) {
            let at = (end + at) as u64;
            return Err(Error::corrupt(
                path,
                "gap",
                at,
                "bytes between sections are not zero",
            ));
        }
        end = offset + len;
    }
    Ok(())
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}
