//! Which names a file may get when logs are rotated: `app.log` becomes `app.log.1`,
//! `app.log-20261201.gz`, `app-2026-12-01.log`, but neither `app2.log` nor
//! `app-worker.log`.

use std::path::Path;

/// Words that rotation adds to a name.
const ADDED: [&str; 7] = ["gz", "zst", "bz2", "xz", "old", "bak", "save"];

/// The words of a name that rotation keeps.
fn kept(path: &Path) -> impl Iterator<Item = &str> {
    let name = path.file_name().and_then(|n| n.to_str());
    name.unwrap_or_default()
        .split(['.', '-', '_'])
        .filter(|word| !word.is_empty() && !ADDED.contains(word) && !is_number(word))
}

/// A number, a date or a time such as `20261201T120000Z`.
fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'T' || b == b'Z')
}

/// Whether the one may be what became of the other when logs were rotated.
pub(super) fn may_be_rotated(new: &Path, known: &Path) -> bool {
    kept(new).eq(kept(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rotated_files() {
        let check = |known: &str, new: &str, want: bool| {
            let got = may_be_rotated(Path::new(new), Path::new(known));
            assert_eq!(got, want, "{known} {new}");
        };
        check("/v/app.log", "/v/app.log.1", true);
        check("/v/app.log", "/v/old/app.log-20261201.gz", true);
        check("/v/app.log", "/v/app-2026-12-01T12.log", true);
        check("/v/app.log.1", "/v/app.log.2.gz", true);
        check("/v/0.log", "/v/0.log.20261201-120000.gz", true);
        check("/v/app.log", "/v/app2.log", false);
        check("/v/app.log", "/v/app-worker.log", false);
        check("/v/app.log", "/v/web.log", false);
    }
}
