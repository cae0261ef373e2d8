//! Chunks: columns of times and of values as bytes, as small as they get.
//!
//! A chunk knows neither its series nor how many samples it has: whoever keeps it
//! keeps the count beside it. The first byte names the codec. The codecs of values,
//! each lossless for every bit pattern (stale markers, NaN payloads, -0.0,
//! infinities, subnormals):
//!
//! | codec | for | made at |
//! |---|---|---|
//! | constant | one value, however often | always |
//! | packed | decimals: scaled to integers, then frame of reference, delta or delta of delta, bit-packed ([`packed`]) | always |
//! | packed bits | floats with full mantissas: their bits as integers, packed in the same way | always |
//! | xor | floats whose neighbours share bits (Gorilla, Pelkonen et al. 2015) | always |
//! | packed + zstd | patterns that return | [`Effort::Thorough`] |
//! | pco | decimals scaled to integers, entropy-coded | [`Effort::Thorough`] |
//! | pco floats | the rest | [`Effort::Thorough`] |
//! | raw | what nothing makes smaller | always |
//!
//! Flushes and most merges use [`Effort::Quick`], which tries only what can be
//! estimated in a pass; the widest merges use [`Effort::Thorough`], which tries all
//! and keeps the smallest, but for an entropy coder only if it saves a tenth, for they
//! are slow to read. The bytes are described in `docs/formats/chunk.md`.
//!
//! Decoders take any bytes: they never panic, and never allocate for more samples
//! than the caller names.
//!
//! This module deliberately has no random access within a chunk: a chunk is short,
//! and decoding all of it is faster than being clever.

mod decimal;
mod entropy;
pub mod packed;
mod statistics;
#[cfg(test)]
mod tests;
mod times;
mod values;
mod xor;

pub use statistics::Statistics;
pub use times::{decode_times, encode_times};
pub use values::{Codec, codec_of, decode_values, encode_values};

/// The most samples in one chunk.
pub const CHUNK_SAMPLES_MAX: usize = 1 << 16;

/// How much work an encoder may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For flushes and most merges: only the codecs that are fast to write.
    Quick,
    /// For the widest merges: every codec, the smallest result that is not much slower
    /// to read.
    Thorough,
}

/// Why bytes are not a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes end before the samples do.
    #[error("chunk is cut short")]
    Truncated,
    /// A codec that this program does not know: a newer one may.
    #[error("chunk has unknown codec {0:#04x}")]
    UnknownCodec(u8),
    /// Something in it cannot be.
    #[error("chunk is corrupt: {0}")]
    Corrupt(&'static str),
    /// More samples than any chunk has.
    #[error("chunk of {0} samples is over the limit of {CHUNK_SAMPLES_MAX}")]
    TooManySamples(usize),
}

fn check_count(count: usize) -> Result<(), ChunkError> {
    if count > CHUNK_SAMPLES_MAX {
        Err(ChunkError::TooManySamples(count))
    } else {
        Ok(())
    }
}
