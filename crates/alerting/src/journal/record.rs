//! Records of the journal. See `docs/formats/alert-journal.md`.

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint, Texts};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

use super::Replay;

const VERSION: u8 = 1;

const WHOLE: u8 = 1;
const TIMES: u8 = 2;

const FLAG_TIMEOUT: u8 = 1;
const FLAG_SETTLED: u8 = 2;

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It ends too early or has bytes that mean nothing.
    #[error("the record is corrupt")]
    Corrupt,
    /// It was written by a newer version.
    #[error("the record has version {0}, which this version does not know")]
    NewerVersion(u8),
    /// It is of no known kind.
    #[error("there is no record of kind {0}")]
    UnknownKind(u8),
}

/// What was posted of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// All of it.
    Whole(Alert),
    /// Its times; the rest is as it was.
    Times {
        /// Nanoseconds since the Unix epoch.
        starts_at_ns: i64,
        /// Nanoseconds since the Unix epoch.
        ends_at_ns: i64,
        /// Nanoseconds since the Unix epoch.
        updated_at_ns: i64,
        /// Whether the end is a timeout.
        timeout: bool,
    },
}

/// Alerts on their way into the journal.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: vec![VERSION],
        }
    }

    /// The record.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.len() <= 1
    }

    /// Adds an alert. `settled` says that everyone was told its end.
    pub fn whole(&mut self, alert: &Alert, settled: bool) {
        let out = &mut self.bytes;
        out.push(WHOLE);
        put_bytes(out, alert.labels.as_bytes());
        put_times(out, alert, settled);
        put_bytes(out, alert.generator_url.as_bytes());
        put_varint(out, alert.annotations.len() as u64);
        for (name, value) in &alert.annotations {
            put_bytes(out, name.as_bytes());
            put_bytes(out, value.as_bytes());
        }
    }

    /// Adds the times of an alert whose rest is known.
    pub fn times(&mut self, fingerprint: Fingerprint, alert: &Alert) {
        self.bytes.push(TIMES);
        self.bytes.extend_from_slice(&fingerprint.0.to_le_bytes());
        put_times(&mut self.bytes, alert, false);
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_times(out: &mut Vec<u8>, alert: &Alert, settled: bool) {
    let timeout = if alert.timeout { FLAG_TIMEOUT } else { 0 };
    let settled = if settled { FLAG_SETTLED } else { 0 };
    out.push(timeout | settled);
    put_varint_signed(out, alert.updated_at_ns);
    let before = |ns: i64| alert.updated_at_ns.wrapping_sub(ns);
    put_varint_signed(out, before(alert.starts_at_ns));
    put_varint_signed(out, before(alert.ends_at_ns));
}

pub(super) fn write_settled(alerts: &[Fingerprint]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + alerts.len() * 8);
    out.push(VERSION);
    for alert in alerts {
        out.extend_from_slice(&alert.0.to_le_bytes());
    }
    out
}

pub(super) fn read_settled(payload: &[u8], into: &mut dyn Replay) -> Result<(), RecordError> {
    let mut bytes = open(payload)?;
    while !bytes.rest().is_empty() {
        into.settled(Fingerprint(bytes.u64().ok_or(RecordError::Corrupt)?));
    }
    Ok(())
}

pub(super) fn read_posted(payload: &[u8], into: &mut dyn Replay) -> Result<(), RecordError> {
    let mut bytes = open(payload)?;
    while !bytes.rest().is_empty() {
        let (fingerprint, entry, _) = read_entry(&mut bytes).ok_or(RecordError::Corrupt)?;
        into.posted(fingerprint, entry);
    }
    Ok(())
}

pub(super) fn read_snapshot(payload: &[u8], into: &mut dyn Replay) -> Result<(), RecordError> {
    let mut bytes = open(payload)?;
    while !bytes.rest().is_empty() {
        match read_entry(&mut bytes) {
            Some((fingerprint, Entry::Whole(alert), settled)) => {
                into.stood(fingerprint, alert, settled);
            }
            _ => return Err(RecordError::Corrupt),
        }
    }
    Ok(())
}

fn open(payload: &[u8]) -> Result<Bytes<'_>, RecordError> {
    let mut bytes = Bytes::new(payload);
    match bytes.u8() {
        Some(VERSION) => Ok(bytes),
        Some(version) => Err(RecordError::NewerVersion(version)),
        None => Err(RecordError::Corrupt),
    }
}

fn read_entry(bytes: &mut Bytes<'_>) -> Option<(Fingerprint, Entry, bool)> {
    match bytes.u8()? {
        WHOLE => {
            let labels = Labels::from_canonical(read_bytes(bytes)?).ok()?;
            let times = read_times(bytes)?;
            let generator_url = read_text(bytes)?;
            let count = bytes.varint()?;
            let mut annotations = Texts::new();
            for _ in 0..count {
                annotations.push((read_text(bytes)?, read_text(bytes)?));
            }
            let alert = Alert {
                labels,
                annotations,
                starts_at_ns: times.starts_at_ns,
                ends_at_ns: times.ends_at_ns,
                updated_at_ns: times.updated_at_ns,
                timeout: times.flags & FLAG_TIMEOUT != 0,
                generator_url,
            };
            let settled = times.flags & FLAG_SETTLED != 0;
            Some((alert.fingerprint(), Entry::Whole(alert), settled))
        }
        TIMES => {
            let fingerprint = Fingerprint(bytes.u64()?);
            let times = read_times(bytes)?;
            let entry = Entry::Times {
                starts_at_ns: times.starts_at_ns,
                ends_at_ns: times.ends_at_ns,
                updated_at_ns: times.updated_at_ns,
                timeout: times.flags & FLAG_TIMEOUT != 0,
            };
            Some((fingerprint, entry, false))
        }
        _ => None,
    }
}

struct Times {
    flags: u8,
    starts_at_ns: i64,
    ends_at_ns: i64,
    updated_at_ns: i64,
}

fn read_times(bytes: &mut Bytes<'_>) -> Option<Times> {
    let flags = bytes.u8()?;
    let updated_at_ns = bytes.varint_signed()?;
    Some(Times {
        flags,
        updated_at_ns,
        starts_at_ns: updated_at_ns.wrapping_sub(bytes.varint_signed()?),
        ends_at_ns: updated_at_ns.wrapping_sub(bytes.varint_signed()?),
    })
}

fn read_bytes<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(len)
}

fn read_text(bytes: &mut Bytes<'_>) -> Option<String> {
    let text = read_bytes(bytes)?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<(Fingerprint, Entry)>);

    impl Replay for Seen {
        fn posted(&mut self, fingerprint: Fingerprint, entry: Entry) {
            self.0.push((fingerprint, entry));
        }
        fn stood(&mut self, fingerprint: Fingerprint, alert: Alert, _: bool) {
            self.0.push((fingerprint, Entry::Whole(alert)));
        }
        fn settled(&mut self, _: Fingerprint) {}
    }

    fn alert() -> Alert {
        Alert {
            labels: Labels::from_pairs([("alertname", "a"), ("b", "ü")]),
            annotations: vec![("x".into(), String::new()), ("y".into(), "z\0".into())],
            starts_at_ns: 1_763_000_000_123_456_789,
            ends_at_ns: i64::MAX,
            updated_at_ns: 1_763_000_100_000_000_000,
            timeout: true,
            generator_url: "http://p/".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let alert = alert();
        let mut batch = Batch::new();
        batch.whole(&alert, false);
        batch.times(alert.fingerprint(), &alert);
        let mut seen = Seen::default();
        read_posted(batch.bytes(), &mut seen).expect("good");
        let times = Entry::Times {
            starts_at_ns: alert.starts_at_ns,
            ends_at_ns: alert.ends_at_ns,
            updated_at_ns: alert.updated_at_ns,
            timeout: true,
        };
        let fingerprint = alert.fingerprint();
        let want = vec![(fingerprint, Entry::Whole(alert)), (fingerprint, times)];
        assert_eq!(seen.0, want);
    }

    #[test]
    fn a_damaged_record_is_an_error_and_no_panic() {
        let mut batch = Batch::new();
        batch.whole(&alert(), true);
        let whole = batch.bytes().len();
        for end in 0..whole {
            let read = read_posted(&batch.bytes()[..end], &mut Seen::default());
            assert_eq!(read.is_ok(), end == 1, "cut at {end}");
        }
        let mut random = binnacle_stdx::random::Random::new(5);
        for _ in 0..2_000 {
            let mut bytes = batch.bytes().to_vec();
            let at = random.below(whole as u64) as usize;
            bytes[at] = random.next_u64() as u8;
            // Whatever it says, it is read to an end.
            let _ = read_posted(&bytes, &mut Seen::default());
        }
    }
}
