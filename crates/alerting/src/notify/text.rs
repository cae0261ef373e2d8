//! Cutting texts to what a service takes, and the short name of a group.

use sha2::{Digest as _, Sha256};

/// What stands at the end of a text that was cut; three bytes.
const CUT: &str = "…";

/// `text` in at most `max` characters, and whether it was cut.
#[must_use]
pub fn truncate_chars(text: &str, max: usize) -> (String, bool) {
    // Each character has a byte at least.
    if text.len() <= max || text.chars().count() <= max {
        return (text.to_owned(), false);
    }
    if max <= 3 {
        return (text.chars().take(max).collect(), true);
    }
    let mut cut: String = text.chars().take(max - 1).collect();
    cut.push_str(CUT);
    (cut, true)
}

/// `text` in at most `max` bytes, cut between characters, and whether it was cut.
#[must_use]
pub fn truncate_bytes(text: &str, max: usize) -> (String, bool) {
    if text.len() <= max {
        return (text.to_owned(), false);
    }
    if max < CUT.len() {
        return (".".repeat(max), true);
    }
    let end = text.floor_char_boundary(max - CUT.len());
    (format!("{}{CUT}", &text[..end]), true)
}

/// The SHA-256 of a group's key in hexadecimal: by that, services know that two
/// notifications are about the same thing.
#[must_use]
pub fn key_hash(group_key: &str) -> String {
    let digest = Sha256::digest(group_key.as_bytes());
    let mut hash = String::with_capacity(64);
    for byte in digest {
        for digit in [byte >> 4, byte & 15] {
            hash.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    hash
}
