//! Target groups in files (`file_sd_configs`).
//!
//! Files are looked at every few seconds, and read when their time or size has
//! changed: that works on every filesystem, unlike notifications. A file that is
//! bad keeps the groups it had; a file that is gone has none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use tokio::time::sleep;

use super::{Discovery, Teller, glob, groups};
use crate::settings::{FileDiscovery, TargetGroup};

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Bytes of one file, at most.
const FILE_BYTES_MAX: u64 = 64 << 20;

pub(super) struct FileTargets {
    patterns: Vec<PathBuf>,
    refresh: Duration,
    known: BTreeMap<PathBuf, Known>,
}

struct Known {
    stamp: (SystemTime, u64),
    groups: Vec<TargetGroup>,
}

impl FileTargets {
    pub(super) fn new(settings: &FileDiscovery) -> Self {
        Self {
            patterns: settings.files.clone(),
            refresh: settings.refresh_interval,
            known: BTreeMap::new(),
        }
    }

    /// Reads what has changed, or everything; true when the groups may be others.
    fn look(&mut self, everything: bool, teller: &Teller) -> bool {
        let mut paths: Vec<PathBuf> = self.patterns.iter().flat_map(|p| glob::files(p)).collect();
        paths.sort_unstable();
        paths.dedup();
        let before = self.known.len();
        self.known
            .retain(|path, _| paths.contains(path) && path.exists());
        let mut changed = self.known.len() != before;
        for path in paths {
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            let stamp = (
                metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                metadata.len(),
            );
            let known = self.known.get_mut(&path);
            if !everything && known.as_ref().is_some_and(|k| k.stamp == stamp) {
                continue;
            }
            match (read(&path, metadata.len()), known) {
                (Ok(groups), _) => {
                    self.known.insert(path, Known { stamp, groups });
                    changed = true;
                }
                (Err(error), known) => {
                    teller.failed(&path.display().to_string(), &error);
                    // Not again before it changes.
                    match known {
                        Some(known) => known.stamp = stamp,
                        None => {
                            self.known.insert(
                                path,
                                Known {
                                    stamp,
                                    groups: Vec::new(),
                                },
                            );
                        }
                    }
                }
            }
        }
        changed
    }

    fn groups(&self) -> Vec<TargetGroup> {
        self.known
            .values()
            .flat_map(|k| k.groups.iter().cloned())
            .collect()
    }
}

impl Discovery for FileTargets {
    fn run(mut self: Box<Self>, teller: Teller) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.look(true, &teller);
            teller.tell(self.groups()).await;
            let wait = LOOK.min(self.refresh).max(Duration::from_millis(1));
            let mut since_refresh = Duration::ZERO;
            loop {
                sleep(wait).await;
                since_refresh += wait;
                let everything = since_refresh >= self.refresh;
                if everything {
                    since_refresh = Duration::ZERO;
                }
                if self.look(everything, &teller) {
                    teller.tell(self.groups()).await;
                }
            }
        })
    }
}

fn read(path: &Path, bytes: u64) -> Result<Vec<TargetGroup>, String> {
    if bytes > FILE_BYTES_MAX {
        return Err(format!("more than {FILE_BYTES_MAX} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let name = path.display().to_string();
    let meta = ("__meta_filepath", name.as_str());
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => groups::parse_json(&text, &name, meta),
        Some("yml" | "yaml") => groups::parse_yaml(&text, &name, meta),
        _ => Err("neither .json nor .yml nor .yaml".into()),
    }
}
