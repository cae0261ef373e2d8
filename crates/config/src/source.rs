//! Files as text.

use std::path::Path;

use crate::error::{At, ConfigError};

/// Larger files are no configuration.
const BYTES_MAX: u64 = 64 << 20;

/// The text of `file`.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub fn read(file: &Path) -> Result<String, ConfigError> {
    let cannot = |e: std::io::Error| ConfigError::whole(file, format!("cannot read it: {e}"));
    let size = std::fs::metadata(file).map_err(cannot)?.len();
    if size > BYTES_MAX {
        let message = format!("{size} bytes are more than a configuration may have ({BYTES_MAX})");
        return Err(ConfigError::whole(file, message));
    }
    let bytes = std::fs::read(file).map_err(cannot)?;
    text(file, bytes)
}

/// `bytes` as text.
///
/// # Errors
/// At the first byte that is not UTF-8.
pub fn text(file: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|e| {
        let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
        let start = valid.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let column = String::from_utf8_lossy(&valid[start..]).chars().count() + 1;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let at = At {
            line: number(line),
            column: number(column),
        };
        ConfigError::new(file, at, "not UTF-8")
    })
}
