//! What a part knows of its blocks and of the rows of each stream in them.

use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_store::manifest::BlockMeta;

/// What is known of a block without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockEntry {
    /// Where it begins in the section of blocks.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) len: u64,
    pub(crate) rows: u32,
    /// Bytes of lines and fields before compression.
    pub(crate) bytes: u64,
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

/// Rows of one stream in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartRun {
    /// The stream's number in the part.
    pub(crate) stream: u32,
    /// The block's number in the part.
    pub(crate) block: u32,
    /// The stream's number within the block.
    pub(crate) in_block: u32,
    pub(crate) rows: u32,
    pub(crate) line_bytes: u64,
    /// Bytes of lines and fields.
    pub(crate) bytes: u64,
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

/// Length of an encoded run.
pub(super) const RUN_BYTES: usize = 48;

impl PartRun {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.stream, self.block, self.in_block, self.rows] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.line_bytes, self.bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for t_ns in [self.min_ns, self.max_ns] {
            out.extend_from_slice(&t_ns.to_le_bytes());
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(bytes);
        Some(Self {
            stream: bytes.u32()?,
            block: bytes.u32()?,
            in_block: bytes.u32()?,
            rows: bytes.u32()?,
            line_bytes: bytes.u64()?,
            bytes: bytes.u64()?,
            min_ns: bytes.u64()?.cast_signed(),
            max_ns: bytes.u64()?.cast_signed(),
        })
    }
}

/// Appends the section `index`.
pub(super) fn encode_blocks(blocks: &[BlockEntry], out: &mut Vec<u8>) {
    put_varint(out, blocks.len() as u64);
    for block in blocks {
        put_varint(out, block.offset);
        put_varint(out, block.len);
        put_varint(out, u64::from(block.rows));
        put_varint(out, block.bytes);
        put_varint_signed(out, block.min_ns);
        put_varint_signed(out, block.max_ns);
    }
}

/// Reads the section `index`; the blocks must lie within `data` bytes.
pub(super) fn decode_blocks(raw: &[u8], data: u64) -> Option<Vec<BlockEntry>> {
    let mut bytes = Bytes::new(raw);
    let mut blocks = Vec::new();
    for _ in 0..bytes.varint()? {
        let block = BlockEntry {
            offset: bytes.varint()?,
            len: bytes.varint()?,
            rows: u32::try_from(bytes.varint()?).ok()?,
            bytes: bytes.varint()?,
            min_ns: bytes.varint_signed()?,
            max_ns: bytes.varint_signed()?,
        };
        if block.offset.checked_add(block.len)? > data {
            return None;
        }
        blocks.push(block);
    }
    bytes.rest().is_empty().then_some(blocks)
}

/// What the manifest says of a part that came straight from the head.
pub(super) fn describe(blocks: &[BlockEntry], id: u64, bytes: u64, streams: u64) -> BlockMeta {
    let min_ns = blocks.iter().map(|b| b.min_ns).min().unwrap_or(0);
    let max_ns = blocks.iter().map(|b| b.max_ns).max().unwrap_or(0);
    BlockMeta {
        id,
        level: 0,
        resolution_ms: 0,
        min_ms: min_ns.div_euclid(1_000_000),
        max_ms: max_ns.div_euclid(1_000_000),
        bytes,
        series: streams,
        samples: blocks.iter().map(|b| u64::from(b.rows)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let blocks = [
            BlockEntry {
                offset: 0,
                len: 10,
                rows: 3,
                bytes: 99,
                min_ns: i64::MIN,
                max_ns: -1,
            },
            BlockEntry {
                offset: 10,
                len: 5,
                rows: 1,
                bytes: 9,
                min_ns: 7,
                max_ns: i64::MAX,
            },
        ];
        let mut out = Vec::new();
        encode_blocks(&blocks, &mut out);
        assert_eq!(decode_blocks(&out, 15).as_deref(), Some(&blocks[..]));
        assert_eq!(decode_blocks(&out, 14), None);
        for cut in 0..out.len() {
            assert_eq!(decode_blocks(&out[..cut], 15), None);
        }
        let run = PartRun {
            stream: 1,
            block: 2,
            in_block: 3,
            rows: 4,
            line_bytes: 5,
            bytes: 6,
            min_ns: i64::MIN,
            max_ns: i64::MAX,
        };
        out.clear();
        run.encode(&mut out);
        assert_eq!(out.len(), RUN_BYTES);
        assert_eq!(PartRun::decode(&out), Some(run));
    }
}
