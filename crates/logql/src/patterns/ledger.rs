//! Which patterns each service is known to log, which are new, and which have vanished.
//!
//! Patterns of one stretch of time are handed in with their counts; the ledger finds those
//! it knows again, even where another stretch cut them differently: by their text, by the
//! miner's likeness, and by whether one would match the lines of the other. A service is
//! learnt before anything of it is called new. A pattern is regular when it came in nearly
//! every interval for some hours; it has vanished when it stays away while its service
//! goes on logging. A pattern that comes once a night is neither.
//!
//! A state machine over time that is handed in: no clock, no file. What it holds is
//! bounded by [`LedgerSettings`].

use std::collections::{BTreeMap, HashMap};

use binnacle_model::event::LineMatch;

use super::{Miner, VARIES};

/// Intervals that a record remembers.
const INTERVALS: u32 = 64;

/// A pattern is regular when it came in that many of the [`REGULAR_OF`] intervals before
/// it was last seen.
const REGULAR_MIN: u32 = 33;
const REGULAR_OF: u32 = 36;

/// Intervals that a regular pattern stays away before it counts as vanished.
const ABSENT_MIN: i64 = 3;

/// Bytes of a pattern's text that are kept.
const TEXT_BYTES_MAX: usize = 4_096;

/// How long a pattern is called new, milliseconds.
const NEW_FOR_MS: i64 = 24 * 3_600_000;

/// Limits and times of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    /// How long a service is learnt before its patterns are called new, milliseconds.
    pub learn_ms: i64,
    /// The interval that presence is counted in, milliseconds.
    pub interval_ms: i64,
    /// Services at most; further ones are not watched.
    pub services_max: usize,
    /// Patterns of a service at most; further ones are not watched.
    pub patterns_max: usize,
    /// Patterns that did not come for so long are forgotten, milliseconds.
    pub forget_ms: i64,
}

impl Default for LedgerSettings {
    /// An hour of learning, intervals of five minutes, 500 services with 400 patterns
    /// each, forgotten after 30 days.
    fn default() -> Self {
        Self {
            learn_ms: 3_600_000,
            interval_ms: 300_000,
            services_max: 500,
            patterns_max: 400,
            forget_ms: 30 * 86_400_000,
        }
    }
}

/// What a pattern is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternState {
    /// It was there when its service was learnt, or has been for a day.
    Known,
    /// It came first within the last day, after its service was learnt.
    New,
    /// It was regular and stays away, while its service goes on.
    Vanished,
}

impl PatternState {
    /// `known`, `new` or `vanished`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::New => "new",
            Self::Vanished => "vanished",
        }
    }
}

/// What is remembered of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternRecord {
    /// The text with `<_>` where it varies.
    pub pattern: String,
    /// Level of the lines it was first seen with; empty when there was none.
    pub level: String,
    /// When it was first seen, milliseconds.
    pub first_ms: i64,
    /// When it was last seen, milliseconds.
    pub last_ms: i64,
    /// Lines in all.
    pub lines: u64,
    /// Whether it came after its service was learnt.
    pub is_late: bool,
    /// Whether it is away, see [`PatternState::Vanished`].
    pub is_away: bool,
    /// The intervals it came in: the lowest bit is that of `last_ms`.
    pub seen: u64,
}

impl PatternRecord {
    /// What it is at the time `now_ms`.
    #[must_use]
    pub fn state(&self, now_ms: i64) -> PatternState {
        if self.is_away {
            PatternState::Vanished
        } else if self.is_late && now_ms.saturating_sub(self.first_ms) < NEW_FOR_MS {
            PatternState::New
        } else {
            PatternState::Known
        }
    }

    fn is_regular(&self) -> bool {
        (self.seen & ((1 << REGULAR_OF) - 1)).count_ones() >= REGULAR_MIN
    }

    /// Marks an interval; it may lie before the last one.
    fn mark(&mut self, t_ms: i64, interval_ms: i64) {
        let (now, last) = (
            t_ms.div_euclid(interval_ms),
            self.last_ms.div_euclid(interval_ms),
        );
        if now >= last {
            let by = u32::try_from(now - last).unwrap_or(INTERVALS);
            self.seen = self.seen.checked_shl(by).unwrap_or(0) | 1;
            self.last_ms = self.last_ms.max(t_ms);
        } else if let Ok(by @ 0..64) = u32::try_from(last - now) {
            self.seen |= 1 << by;
        }
    }
}

/// What a service is known to log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceRecord {
    /// When its first line came, milliseconds.
    pub first_ms: i64,
    /// When its last line came, milliseconds.
    pub last_ms: i64,
    /// Its patterns.
    pub patterns: Vec<PatternRecord>,
}

/// Patterns of some stretch of time, as they are handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The text with `<_>` where it varies.
    pub pattern: String,
    /// Level of the lines; empty when they have none.
    pub level: String,
    /// Lines.
    pub lines: u64,
    /// Time of the newest of them, milliseconds.
    pub t_ms: i64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternChange {
    /// Which service.
    pub service: String,
    /// Which pattern.
    pub pattern: String,
    /// Its level.
    pub level: String,
    /// What it has become: new, vanished, or known when a vanished one came back.
    pub state: PatternState,
}

/// A service and what finds its patterns again.
#[derive(Default)]
struct Service {
    record: ServiceRecord,
    /// By text, whatever text they came with.
    by_text: HashMap<String, usize>,
    miner: Miner,
    /// By the miner's number.
    by_mined: HashMap<usize, usize>,
}

/// See the module.
pub struct Ledger {
    settings: LedgerSettings,
    services: BTreeMap<String, Service>,
}

/// A line that the pattern would match.
fn sample(pattern: &str) -> String {
    pattern.replace(VARIES, "0")
}

/// The test whether a line is of a pattern.
fn test_of(pattern: &str) -> LineMatch {
    LineMatch::Pieces {
        pieces: pattern
            .split(VARIES)
            .filter(|p| !p.is_empty())
            .map(|p| p.as_bytes().to_vec())
            .collect(),
        open_start: pattern.starts_with(VARIES),
        open_end: pattern.ends_with(VARIES),
    }
}

/// Whether a pattern says anything: `<_>` alone matches all lines.
fn is_telling(pattern: &str) -> bool {
    pattern
        .split(VARIES)
        .any(|piece| piece.bytes().any(|b| b.is_ascii_alphabetic() || b >= 0x80))
}

impl Service {
    fn of(record: ServiceRecord) -> Self {
        let mut service = Self {
            record,
            ..Self::default()
        };
        for at in 0..service.record.patterns.len() {
            service.index(at);
        }
        service
    }

    fn index(&mut self, at: usize) {
        let text = self.record.patterns[at].pattern.clone();
        let mined = self.miner.add(sample(&text).as_bytes());
        self.by_mined.entry(mined).or_insert(at);
        self.by_text.insert(text, at);
    }

    /// The place of the pattern, if it is known.
    fn find(&mut self, pattern: &str, aliases_max: usize) -> Option<usize> {
        if let Some(&at) = self.by_text.get(pattern) {
            return Some(at);
        }
        let line = sample(pattern);
        let mined = self.miner.add(line.as_bytes());
        let found = self.by_mined.get(&mined).copied().or_else(|| {
            let own = test_of(pattern);
            self.record.patterns.iter().position(|known| {
                test_of(&known.pattern).is_match(line.as_bytes())
                    || own.is_match(sample(&known.pattern).as_bytes())
            })
        })?;
        if self.by_text.len() < aliases_max {
            self.by_text.insert(pattern.to_owned(), found);
        }
        Some(found)
    }
}

impl Ledger {
    /// An empty one.
    #[must_use]
    pub fn new(settings: LedgerSettings) -> Self {
        Self {
            settings,
            services: BTreeMap::new(),
        }
    }

    /// One that goes on from what another knew.
    #[must_use]
    pub fn restore(settings: LedgerSettings, records: BTreeMap<String, ServiceRecord>) -> Self {
        let mut services = BTreeMap::new();
        for (name, mut record) in records.into_iter().take(settings.services_max) {
            record.patterns.truncate(settings.patterns_max);
            services.insert(name, Service::of(record));
        }
        Self { settings, services }
    }

    /// What it knows, by service.
    pub fn records(&self) -> impl Iterator<Item = (&str, &ServiceRecord)> {
        self.services.iter().map(|(n, s)| (n.as_str(), &s.record))
    }

    /// Takes what a service logged; answers the patterns that are new or have come back.
    pub fn observe(&mut self, service: &str, sightings: &[Sighting]) -> Vec<PatternChange> {
        let settings = &self.settings;
        let is_full = self.services.len() >= settings.services_max;
        if sightings.is_empty() || (is_full && !self.services.contains_key(service)) {
            return Vec::new();
        }
        let own = self.services.entry(service.to_owned()).or_default();
        let times = sightings.iter().map(|s| s.t_ms);
        if own.record.patterns.is_empty() {
            own.record.first_ms = times.clone().min().unwrap_or(0);
        }
        own.record.last_ms = own.record.last_ms.max(times.max().unwrap_or(0));
        let mut changes = Vec::new();
        for sighting in sightings {
            let pattern = &sighting.pattern;
            if pattern.len() > TEXT_BYTES_MAX || !is_telling(pattern) {
                continue;
            }
            let change = |state| PatternChange {
                service: service.to_owned(),
                pattern: pattern.clone(),
                level: sighting.level.clone(),
                state,
            };
            if let Some(at) = own.find(pattern, settings.patterns_max * 4) {
                let known = &mut own.record.patterns[at];
                known.lines = known.lines.saturating_add(sighting.lines);
                known.mark(sighting.t_ms, settings.interval_ms);
                if std::mem::take(&mut known.is_away) {
                    changes.push(change(PatternState::Known));
                }
                continue;
            }
            if own.record.patterns.len() >= settings.patterns_max {
                continue;
            }
            let age_ms = sighting.t_ms.saturating_sub(own.record.first_ms);
            let is_late = age_ms >= settings.learn_ms;
            own.record.patterns.push(PatternRecord {
                pattern: pattern.clone(),
                level: sighting.level.clone(),
                first_ms: sighting.t_ms,
                last_ms: sighting.t_ms,
                lines: sighting.lines,
                is_late,
                is_away: false,
                seen: 1,
            });
            own.index(own.record.patterns.len() - 1);
            if is_late {
                changes.push(change(PatternState::New));
            }
        }
        changes
    }

    /// Looks which regular patterns stay away, and forgets what is long gone. All that was
    /// logged before `now_ms` has been handed in.
    pub fn tick(&mut self, now_ms: i64) -> Vec<PatternChange> {
        let mut changes = Vec::new();
        let (interval_ms, forget_ms) = (self.settings.interval_ms, self.settings.forget_ms);
        let now = now_ms.div_euclid(interval_ms);
        for (name, service) in &mut self.services {
            // A service that is silent as a whole has lost no pattern.
            let heard = service.record.last_ms.div_euclid(interval_ms).min(now);
            for known in &mut service.record.patterns {
                let absent = heard - known.last_ms.div_euclid(interval_ms);
                if !known.is_away && absent >= ABSENT_MIN && known.is_regular() {
                    known.is_away = true;
                    changes.push(PatternChange {
                        service: name.clone(),
                        pattern: known.pattern.clone(),
                        level: known.level.clone(),
                        state: PatternState::Vanished,
                    });
                }
            }
            let before = service.record.patterns.len();
            let oldest_ms = now_ms.saturating_sub(forget_ms);
            service.record.patterns.retain(|p| p.last_ms >= oldest_ms);
            if service.record.patterns.len() < before {
                *service = Service::of(std::mem::take(&mut service.record));
            }
        }
        self.services.retain(|_, s| !s.record.patterns.is_empty());
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn sight(pattern: &str, t_ms: i64) -> Sighting {
        Sighting {
            pattern: pattern.into(),
            level: "info".into(),
            lines: 10,
            t_ms,
        }
    }

    fn shown(changes: &[PatternChange]) -> Vec<String> {
        changes
            .iter()
            .map(|c| format!("{} {}", c.state.as_str(), c.pattern))
            .collect()
    }

    /// A service that logged one pattern every minute until `until_ms`.
    fn learnt(until_ms: i64) -> Ledger {
        let mut ledger = Ledger::new(LedgerSettings::default());
        let mut t_ms = 0;
        while t_ms < until_ms {
            let changes = ledger.observe("shop", &[sight("order <_> paid in <_>ms", t_ms)]);
            assert_eq!(changes, []);
            assert_eq!(ledger.tick(t_ms), []);
            t_ms += MINUTE;
        }
        ledger
    }

    #[test]
    fn a_service_is_learnt_before_its_patterns_are_new() {
        let mut ledger = learnt(30 * MINUTE);
        assert_eq!(
            ledger.observe("shop", &[sight("cache is cold", 30 * MINUTE)]),
            []
        );
        let mut ledger = learnt(90 * MINUTE);
        let changes = ledger.observe("shop", &[sight("cache is cold", 90 * MINUTE)]);
        assert_eq!(shown(&changes), ["new cache is cold"]);
        let changes = ledger.observe("shop", &[sight("cache is cold", 91 * MINUTE)]);
        assert_eq!(shown(&changes), [] as [&str; 0]);
        let (_, record) = ledger.records().next().expect("a service");
        let new = &record.patterns[1];
        assert_eq!(new.state(91 * MINUTE), PatternState::New);
        assert_eq!(new.state(91 * MINUTE + NEW_FOR_MS), PatternState::Known);
    }

    #[test]
    fn the_same_pattern_cut_differently_is_not_new() {
        let check = |pattern: &str, is_new: bool| {
            let mut ledger = learnt(90 * MINUTE);
            let changes = ledger.observe("shop", &[sight(pattern, 90 * MINUTE)]);
            assert_eq!(!changes.is_empty(), is_new, "{pattern}: {changes:?}");
        };
        check("order <_> paid in <_>", false);
        check("order 17-<_> paid in <_>ms", false);
        check("order <_>", false);
        check("order <_> refused in <_>ms", false); // alike: one word of five differs
        check("payment of order <_> was refused", true);
        check("<_>", false);
        check("<_> 12 <_>", false);
    }

    #[test]
    fn a_regular_pattern_that_stays_away_has_vanished_and_comes_back() {
        let mut ledger = learnt(240 * MINUTE);
        // The service goes on with something else.
        let mut all = Vec::new();
        for minute in 240..270 {
            let t_ms = minute * MINUTE;
            all.extend(ledger.observe("shop", &[sight("cache is cold", t_ms)]));
            all.extend(ledger.tick(t_ms));
            if minute == 249 {
                // Two intervals may be a pause.
                assert_eq!(shown(&all), ["new cache is cold"]);
            }
        }
        assert_eq!(
            shown(&all),
            ["new cache is cold", "vanished order <_> paid in <_>ms"]
        );
        let back = ledger.observe("shop", &[sight("order <_> paid in <_>ms", 270 * MINUTE)]);
        assert_eq!(shown(&back), ["known order <_> paid in <_>ms"]);
    }

    #[test]
    fn a_silent_service_and_a_rare_pattern_vanish_not() {
        let mut ledger = learnt(240 * MINUTE);
        for minute in 240..400 {
            assert_eq!(ledger.tick(minute * MINUTE), []);
        }
        let mut ledger = learnt(60 * MINUTE);
        for minute in 60..120 {
            ledger.observe("shop", &[sight("cache is cold", minute * MINUTE)]);
            assert_eq!(ledger.tick(minute * MINUTE), []);
        }
    }

    #[test]
    fn what_is_remembered_comes_back_and_is_forgotten_in_time() {
        let ledger = learnt(240 * MINUTE);
        let records: BTreeMap<String, ServiceRecord> = ledger
            .records()
            .map(|(name, record)| (name.to_owned(), record.clone()))
            .collect();
        let settings = LedgerSettings::default();
        let mut restored = Ledger::restore(settings.clone(), records);
        let again = restored.observe("shop", &[sight("order <_> paid in <_>", 241 * MINUTE)]);
        assert_eq!(again, []);
        restored.tick(241 * MINUTE + settings.forget_ms + 1);
        assert_eq!(restored.records().count(), 0);
    }

    #[test]
    fn there_are_limits() {
        let settings = LedgerSettings {
            services_max: 2,
            patterns_max: 3,
            ..LedgerSettings::default()
        };
        let mut ledger = Ledger::new(settings);
        let words = ["alpha", "beta", "gamma", "delta", "epsilon"];
        for service in words {
            for word in words {
                ledger.observe(service, &[sight(&format!("{word} {word} {word}"), 0)]);
            }
        }
        let counts: Vec<usize> = ledger.records().map(|(_, r)| r.patterns.len()).collect();
        assert_eq!(counts, [3, 3]);
    }

    #[test]
    fn late_sightings_mark_their_own_interval() {
        let mut record = PatternRecord {
            pattern: String::new(),
            level: String::new(),
            first_ms: 0,
            last_ms: 0,
            lines: 0,
            is_late: false,
            is_away: false,
            seen: 1,
        };
        record.mark(4 * 10, 10);
        record.mark(2 * 10, 10);
        record.mark(-1_000_000, 10);
        assert_eq!((record.seen, record.last_ms), (0b10101, 40));
        record.mark(i64::MAX, 10);
        assert_eq!(record.seen, 1);
    }
}
