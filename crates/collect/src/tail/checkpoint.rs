//! What is remembered of files: how far each was read, and how to know it again.
//!
//! One line of JSON for each file, in a file that is replaced as a whole. One that cannot
//! be read is put aside and told; then files are read as if they were new.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Places that are remembered of files that are gone, at most.
pub(super) const GONE_MAX: usize = 10_000;

/// Bytes of a checkpoint file, at most.
const BYTES_MAX: u64 = 64 << 20;

/// How a file is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Print {
    /// Bytes from the beginning that are hashed.
    pub head_len: u32,
    /// Their hash.
    pub head: u64,
    /// Bytes in front of the offset that are hashed.
    pub tail_len: u32,
    /// Their hash.
    pub tail: u64,
}

/// The place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the file was last seen.
    pub path: PathBuf,
    /// Its device and number.
    pub inode: (u64, u64),
    /// Bytes that were read and accepted; of a compressed file, of its content.
    pub offset: u64,
    /// How it is known again.
    pub print: Print,
    /// When it was last looked at, milliseconds.
    pub seen_ms: i64,
}

/// All places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Of files.
    pub places: Vec<Place>,
    /// Cursors of journals, by job.
    pub cursors: HashMap<String, String>,
    /// Offsets by path, taken over from Promtail's positions.
    pub by_path: HashMap<PathBuf, u64>,
}

impl Checkpoint {
    /// Reads it; an empty one when there is no file. The second value says what was wrong
    /// with a damaged one, which was put aside.
    #[must_use]
    pub fn load(path: &Path) -> (Self, Option<String>) {
        let read = std::fs::metadata(path).and_then(|m| {
            if m.len() > BYTES_MAX {
                return Err(std::io::Error::other(format!("it has {} bytes", m.len())));
            }
            std::fs::read(path)
        });
        let why = match read {
            Ok(bytes) => match parse(&bytes) {
                Some(checkpoint) => return (checkpoint, None),
                None => "it makes no sense".to_owned(),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return (Self::default(), None);
            }
            Err(error) => error.to_string(),
        };
        let aside = path.with_extension("damaged");
        let moved = match std::fs::rename(path, &aside) {
            Ok(()) => format!("moved to {}", aside.display()),
            Err(error) => format!("and cannot be moved: {error}"),
        };
        let told = format!(
            "the checkpoint of followed files {} cannot be read ({why}), {moved}: files are read \
             as new",
            path.display()
        );
        (Self::default(), Some(told))
    }

    /// Takes over the positions of Promtail; answers how many.
    pub fn import(&mut self, path: &Path) -> usize {
        let Ok(text) = std::fs::read_to_string(path) else {
            return 0;
        };
        let before = self.by_path.len();
        for line in text.lines() {
            // `  /var/log/a.log: "1234"`: the value is the last part.
            let Some((key, value)) = line.trim().rsplit_once(':') else {
                continue;
            };
            let plain = |t: &str| t.trim().trim_matches(['"', '\'']).to_owned();
            let (key, value) = (plain(key), plain(value));
            if key.starts_with('/')
                && let Ok(offset) = value.parse()
            {
                self.by_path.insert(key.into(), offset);
            }
        }
        self.by_path.len() - before
    }

    /// Replaces the file, safe from a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        use std::io::Write as _;
        let mut text = String::from("{\"version\":1}\n");
        for place in self.places.iter().rev().take(GONE_MAX).rev() {
            let p = &place.print;
            let line = json!({
                "path": place.path.to_string_lossy(),
                "device": place.inode.0,
                "inode": place.inode.1,
                "offset": place.offset,
                "head": [p.head_len, p.head],
                "tail": [p.tail_len, p.tail],
                "seen_ms": place.seen_ms,
            });
            text.push_str(&line.to_string());
            text.push('\n');
        }
        for (job, cursor) in &self.cursors {
            text.push_str(&json!({"job": job, "cursor": cursor}).to_string());
            text.push('\n');
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let temporary = path.with_extension("tmp");
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        std::fs::rename(&temporary, path)?;
        // The new name, too, must outlast a power cut.
        match path.parent() {
            Some(parent) => std::fs::File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Checkpoint> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let first: Value = serde_json::from_str(lines.next()?).ok()?;
    if first.get("version")?.as_u64()? != 1 {
        return None;
    }
    let mut checkpoint = Checkpoint::default();
    for line in lines {
        let value: Value = serde_json::from_str(line).ok()?;
        if let Some(job) = value.get("job") {
            let cursor = value.get("cursor")?.as_str()?.to_owned();
            checkpoint.cursors.insert(job.as_str()?.to_owned(), cursor);
            continue;
        }
        let number = |key: &str| value.get(key)?.as_u64();
        let pair = |key: &str| {
            let pair = value.get(key)?.as_array()?;
            let len = u32::try_from(pair.first()?.as_u64()?).ok()?;
            Some((len, pair.get(1)?.as_u64()?))
        };
        let ((head_len, head), (tail_len, tail)) = (pair("head")?, pair("tail")?);
        checkpoint.places.push(Place {
            path: value.get("path")?.as_str()?.into(),
            inode: (number("device")?, number("inode")?),
            offset: number("offset")?,
            print: Print {
                head_len,
                head,
                tail_len,
                tail,
            },
            seen_ms: value.get("seen_ms")?.as_i64()?,
        });
    }
    Some(checkpoint)
}
