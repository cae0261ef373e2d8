//! Bodies that come compressed, each within a limit of what comes out.

use std::borrow::Cow;
use std::io::Read;

use crate::error::WireError;

/// A zstd frame may ask for a window of 2^27 bytes (128 MiB) at most, as `zstd` itself has it.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Undoes a `Content-Encoding`: `gzip`, `deflate` (with or without the zlib frame: both are
/// sent under that name), `snappy` (a block) and `zstd`. Empty and `identity` are the body
/// itself.
///
/// # Errors
/// [`WireError::Unsupported`] for other names, [`WireError::TooLarge`] when more than
/// `bytes_max` comes out, [`WireError::Malformed`] when the body is not what it should be.
pub fn decompress<'a>(
    encoding: &str,
    body: &'a [u8],
    bytes_max: usize,
) -> Result<Cow<'a, [u8]>, WireError> {
    let encoding = encoding.trim().to_ascii_lowercase();
    let out = match encoding.as_str() {
        "" | "identity" => return Ok(Cow::Borrowed(body)),
        "gzip" | "x-gzip" => read("gzip", flate2::read::MultiGzDecoder::new(body), bytes_max)?,
        "deflate" if has_zlib_frame(body) => {
            read("deflate", flate2::read::ZlibDecoder::new(body), bytes_max)?
        }
        "deflate" => read(
            "deflate",
            flate2::read::DeflateDecoder::new(body),
            bytes_max,
        )?,
        "snappy" => snappy(body, bytes_max)?,
        "zstd" => {
            let bad = |e: std::io::Error| WireError::Malformed(format!("zstd: {e}"));
            let mut decoder = zstd::stream::read::Decoder::new(body).map_err(bad)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(bad)?;
            read("zstd", decoder, bytes_max)?
        }
        other => {
            return Err(WireError::Unsupported(format!(
                "Content-Encoding {other:?} is not supported: there are gzip, deflate, snappy and zstd"
            )));
        }
    };
    Ok(Cow::Owned(out))
}

/// The two bytes of zlib: method 8, and together a multiple of 31.
fn has_zlib_frame(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

fn too_large(size: u64, limit: usize) -> WireError {
    WireError::TooLarge {
        what: "the decompressed body",
        size,
        limit: limit as u64,
    }
}

fn read(what: &str, reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::new();
    let limit = (bytes_max as u64).saturating_add(1);
    reader
        .take(limit)
        .read_to_end(&mut out)
        .map_err(|e| WireError::Malformed(format!("{what}: {e}")))?;
    if out.len() > bytes_max {
        return Err(too_large(out.len() as u64, bytes_max));
    }
    Ok(out)
}

/// A snappy block.
fn snappy(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, WireError> {
    let bad = |e: snap::Error| WireError::Malformed(format!("snappy: {e}"));
    let size = snap::raw::decompress_len(body).map_err(bad)?;
    if size > bytes_max {
        return Err(too_large(size as u64, bytes_max));
    }
    // Snappy cannot shrink by more than some 21 times, so a short body that claims to be
    // a long one is wrong: do not make room for it.
    if size > body.len().saturating_mul(24).saturating_add(64) {
        return Err(WireError::Malformed(
            "snappy: the length is impossible".to_owned(),
        ));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(bad)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn there_and_back_within_the_limit() {
        let text = b"some text some text some text".repeat(10);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&text).expect("memory");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&text).expect("memory");
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(&text).expect("memory");
        let cases = [
            ("GZIP", gz.finish().expect("memory")),
            ("deflate", zlib.finish().expect("memory")),
            ("deflate", raw.finish().expect("memory")),
            (
                "snappy",
                snap::raw::Encoder::new()
                    .compress_vec(&text)
                    .expect("memory"),
            ),
            ("zstd", zstd::bulk::compress(&text, 1).expect("memory")),
            ("identity", text.clone()),
        ];
        for (encoding, body) in &cases {
            let out = decompress(encoding, body, text.len()).expect(encoding);
            assert_eq!(*out, text, "{encoding}");
            if *encoding != "identity" {
                let error = decompress(encoding, body, text.len() - 1).expect_err(encoding);
                assert!(
                    matches!(error, WireError::TooLarge { .. }),
                    "{encoding}: {error}"
                );
                let cut = decompress(encoding, &body[..body.len() / 2], text.len());
                assert!(cut.is_err(), "{encoding}");
            }
        }
        assert!(matches!(
            decompress("br", b"", 1),
            Err(WireError::Unsupported(_))
        ));
    }
}
