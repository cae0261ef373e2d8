//! Watches the patterns of all services: which are new, and which have vanished.
//!
//! Once a minute the lines that came since the last time are taken apart into patterns,
//! service by service, and handed to the ledger. Its memory is a file beside the lines,
//! replaced every five minutes; a crash forgets what was learnt since, and learns it again.
//! Lines whose time lies before the last look are not seen: late ones are no news. When a
//! minute brings more bytes than [`BYTES_MAX`], the lines of a service are sampled evenly.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use binnacle_events::Engine;
use binnacle_logql::patterns::Miner;
use binnacle_logql::patterns::ledger::{
    Ledger, LedgerSettings, PatternRecord, PatternState, ServiceRecord, Sighting,
};
use binnacle_model::event::logs::KnownPattern;
use binnacle_model::event::{EventSelection, Rows, SelectEvents};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::select::SelectError;
use binnacle_stdx::clock::Clock;
use binnacle_store::durable;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::patterns::{OfRows, level, wanted};

/// Bytes of lines that are looked at in one look, about.
const BYTES_MAX: u64 = 256 << 20;

/// How long lines are waited for, nanoseconds.
const LAG_NS: i64 = 5_000_000_000;

/// The longest stretch that is looked at, nanoseconds: what came while nobody looked is
/// left out.
const STRETCH_NS: i64 = 900_000_000_000;

/// Looks between two savings.
const SAVED_EVERY: u32 = 5;

/// A file that is larger is not ours.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The label that names a service.
const SERVICE: &str = "service_name";

/// Counts of one service since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Patterns that were new.
    pub new: u64,
    /// Of these, those of errors.
    pub new_errors: u64,
    /// Patterns that vanished.
    pub vanished: u64,
    /// Patterns that are away now.
    pub away: u64,
    /// Patterns that are known.
    pub known: u64,
}

struct State {
    ledger: Ledger,
    counts: BTreeMap<String, ServiceCounts>,
    /// What was before this time was looked at.
    until_ns: i64,
    looks: u32,
}

/// See the module.
pub struct PatternWatch {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    path: PathBuf,
    state: Mutex<State>,
}

impl PatternWatch {
    /// Goes on from what `directory` remembers. A memory that cannot be read is told and
    /// begun anew.
    pub fn open(engine: Arc<Engine>, clock: Arc<dyn Clock>, directory: &Path) -> Self {
        let path = directory.join("patterns.json");
        let records = load(&path).unwrap_or_else(|error| {
            tracing::warn!("the patterns of lines are learnt anew: {error:#}");
            BTreeMap::new()
        });
        let until_ns = clock.now_ms().saturating_mul(1_000_000) - LAG_NS;
        let mut state = State {
            ledger: Ledger::restore(LedgerSettings::default(), records),
            counts: BTreeMap::new(),
            until_ns,
            looks: 0,
        };
        state.count_known();
        Self {
            engine,
            clock,
            path,
            state: Mutex::new(state),
        }
    }

    /// Looks at what came since the last time; one caller at a time. Blocks.
    pub fn look(&self) {
        let now_ms = self.clock.now_ms();
        let end_ns = now_ms.saturating_mul(1_000_000).saturating_sub(LAG_NS);
        let until_ns = self.state.lock().until_ns;
        let start_ns = until_ns.max(end_ns.saturating_sub(STRETCH_NS));
        if start_ns >= end_ns {
            return;
        }
        // Those who ask what is known do not wait for the reading.
        let seen = sightings(&self.engine, start_ns, end_ns);
        let mut state = self.state.lock();
        match seen {
            Ok(services) => {
                state.until_ns = end_ns;
                for (service, sightings) in services {
                    let changes = state.ledger.observe(&service, &sightings);
                    state.take(changes);
                }
                let changes = state.ledger.tick(end_ns / 1_000_000);
                state.take(changes);
                state.count_known();
            }
            Err(error) => tracing::warn!("patterns of lines: {error}"),
        }
        state.looks += 1;
        if state.looks.is_multiple_of(SAVED_EVERY) {
            self.save_state(&state);
        }
    }

    /// Saves what is known.
    pub fn save(&self) {
        self.save_state(&self.state.lock());
    }

    fn save_state(&self, state: &State) {
        if let Err(error) = save(&self.path, &state.ledger) {
            tracing::warn!("patterns of lines: {error:#}");
        }
    }

    /// All that is known.
    pub fn known(&self) -> Vec<KnownPattern> {
        let now_ms = self.clock.now_ms();
        let state = self.state.lock();
        let of_service = |(service, record): (&str, &ServiceRecord)| {
            let known: Vec<KnownPattern> = record
                .patterns
                .iter()
                .map(|p| KnownPattern {
                    service: service.to_owned(),
                    pattern: p.pattern.clone(),
                    level: p.level.clone(),
                    state: p.state(now_ms).as_str(),
                    first_ms: p.first_ms,
                    last_ms: p.last_ms,
                    lines: p.lines,
                })
                .collect();
            known
        };
        state.ledger.records().flat_map(of_service).collect()
    }

    /// Counts of each service.
    pub fn counts(&self) -> BTreeMap<String, ServiceCounts> {
        self.state.lock().counts.clone()
    }
}

impl State {
    fn take(&mut self, changes: Vec<binnacle_logql::patterns::ledger::PatternChange>) {
        for change in changes {
            let counts = self.counts.entry(change.service).or_default();
            match change.state {
                PatternState::New => {
                    counts.new += 1;
                    let is_error =
                        matches!(&*change.level, "error" | "critical" | "fatal" | "panic");
                    counts.new_errors += u64::from(is_error);
                }
                PatternState::Vanished => counts.vanished += 1,
                PatternState::Known => {}
            }
        }
    }

    fn count_known(&mut self) {
        for counts in self.counts.values_mut() {
            (counts.known, counts.away) = (0, 0);
        }
        for (service, record) in self.ledger.records() {
            let counts = self.counts.entry(service.to_owned()).or_default();
            counts.known = record.patterns.len() as u64;
            counts.away = record.patterns.iter().filter(|p| p.is_away).count() as u64;
        }
    }
}

/// What the lines of one service are made of.
#[derive(Default)]
struct Mined {
    miner: Miner,
    of_rows: OfRows,
    /// By pattern and level: lines and the newest time.
    counts: HashMap<(usize, String), (u64, i64)>,
    seen: u64,
}

/// The patterns of all lines with `start_ns <= t < end_ns`, by service.
fn sightings(
    engine: &Engine,
    start_ns: i64,
    end_ns: i64,
) -> Result<BTreeMap<String, Vec<Sighting>>, SelectError> {
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let selection = EventSelection {
        start_ns,
        end_ns,
        wanted: wanted(&[]),
        ..EventSelection::default()
    };
    let bytes: u64 = engine
        .volumes(&[], start_ns, end_ns, &meter)?
        .iter()
        .map(|v| v.bytes)
        .sum();
    let every = bytes.div_ceil(BYTES_MAX).max(1);
    let set = engine.select(&selection, &meter)?;
    let services: Vec<String> = (0..set.streams())
        .map(|s| {
            set.labels(s as u32)
                .get(SERVICE)
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let mut mined: HashMap<&str, Mined> = HashMap::new();
    let mut rows = Rows::default();
    for unit in 0..set.units().len() {
        set.read(unit, start_ns, end_ns, &mut rows)?;
        mined.values_mut().for_each(|own| own.of_rows.begin());
        for row in 0..rows.len() {
            let service = services
                .get(rows.streams[row] as usize)
                .map_or("", String::as_str);
            let own = mined.entry(service).or_default();
            own.seen += 1;
            if !own.seen.is_multiple_of(every) {
                continue;
            }
            let id = own.of_rows.number(&rows, row, &mut own.miner);
            let counted = own
                .counts
                .entry((id, level(&rows.fields, row)))
                .or_insert((0, i64::MIN));
            counted.0 += every;
            counted.1 = counted.1.max(rows.times_ns[row]);
        }
    }
    Ok(mined
        .into_iter()
        .map(|(service, own)| {
            let sightings = own
                .counts
                .into_iter()
                .map(|((id, level), (lines, t_ns))| Sighting {
                    pattern: own.miner.text(id),
                    level,
                    lines,
                    t_ms: t_ns.div_euclid(1_000_000),
                });
            (service.to_owned(), sightings.collect())
        })
        .collect())
}

fn save(path: &Path, ledger: &Ledger) -> Result<()> {
    let services: Vec<Value> = ledger
        .records()
        .map(|(service, record)| {
            let patterns: Vec<Value> = record
                .patterns
                .iter()
                .map(|p| {
                    json!({
                        "pattern": p.pattern, "level": p.level, "first_ms": p.first_ms,
                        "last_ms": p.last_ms, "lines": p.lines, "late": p.is_late,
                        "away": p.is_away, "seen": p.seen,
                    })
                })
                .collect();
            json!({
                "service": service, "first_ms": record.first_ms, "last_ms": record.last_ms,
                "patterns": patterns,
            })
        })
        .collect();
    let bytes = serde_json::to_vec(&json!({"version": 1, "services": services}))
        .context("encode the patterns")?;
    durable::replace(&*binnacle_store::disk::files(), path, &bytes)
        .with_context(|| format!("write {}", path.display()))
}

fn load(path: &Path) -> Result<BTreeMap<String, ServiceRecord>> {
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
            anyhow::bail!("{} has {} bytes", path.display(), metadata.len())
        }
        Ok(_) => std::fs::read(path).with_context(|| format!("read {}", path.display()))?,
        Err(_) => return Ok(BTreeMap::new()),
    };
    let file: Value =
        serde_json::from_slice(&bytes).with_context(|| format!("parse {}", path.display()))?;
    let services = file
        .get("services")
        .and_then(Value::as_array)
        .with_context(|| format!("{} has no services", path.display()))?;
    Ok(services.iter().filter_map(service_of).collect())
}

fn service_of(value: &Value) -> Option<(String, ServiceRecord)> {
    let patterns = value.get("patterns")?.as_array()?;
    let record = ServiceRecord {
        first_ms: value.get("first_ms")?.as_i64()?,
        last_ms: value.get("last_ms")?.as_i64()?,
        patterns: patterns.iter().filter_map(pattern_of).collect(),
    };
    Some((value.get("service")?.as_str()?.to_owned(), record))
}

fn pattern_of(value: &Value) -> Option<PatternRecord> {
    Some(PatternRecord {
        pattern: value.get("pattern")?.as_str()?.to_owned(),
        level: value.get("level")?.as_str()?.to_owned(),
        first_ms: value.get("first_ms")?.as_i64()?,
        last_ms: value.get("last_ms")?.as_i64()?,
        lines: value.get("lines")?.as_u64()?,
        is_late: value.get("late")?.as_bool()?,
        is_away: value.get("away")?.as_bool()?,
        seen: value.get("seen")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_events::EngineOptions;
    use binnacle_model::Labels;
    use binnacle_model::event::{AppendEvents, EventBatch, FieldValue};
    use binnacle_stdx::clock::ManualClock;

    use super::super::patterns::LEVEL;

    const MINUTE_MS: i64 = 60_000;

    fn log(engine: &Engine, t_ms: i64, line: &str, level: &str) {
        let mut batch = EventBatch::default();
        batch.begin_stream(&Labels::from_pairs([(SERVICE, "shop")]));
        batch.push_row(t_ms * 1_000_000, line.as_bytes());
        batch.push_field(LEVEL, FieldValue::Text(level.as_bytes()));
        engine.append(&batch).expect("append");
    }

    #[test]
    fn new_and_vanished_patterns_are_counted_and_remembered() {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::new(1_796_000_000_000));
        let files = binnacle_store::disk::files();
        let options = EngineOptions::default();
        let (engine, _) = Engine::open(files, dir.path(), options, clock.clone()).expect("open");
        let engine = Arc::new(engine);
        let watch = PatternWatch::open(engine.clone(), clock.clone(), dir.path());
        for minute in 0..240 {
            let t_ms = clock.now_ms();
            log(
                &engine,
                t_ms,
                &format!("order {minute} paid in {}ms", minute % 7),
                "info",
            );
            log(&engine, t_ms, "heartbeat of the worker", "debug");
            clock.advance(MINUTE_MS);
            watch.look();
        }
        let counts = watch.counts();
        assert_eq!((counts["shop"].known, counts["shop"].new), (2, 0));
        watch.save();

        // Another process goes on; the heartbeat is gone, and something breaks.
        let watch = PatternWatch::open(engine.clone(), clock.clone(), dir.path());
        for minute in 0..30 {
            let t_ms = clock.now_ms();
            log(
                &engine,
                t_ms,
                &format!("order {minute} paid in {}ms", minute % 7),
                "info",
            );
            log(
                &engine,
                t_ms,
                "connection to the database was refused",
                "error",
            );
            clock.advance(MINUTE_MS);
            watch.look();
        }
        assert_eq!(
            watch.counts()["shop"],
            ServiceCounts {
                new: 1,
                new_errors: 1,
                vanished: 1,
                away: 1,
                known: 3,
            }
        );
        let mut states: Vec<String> = watch
            .known()
            .into_iter()
            .map(|p| format!("{}: {}, {} lines", p.pattern, p.state, p.lines))
            .collect();
        states.sort();
        assert_eq!(
            states,
            [
                "connection to the database was refused: new, 30 lines",
                "heartbeat of the worker: vanished, 240 lines",
                "order <_> paid in <_>: known, 270 lines",
            ]
        );
    }

    #[test]
    fn a_memory_that_cannot_be_read_is_begun_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("patterns.json");
        assert_eq!(load(&path).expect("there is none").len(), 0);
        for garbage in ["", "{", "[]", "{\"services\": 7}"] {
            std::fs::write(&path, garbage).expect("write");
            assert!(load(&path).is_err(), "{garbage}");
        }
    }
}
