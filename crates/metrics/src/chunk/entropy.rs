//! The codecs of other hands, for blocks: pco and zstd.
//!
//! pco (Loncaric et al., "Pcodec: Better Compression for Numerical Sequences", 2025)
//! is used in its wrapped form: format version, chunk metadata, one page; the count
//! is ours.

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};

use super::ChunkError;

/// Level 8 is where the size stops to fall and the time begins to rise.
const PCO_LEVEL: usize = 8;
const ZSTD_LEVEL: i32 = 3;

/// Appends `numbers` to `out`; `false`, and `out` as before, when pco refuses.
pub(super) fn pco_encode<T: Number>(numbers: &[T], out: &mut Vec<u8>) -> bool {
    let before = out.len();
    let mut write = || -> pco::errors::PcoResult<()> {
        let config = ChunkConfig::default().with_compression_level(PCO_LEVEL);
        let file = FileCompressor::default();
        let mut chunk = file.chunk_compressor(numbers, &config)?;
        file.write_header(&mut *out)?;
        chunk.write_meta(&mut *out)?;
        chunk.write_page(0, &mut *out)?;
        Ok(())
    };
    let written = write().is_ok();
    if !written {
        out.truncate(before);
    }
    written
}

/// Reads `count` numbers, appends them to `out`, and returns the bytes behind them.
pub(super) fn pco_decode<'a, T: Number + Default>(
    bytes: &'a [u8],
    count: usize,
    out: &mut Vec<T>,
) -> Result<&'a [u8], ChunkError> {
    let corrupt = |_| ChunkError::Corrupt("pco");
    let (file, rest) = FileDecompressor::new(bytes).map_err(corrupt)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(corrupt)?;
    let mut page = chunk.page_decompressor(rest, count).map_err(corrupt)?;
    let from = out.len();
    out.resize(from + count, T::default());
    let progress = page.read(&mut out[from..]).map_err(corrupt)?;
    if progress.n_processed != count {
        return Err(ChunkError::Truncated);
    }
    Ok(page.into_src())
}

/// Appends the bytes from `from` on, compressed, to `out`.
pub(super) fn zstd_encode(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    match zstd::bulk::compress(bytes, ZSTD_LEVEL) {
        Ok(compressed) => {
            out.extend_from_slice(&compressed);
            true
        }
        Err(_) => false,
    }
}

/// Opens what [`zstd_encode`] made, if it has at most `bytes_max` bytes.
pub(super) fn zstd_decode(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, ChunkError> {
    zstd::bulk::decompress(bytes, bytes_max).map_err(|_| ChunkError::Corrupt("zstd"))
}
