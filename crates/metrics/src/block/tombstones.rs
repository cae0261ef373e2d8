//! What was deleted of a block: time ranges by series, in a small file beside it.
//!
//! The file is replaced as a whole. A block that is merged is written without what
//! its tombstones hide, and they go with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use binnacle_model::sample::Samples;
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::files::Files;
use binnacle_store::Error;

const MAGIC: [u8; 8] = *b"binn-del";
const VERSION: u32 = 1;

/// Time ranges, both ends inclusive, ascending and apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Intervals(Vec<(i64, i64)>);

impl Intervals {
    /// Adds a range.
    pub(crate) fn add(&mut self, start_ms: i64, end_ms: i64) {
        let (mut start, mut end) = (start_ms, end_ms);
        self.0.retain(|&(s, e)| {
            let apart = e.saturating_add(1) < start_ms || s > end_ms.saturating_add(1);
            if !apart {
                start = start.min(s);
                end = end.max(e);
            }
            apart
        });
        let at = self.0.partition_point(|&(s, _)| s < start);
        self.0.insert(at, (start, end));
    }

    /// Takes the deleted samples out of `out[from..]`.
    pub(crate) fn apply(&self, out: &mut Samples, from: usize) {
        for &(start, end) in &self.0 {
            let a = from + out.times_ms[from..].partition_point(|&t| t < start);
            let b = from + out.times_ms[from..].partition_point(|&t| t <= end);
            out.times_ms.drain(a..b);
            out.values.drain(a..b);
        }
    }
}

/// Deleted ranges by series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tombstones(BTreeMap<u32, Intervals>);

impl Tombstones {
    /// Whether nothing is deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is deleted of a series.
    pub(crate) fn of(&self, series: u32) -> Option<&Intervals> {
        self.0.get(&series)
    }

    /// Deletes a range of a series.
    pub(crate) fn add(&mut self, series: u32, start_ms: i64, end_ms: i64) {
        self.0.entry(series).or_default().add(start_ms, end_ms);
    }

    /// Reads the tombstones of a block; none when there is no file.
    pub(crate) fn load(files: &dyn Files, dir: &Path, id: u64) -> Result<Self, Error> {
        let path = path(dir, id);
        if !files.exists(&path) {
            return Ok(Self::default());
        }
        let bytes = files.read(&path).map_err(Error::io("read", &path))?;
        let bad = |what: &str| Error::corrupt(&path, "tombstones", 0, what);
        let (body, crc) = bytes
            .split_last_chunk::<4>()
            .ok_or_else(|| bad("cut short"))?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(bad("wrong checksum"));
        }
        let mut body = Bytes::new(body);
        if body.array() != Some(MAGIC) {
            return Err(bad("wrong magic number"));
        }
        let version = body.u32().ok_or_else(|| bad("cut short"))?;
        if version > VERSION {
            return Err(Error::NewerVersion {
                path,
                found: version,
                supported: VERSION,
            });
        }
        Self::decode(&mut body).ok_or_else(|| bad("contents make no sense"))
    }

    fn decode(body: &mut Bytes<'_>) -> Option<Self> {
        let mut tombstones = Self::default();
        for _ in 0..body.varint()? {
            let series = u32::try_from(body.varint()?).ok()?;
            for _ in 0..body.varint()? {
                let start_ms = body.varint_signed()?;
                tombstones.add(series, start_ms, body.varint_signed()?);
            }
        }
        body.rest().is_empty().then_some(tombstones)
    }

    /// Puts the file in place of the one there, atomically.
    pub(crate) fn save(&self, files: &dyn Files, dir: &Path, id: u64) -> Result<(), Error> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        put_varint(&mut out, self.0.len() as u64);
        for (&series, intervals) in &self.0 {
            put_varint(&mut out, u64::from(series));
            put_varint(&mut out, intervals.0.len() as u64);
            for &(start_ms, end_ms) in &intervals.0 {
                put_varint_signed(&mut out, start_ms);
                put_varint_signed(&mut out, end_ms);
            }
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        binnacle_store::durable::replace(files, &path(dir, id), &out)
    }
}

/// The file of a block's tombstones.
pub(crate) fn path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:010}.tombstones"))
}

/// The block's number in the name of its tombstones.
pub(crate) fn number(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_suffix(".tombstones")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut i = Intervals::default();
        for (s, e) in [
            (10, 20),
            (40, 50),
            (21, 25),
            (60, 70),
            (45, 62),
            (i64::MIN, 3),
            (100, i64::MAX),
        ] {
            i.add(s, e);
        }
        assert_eq!(i.0, [(i64::MIN, 3), (10, 25), (40, 70), (100, i64::MAX)]);
        let mut samples = Samples::default();
        for t in [1, 10, 26, 40, 70, 71, 100] {
            samples.push(t, 0.0);
        }
        i.apply(&mut samples, 1);
        assert_eq!(samples.times_ms, [1, 26, 71]);
    }
}
