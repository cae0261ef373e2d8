//! Decompression within a limit: a small answer must not fill the memory.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Why a body could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It would be larger than allowed.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// It is not what the encoding says.
    #[error("{0}")]
    Bad(String),
}

/// Opens a gzip body into `out`, at most `limit` bytes.
pub(crate) fn gunzip(compressed: &[u8], out: &mut Vec<u8>, limit: u64) -> Result<(), BodyError> {
    out.clear();
    // One byte more tells a body that just fits from one that does not.
    let mut reader = MultiGzDecoder::new(compressed).take(limit.saturating_add(1));
    reader
        .read_to_end(out)
        .map_err(|e| BodyError::Bad(e.to_string()))?;
    if out.len() as u64 > limit {
        return Err(BodyError::TooLarge(limit));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzip(&vec![0u8; 50 << 20]);
        assert!(bomb.len() < 100_000);
        let mut out = Vec::new();
        assert!(matches!(
            gunzip(&bomb, &mut out, 1 << 20),
            Err(BodyError::TooLarge(_))
        ));
        assert!(out.capacity() < 4 << 20, "{}", out.capacity());
    }

    #[test]
    fn bodies_up_to_the_limit_are_taken() {
        let mut out = Vec::new();
        gunzip(&gzip(b"abc"), &mut out, 3).unwrap();
        assert_eq!(out, b"abc");
        assert!(matches!(
            gunzip(&gzip(b"abcd"), &mut out, 3),
            Err(BodyError::TooLarge(3))
        ));
        let mut cut = gzip(b"some text that is cut");
        cut.truncate(cut.len() - 9);
        assert!(matches!(
            gunzip(&cut, &mut out, 100),
            Err(BodyError::Bad(_))
        ));
        assert!(matches!(
            gunzip(b"no gzip", &mut out, 100),
            Err(BodyError::Bad(_))
        ));
    }
}
