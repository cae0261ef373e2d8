//! The manifest: which blocks are alive, and from where on the log counts.
//!
//! One small file, replaced as a whole: a flush or a merge has happened when the new
//! manifest has its name, and not before. Whatever lies in the folder and is not in
//! the manifest is left over from a crash and can be removed. The bytes are described
//! in `docs/formats/block-file.md`.

use std::path::Path;

use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::files::Files;

use crate::Error;

const MAGIC: [u8; 8] = *b"binn-man";
const VERSION: u32 = 1;
/// The name of the file.
pub const MANIFEST_NAME: &str = "manifest";

/// A block as the manifest, merging and retention know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockMeta {
    /// Its number: never used twice in one folder. Higher ones are younger writes.
    pub id: u64,
    /// How often its data were merged; 0 straight from the head.
    pub level: u32,
    /// 0 for data as they came, else the step of the downsampled tier.
    pub resolution_ms: i64,
    /// The time of its first sample, milliseconds since the Unix epoch.
    pub min_ms: i64,
    /// The time of its last sample.
    pub max_ms: i64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Series in it.
    pub series: u64,
    /// Samples in it.
    pub samples: u64,
}

/// The list of live blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Rises with every save.
    pub generation: u64,
    /// The number that the next block gets.
    pub next_block_id: u64,
    /// What stands in the log before this segment is in blocks.
    pub log_from_segment: u64,
    /// The blocks, by number.
    pub blocks: Vec<BlockMeta>,
}

impl Manifest {
    /// Loads the manifest of a folder; `None` when there is none yet.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::NewerVersion`], [`Error::Io`].
    pub fn load(files: &dyn Files, dir: &Path) -> Result<Option<Self>, Error> {
        let path = dir.join(MANIFEST_NAME);
        if !files.exists(&path) {
            return Ok(None);
        }
        let bytes = files.read(&path).map_err(Error::io("read", &path))?;
        Self::decode(&path, &bytes).map(Some)
    }

    /// Puts the manifest into its folder in place of the one there, atomically, with
    /// the next generation.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Io`]: then the one before counts.
    pub fn save(&mut self, files: &dyn Files, dir: &Path) -> Result<(), Error> {
        let path = dir.join(MANIFEST_NAME);
        let temporary = dir.join("manifest.tmp");
        let next = Self {
            generation: self.generation + 1,
            ..self.clone()
        };
        write_synced(files, &temporary, &next.encode()).inspect_err(|_| {
            // The next save begins it anew in any case.
            let _ = files.remove(&temporary);
        })?;
        files
            .rename(&temporary, &path)
            .map_err(Error::io("rename", &path))?;
        *self = next;
        files.sync_dir(dir).map_err(Error::io("sync", dir))
    }

    /// A number for a new block; it counts once the manifest is saved.
    pub fn take_block_id(&mut self) -> u64 {
        let id = self.next_block_id;
        self.next_block_id += 1;
        id
    }

    /// Takes blocks out and puts one in.
    pub fn replace(&mut self, old: &[u64], new: Option<BlockMeta>) {
        self.blocks.retain(|b| !old.contains(&b.id));
        self.blocks.extend(new);
        self.blocks.sort_by_key(|b| b.id);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        for number in [self.generation, self.next_block_id, self.log_from_segment] {
            put_varint(&mut out, number);
        }
        put_varint(&mut out, self.blocks.len() as u64);
        for b in &self.blocks {
            put_varint(&mut out, b.id);
            put_varint(&mut out, u64::from(b.level));
            for time in [b.resolution_ms, b.min_ms, b.max_ms] {
                put_varint_signed(&mut out, time);
            }
            for number in [b.bytes, b.series, b.samples] {
                put_varint(&mut out, number);
            }
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let corrupt =
            |offset: usize, what: &str| Err(Error::corrupt(path, "manifest", offset as u64, what));
        let Some((body, crc)) = bytes.split_last_chunk::<4>() else {
            return corrupt(0, "file is cut short");
        };
        if !body.starts_with(&MAGIC) {
            return corrupt(0, "wrong magic number");
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return corrupt(body.len(), "wrong checksum");
        }
        let mut rest = Bytes::new(&body[MAGIC.len()..]);
        match rest.u32() {
            Some(VERSION) => {}
            Some(found) if found > VERSION => {
                let path = path.to_path_buf();
                return Err(Error::NewerVersion {
                    path,
                    found,
                    supported: VERSION,
                });
            }
            _ => return corrupt(MAGIC.len(), "unknown version"),
        }
        match decode_body(&mut rest) {
            Some(manifest) if rest.rest().is_empty() => Ok(manifest),
            _ => corrupt(body.len() - rest.rest().len(), "fields make no sense"),
        }
    }
}

fn decode_body(bytes: &mut Bytes<'_>) -> Option<Manifest> {
    let mut manifest = Manifest {
        generation: bytes.varint()?,
        next_block_id: bytes.varint()?,
        log_from_segment: bytes.varint()?,
        blocks: Vec::new(),
    };
    for _ in 0..bytes.varint()? {
        manifest.blocks.push(BlockMeta {
            id: bytes.varint()?,
            level: u32::try_from(bytes.varint()?).ok()?,
            resolution_ms: bytes.varint_signed()?,
            min_ms: bytes.varint_signed()?,
            max_ms: bytes.varint_signed()?,
            bytes: bytes.varint()?,
            series: bytes.varint()?,
            samples: bytes.varint()?,
        });
    }
    Some(manifest)
}

fn write_synced(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = files.create(path).map_err(Error::io("create", path))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.sync_data().map_err(Error::io("sync", path))
}
