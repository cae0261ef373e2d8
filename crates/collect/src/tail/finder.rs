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
            // `{a/b,c}` may hold folders.
            rest.len().max(1) + text.matches("{").count()
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
                // Links count as what they point to: so does the kubelet make them.
                let Ok(metadata) = std::fs::metadata(&path) else {
                    continue;
                };
                if metadata.is_dir() {
                    let is_link = entry.file_type().is_ok_and(|t| t.is_symlink());
                    // A link to a folder above would go round for ever under `**`.
                    if depth < self.depth && !(is_link && self.depth == DEPTH_MAX) {
                        folders.push((path, depth + 1));
                    }
                } else if metadata.is_file() && self.matches(&path) {
                    out.insert(path);
                    if out.len() >= FOUND_MAX {
                        return;
                    }
                }
            }
        }
    }
}
