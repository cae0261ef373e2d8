//! `storage`: how long samples are kept, and how late they may come.

use std::time::Duration;

use binnacle_config::reader::Reader;

/// The parts of the section that act; each `None` or zero when it is not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    /// How long blocks are kept.
    pub retention_time: Option<Duration>,
    /// How many bytes blocks may have.
    pub retention_bytes: Option<u64>,
    /// How late a sample may come.
    pub out_of_order_window: Option<Duration>,
    /// How many exemplars are kept.
    pub exemplars_max: Option<u64>,
}

/// Reads the section.
pub fn read(r: &mut Reader<'_>) -> Storage {
    let mut storage = r.section("tsdb", read_tsdb).unwrap_or_default();
    storage.exemplars_max = r.section("exemplars", |r| {
        let max = r.int_or("max_exemplars", 100_000);
        u64::try_from(max).unwrap_or(0)
    });
    storage
}

fn read_tsdb(r: &mut Reader<'_>) -> Storage {
    let window = r.duration("out_of_order_time_window");
    r.float("stale_series_compaction_threshold");
    r.inactive(
        "stale_series_compaction_threshold",
        "stale series leave the head with the others",
    );
    r.section("chunk_encoding", |r| {
        let floats = r.text("floats");
        if !matches!(floats.as_str(), "" | "xor" | "xor2") {
            r.refuse(
                "floats",
                format!(
                    "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got {floats:?}"
                ),
            );
        }
    });
    r.inactive(
        "chunk_encoding",
        "chunks are encoded as they come out smallest",
    );
    let (time, bytes) = r.section("retention", read_retention).unwrap_or_default();
    Storage {
        retention_time: time,
        retention_bytes: bytes,
        out_of_order_window: (!window.is_zero()).then_some(window),
        exemplars_max: None,
    }
}

fn read_retention(r: &mut Reader<'_>) -> (Option<Duration>, Option<u64>) {
    let time = r.duration("time");
    let size = r.size("size");
    if size < 0 {
        let message = "'storage.tsdb.retention.size' must be greater than or equal to 0";
        r.refuse("size", format!("{message}, got {size}B"));
    }
    let percentage = r.float("percentage");
    if !(0.0..=100.0).contains(&percentage) {
        let message = "'storage.tsdb.retention.percentage' must be in the range [0, 100]";
        r.refuse("percentage", format!("{message}, got {percentage}"));
    }
    r.inactive(
        "percentage",
        "retention by a share of the disk is not there yet, set a size",
    );
    let bytes = u64::try_from(size).ok().filter(|b| *b > 0);
    ((!time.is_zero()).then_some(time), bytes)
}
