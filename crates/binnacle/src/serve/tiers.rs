//! The folders of tiers of logs, and those of former settings.
//!
//! The engine looks for parts in the folders it is given. A tier that is taken out of the
//! settings would take its lines with it; so the data directory remembers the folders, and
//! a start refuses to leave one behind that still holds lines.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use binnacle::config::TierSettings;
use binnacle_events::Tier;
use binnacle_store::durable;

/// The file that remembers the folders, one a line.
const REMEMBERED: &str = "tiers";

/// What parts of lines are called.
const PART_EXTENSION: &str = "events";

/// The tiers as the engine wants them. `logs` is the folder of the logs in the data
/// directory.
pub(super) fn of(settings: &[TierSettings], logs: &Path) -> Result<Vec<Tier>> {
    let tiers: Vec<Tier> = settings
        .iter()
        .map(|tier| Tier {
            after_ms: i64::try_from(tier.after.as_millis()).unwrap_or(i64::MAX),
            directory: tier
                .directory
                .clone()
                .unwrap_or_else(|| logs.join(&tier.name)),
            rewrite: tier.recompress,
        })
        .collect();
    remember(&tiers, logs)?;
    Ok(tiers)
}

/// Refuses to leave lines behind, and remembers the folders of now.
fn remember(tiers: &[Tier], logs: &Path) -> Result<()> {
    let path = logs.join(REMEMBERED);
    let known = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let mut folders: Vec<PathBuf> = tiers.iter().map(|t| t.directory.clone()).collect();
    for former in known.lines().map(PathBuf::from) {
        if former.as_os_str().is_empty() || folders.contains(&former) {
            continue;
        }
        match parts_in(&former) {
            Some(0) => {}
            Some(parts) => bail!(
                "logs.tiers does not name {} any more, where {parts} files of lines lie: name it \
                 again, or move its *.{PART_EXTENSION} files to {} and start again",
                former.display(),
                logs.join("parts").display()
            ),
            // A disk that is not there now: it is asked for again when it is.
            None => folders.push(former),
        }
    }
    let text: String = folders
        .iter()
        .map(|folder| format!("{}\n", folder.display()))
        .collect();
    if text == known {
        return Ok(());
    }
    std::fs::create_dir_all(logs).with_context(|| format!("create {}", logs.display()))?;
    durable::replace(&*binnacle_store::disk::files(), &path, text.as_bytes())
        .with_context(|| format!("write {}", path.display()))
}

/// How many parts lie in a folder; `None` when it cannot be read.
fn parts_in(folder: &Path) -> Option<usize> {
    let entries = std::fs::read_dir(folder).ok()?;
    let is_part = |entry: &std::fs::DirEntry| {
        entry
            .path()
            .extension()
            .is_some_and(|x| x == PART_EXTENSION)
    };
    Some(entries.flatten().filter(is_part).count())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_tier_with_lines_is_not_left_behind() {
        let dir = tempfile::tempdir().expect("a folder");
        let logs = dir.path().join("logs");
        let warm = TierSettings {
            name: "warm".into(),
            after: Duration::from_secs(60),
            directory: None,
            recompress: true,
        };
        let tiers = of(std::slice::from_ref(&warm), &logs).expect("a new tier");
        assert_eq!(tiers[0].directory, logs.join("warm"));
        assert_eq!(tiers[0].after_ms, 60_000);
        // Without lines it may go, and come back.
        std::fs::create_dir_all(logs.join("warm")).expect("create");
        of(&[], &logs).expect("an empty tier");
        of(std::slice::from_ref(&warm), &logs).expect("again");
        let part = logs.join("warm/0000000000000001.events");
        std::fs::write(&part, b"x").expect("write");
        let error = of(&[], &logs).expect_err("it has lines").to_string();
        assert!(error.contains("1 files of lines"), "{error}");
        std::fs::remove_file(part).expect("remove");
        of(&[], &logs).expect("they were moved");
    }
}
