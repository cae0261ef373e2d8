//! Samples: a time and a value.
//!
//! Times are milliseconds since the Unix epoch (`t_ms`, `i64`) everywhere in the
//! metrics signal, as in Prometheus' formats and API.

use std::sync::Arc;

use crate::histogram::Histogram;

/// The bits of the value that ends a series ("staleness marker"): a NaN with a
/// payload of its own, as Prometheus writes it (`value.StaleNaN`).
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The bits of the NaN that Prometheus stores for `NaN` in an exposition.
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// The staleness marker.
pub const STALE_NAN: f64 = f64::from_bits(STALE_NAN_BITS);

/// Whether `value` is the staleness marker, bit for bit.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// One float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the Unix epoch.
    pub t_ms: i64,
    /// The value; may be any bit pattern.
    pub value: f64,
}

/// Samples of one series as columns, ascending in time, at most one for a time.
///
/// `histograms` is sparse: an entry `(i, h)` says that sample `i` is the native
/// histogram `h`, and then `values[i]` is 0 and has no meaning, unless the sample
/// is stale, which is a float in both cases. `starts_ms` is empty, or as long as
/// `times_ms` and holds the time since which a counter counts (0: not known).
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Milliseconds since the Unix epoch, strictly ascending.
    pub times_ms: Vec<i64>,
    /// Values, as many as times.
    pub values: Vec<f64>,
    /// Native histograms by index, ascending.
    pub histograms: Vec<(u32, Arc<Histogram>)>,
    /// Start timestamps, or empty when none is known.
    pub starts_ms: Vec<i64>,
}

impl Samples {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times_ms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times_ms.is_empty()
    }

    /// Forgets all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.times_ms.clear();
        self.values.clear();
        self.histograms.clear();
        self.starts_ms.clear();
    }

    /// Appends a float sample; the caller keeps times ascending.
    pub fn push(&mut self, t_ms: i64, value: f64) {
        self.times_ms.push(t_ms);
        self.values.push(value);
        if !self.starts_ms.is_empty() {
            self.starts_ms.push(0);
        }
    }
}
