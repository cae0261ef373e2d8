//! Patterns of paths, and the files that match them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Folders that a search goes down, at most.
const DEPTH_MAX: usize = 32;

/// Files that one pattern finds, at most.
const FOUND_MAX: usize = 100_000;

/// A pattern with the folder in which a search begins.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    root: PathBuf,
    /// Folders below the root that the pattern reaches.
    depth: usize,
    glob: GlobMatcher,
}

fn is_literal(part: &str) -> bool {
    !part.contains(['*', '?', '[', '{'])
}

impl Pattern {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("it does not begin with /".to_owned());
        }
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|e| e.kind().to_string())?
            .compile_matcher();
        let parts: Vec<&str> = text.split('/').filter(|p| !p.is_empty()).collect();
        let literal = parts.iter().take_while(|p| is_literal(p)).count();
        // The last part is a file's, pattern or not.
        let folders = literal.min(parts.len().saturating_sub(1));
        let mut root = PathBuf::from("/");
        root.extend(&parts[..folders]);
        let rest = &parts[folders..];
        let depth = if rest.iter().any(|p| p.contains("**")) {
            DEPTH_MAX
        } else {
            // No way through `{a/b,c}` has more folders than there are slashes.
            rest.len().max(1)
        };
        Ok(Self { root, depth, glob })
    }

    pub(super) fn matches(&self, path: &Path) -> bool {
        self.glob.is_match(path)
    }

    /// Adds the files that match. A folder that cannot be read is handed to `unreadable`.
    pub(super) fn find(
        &self,
        out: &mut BTreeSet<PathBuf>,
        unreadable: &mut dyn FnMut(&Path, &std::io::Error),
    ) {
        let mut folders = vec![(self.root.clone(), 1)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    unreadable(&folder, &error);
                    continue;
                }
            };
            for entry in entries.flatten() {
                let path = entry.path();
                let Ok(own) = entry.file_type() else {
                    continue;
                };
                // Links count as what they point to: so does the kubelet make them. Of others
                // the folder says what they are, and nothing has to be asked of the system.
                let kind = if own.is_symlink() {
                    std::fs::metadata(&path).map(|m| m.file_type())
                } else {
                    Ok(own)
                };
                let Ok(kind) = kind else {
                    continue;
                };
                if kind.is_dir() {
                    // A link to a folder above would go round for ever under `**`.
                    if depth < self.depth && !(own.is_symlink() && self.depth == DEPTH_MAX) {
                        folders.push((path, depth + 1));
                    }
                } else if kind.is_file() && self.matches(&path) {
                    out.insert(path);
                    if out.len() >= FOUND_MAX {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_patterns_find() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "x\n").expect("written");
        };
        for path in [
            "a/b/1.log",
            "a/2.log",
            "c/3.log",
            "c/d/4.log",
            "5.log",
            "6.txt",
        ] {
            write(path);
        }
        let link = std::os::unix::fs::symlink::<_, std::path::PathBuf>;
        link("../6.txt", dir.path().join("c/7.log")).expect("a link");
        link("a", dir.path().join("e")).expect("a link");
        link("nowhere", dir.path().join("8.log")).expect("a link");
        let find = |text: &str| {
            let pattern = Pattern::new(&format!("{}/{text}", dir.path().display()));
            let mut found = BTreeSet::new();
            pattern
                .expect("a pattern")
                .find(&mut found, &mut |path, error| panic!("{path:?}: {error}"));
            let own = |path: &PathBuf| {
                path.strip_prefix(dir.path())
                    .expect("in it")
                    .display()
                    .to_string()
            };
            found.iter().map(own).collect::<Vec<String>>().join(" ")
        };
        assert_eq!(find("*.log"), "5.log");
        assert_eq!(find("*/*.log"), "a/2.log c/3.log c/7.log e/2.log");
        assert_eq!(find("{a/b,c}/*.log"), "a/b/1.log c/3.log c/7.log");
        assert_eq!(find("{5,a/2,a/b/1}.log"), "5.log a/2.log a/b/1.log");
        assert_eq!(find("{*,nothing}.{log,txt}"), "5.log 6.txt");
        // Links to folders are not gone through where there is no end.
        assert_eq!(
            find("**/*.log"),
            "5.log a/2.log a/b/1.log c/3.log c/7.log c/d/4.log"
        );
    }
}
