//! What the head knows besides samples, as of the beginning of a log segment: the
//! names of all series with their numbers, their newest samples (what the next one
//! is compared with), exemplars and metadata.
//!
//! A checkpoint is written with every flush, whole, and the manifest names the one
//! that counts; the log before it is then not needed any more. At 1 M series it is
//! some 20 MB; a log of names that is compacted now and then would write less and
//! be one more thing that can go wrong.

use std::path::{Path, PathBuf};

use binnacle_model::append::Exemplar;
use binnacle_model::labels::Labels;
use binnacle_model::metadata::Metadata;
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::files::Files;
use binnacle_store::Error;

use crate::exemplars::Exemplars;
use crate::ingest::record::{
    Logged, decode_exemplar, decode_metadata, encode_exemplar, encode_metadata, put_bytes,
    take_bytes,
};
use crate::metadata::Families;
use crate::registry::Registry;

const MAGIC: [u8; 8] = *b"binn-mcp";
const VERSION: u32 = 1;
/// Magic, version, checksum of all behind it, length of the rest when unpacked.
const HEADER_BYTES: usize = 24;
/// Most of it is repetition; the fastest level finds it.
const LEVEL: i32 = 1;
/// A checkpoint that unpacks to more than this is damaged.
const RAW_BYTES_MAX: u64 = 16 << 30;

/// What a checkpoint holds besides the registry.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    /// For each series its newest sample.
    pub(crate) lasts: Vec<(i64, f64)>,
    pub(crate) exemplars: Vec<(Labels, Exemplar)>,
    pub(crate) metadata: Vec<(String, Metadata)>,
}

/// The file of a checkpoint.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("checkpoint-{number:010}"))
}

/// The number in a checkpoint's name.
pub(crate) fn number(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_prefix("checkpoint-")?
        .parse()
        .ok()
}

/// The bytes of a checkpoint of the first `names` of a registry.
pub(crate) fn encode(
    registry: &Registry,
    names: Logged,
    lasts: &[(i64, f64)],
    exemplars: &Exemplars,
    families: &Families,
) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(names.series as usize * 48 + 4096);
    put_varint(&mut raw, u64::from(names.pairs));
    for pair in 0..names.pairs {
        put_bytes(&mut raw, registry.pairs().encoded(pair));
    }
    put_varint(&mut raw, u64::from(names.series));
    let mut above: &[u32] = &[];
    for id in 0..names.series {
        let row = registry.row(id);
        put_varint(&mut raw, row.len() as u64);
        for (i, &pair) in row.iter().enumerate() {
            put_varint_signed(
                &mut raw,
                i64::from(pair) - above.get(i).map_or(0, |&p| i64::from(p)),
            );
        }
        above = row;
    }
    let mut before = 0i64;
    for id in 0..names.series as usize {
        let t_ms = lasts.get(id).map_or(i64::MIN, |l| l.0);
        put_varint_signed(&mut raw, t_ms.wrapping_sub(before));
        before = t_ms;
    }
    for id in 0..names.series as usize {
        raw.extend_from_slice(&lasts.get(id).map_or(0, |l| l.1.to_bits()).to_le_bytes());
    }
    put_varint(&mut raw, exemplars.len() as u64);
    for (labels, exemplar) in exemplars.iter() {
        put_bytes(&mut raw, labels.as_bytes());
        encode_exemplar(exemplar, &mut raw);
    }
    put_varint(&mut raw, families.iter().count() as u64);
    for (family, metadata) in families.iter() {
        encode_metadata(family, metadata, &mut raw);
    }
    let packed = zstd::bulk::compress(&raw, LEVEL)?;
    let mut out = Vec::with_capacity(HEADER_BYTES + packed.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(raw.len() as u64).to_le_bytes());
    out.extend_from_slice(&packed);
    let crc = crc32fast::hash(&out[16..]);
    out[12..16].copy_from_slice(&crc.to_le_bytes());
    Ok(out)
}

/// Reads a checkpoint into an empty registry.
pub(crate) fn read(
    files: &dyn Files,
    path: &Path,
    registry: &mut Registry,
) -> Result<Checkpoint, Error> {
    let bytes = files.read(path).map_err(Error::io("read", path))?;
    let bad = |what: &str| Error::corrupt(path, "checkpoint", 0, what);
    let mut header = Bytes::new(&bytes);
    if header.array() != Some(MAGIC) {
        return Err(bad("wrong magic number"));
    }
    let version = header.u32().ok_or_else(|| bad("cut short"))?;
    if version > VERSION {
        return Err(Error::NewerVersion {
            path: path.into(),
            found: version,
            supported: VERSION,
        });
    }
    let crc = header.u32().ok_or_else(|| bad("cut short"))?;
    if crc32fast::hash(header.rest()) != crc {
        return Err(bad("wrong checksum"));
    }
    let len = header
        .u64()
        .filter(|&n| n <= RAW_BYTES_MAX)
        .ok_or_else(|| bad("wrong length"))?;
    let raw =
        zstd::bulk::decompress(header.rest(), len as usize).map_err(|_| bad("does not unpack"))?;
    decode(&raw, registry).ok_or_else(|| bad("contents make no sense"))
}

fn decode(raw: &[u8], registry: &mut Registry) -> Option<Checkpoint> {
    let mut bytes = Bytes::new(raw);
    let mut checkpoint = Checkpoint::default();
    for _ in 0..bytes.varint()? {
        match take_bytes(&mut bytes)? {
            [] => registry
                .pad(registry.pairs().len() + 1, registry.len())
                .ok()?,
            encoded => {
                registry.insert_pair(encoded).ok()?;
            }
        }
    }
    let series = usize::try_from(bytes.varint()?).ok()?;
    let (mut row, mut above): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for _ in 0..series {
        row.clear();
        for i in 0..usize::try_from(bytes.varint()?).ok()? {
            let pair = above
                .get(i)
                .map_or(0, |&p| i64::from(p))
                .checked_add(bytes.varint_signed()?)?;
            row.push(u32::try_from(pair).ok()?);
        }
        registry.insert_row(&row).ok()?;
        std::mem::swap(&mut row, &mut above);
    }
    let mut t_ms = 0i64;
    for _ in 0..series {
        t_ms = t_ms.wrapping_add(bytes.varint_signed()?);
        checkpoint.lasts.push((t_ms, 0.0));
    }
    for last in &mut checkpoint.lasts {
        last.1 = f64::from_bits(bytes.u64()?);
    }
    for _ in 0..bytes.varint()? {
        let labels = Labels::from_canonical(take_bytes(&mut bytes)?).ok()?;
        checkpoint
            .exemplars
            .push((labels, decode_exemplar(&mut bytes)?));
    }
    for _ in 0..bytes.varint()? {
        checkpoint.metadata.push(decode_metadata(&mut bytes)?);
    }
    bytes.rest().is_empty().then_some(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::metadata::MetricType;
    use binnacle_stdx::files::SimulatedFiles;
    use binnacle_stdx::hash::HashKey;

    #[test]
    fn a_checkpoint_comes_back_and_damage_is_noticed() {
        let mut registry = Registry::new(1, HashKey::new(1));
        for i in 0..500u32 {
            let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())]);
            registry
                .insert(labels.as_bytes(), registry.key(labels.as_bytes()))
                .expect("new");
        }
        registry.pad(registry.pairs().len() + 2, 503).expect("room");
        let lasts: Vec<(i64, f64)> = (0..400).map(|i| (i * 7, i as f64)).collect();
        let mut exemplars = Exemplars::new(10);
        let exemplar = Exemplar {
            labels: Labels::empty(),
            value: 2.0,
            t_ms: 3,
        };
        exemplars.add(registry.key_of(4), || registry.labels(4), &exemplar);
        let mut families = Families::default();
        let metadata = Metadata {
            kind: MetricType::Gauge,
            help: "h".into(),
            unit: "s".into(),
        };
        families.set("m", &metadata);
        let bytes = encode(
            &registry,
            Logged::all(&registry),
            &lasts,
            &exemplars,
            &families,
        )
        .expect("encoded");

        let files = SimulatedFiles::new();
        let path = Path::new("/d/c");
        files.create_dir_all(Path::new("/d")).expect("made");
        files
            .create(path)
            .expect("made")
            .write_all(&bytes)
            .expect("written");
        let mut fresh = Registry::new(1, HashKey::new(2));
        let got = read(&files, path, &mut fresh).expect("read");
        assert_eq!(fresh.len(), 503);
        assert_eq!(fresh.labels(499), registry.labels(499));
        assert!(fresh.is_hole(501));
        assert_eq!(Logged::all(&fresh), Logged::all(&registry));
        assert_eq!(got.lasts[399], (399 * 7, 399.0));
        assert_eq!(got.lasts[400].0, i64::MIN);
        assert_eq!(got.exemplars, [(registry.labels(4), exemplar)]);
        assert_eq!(got.metadata, [("m".to_owned(), metadata)]);

        for at in 0..bytes.len() {
            files.flip_bit(path, at, 3);
            let mut fresh = Registry::new(1, HashKey::new(2));
            assert!(read(&files, path, &mut fresh).is_err(), "byte {at}");
            files.flip_bit(path, at, 3);
        }
    }
}
