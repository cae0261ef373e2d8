//! Alerts as they were told: filled in, checked, merged.
//!
//! [`Alerts`] is a plain map from fingerprint to alert, owned by the
//! [`crate::dispatch::Board`] and changed only under its lock: a batch is merged in one
//! go, so no alert waits for another one's turn. An alert that is told again with
//! nothing new but its times costs one lookup and one allocation.
//!
//! It deliberately keeps no history; that is [`crate::history`].

mod merge;
mod order;
mod validate;

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint};
use hashbrown::HashMap;

pub use merge::merge;
pub use order::{compare, labels_before};
pub use validate::{complete, validate};

/// Nanoseconds of a millisecond.
pub const NS_PER_MS: i64 = 1_000_000;

/// A fingerprint is a hash already.
#[derive(Debug, Default, Clone, Copy)]
pub struct FingerprintHasher(u64);

impl Hasher for FingerprintHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 ^= n;
    }
}

/// A map by fingerprint.
pub type ByFingerprint<T> = HashMap<Fingerprint, T, BuildHasherDefault<FingerprintHasher>>;

/// An alert and where it stands.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The alert as merged last.
    pub alert: Arc<Alert>,
    /// In how many groups it is. Once it has ended, 0 says that everyone who had to be
    /// told was told.
    pub groups: u32,
    /// Whether its end has not been noticed yet: an episode is open.
    pub open: bool,
}

/// What taking an alert meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not known.
    New,
    /// It was known, had ended, and fires again.
    Again,
    /// It was known.
    Update,
    /// It had ended, everyone was told, and this says so once more.
    Stale,
}

/// What became of an alert that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// What taking it meant.
    pub change: Change,
    /// The alert whose episode this ended.
    pub ended: Option<Arc<Alert>>,
    /// The alert as it stands.
    pub alert: Arc<Alert>,
    /// In how many groups it is.
    pub groups: u32,
}

/// All alerts.
#[derive(Debug, Default)]
pub struct Alerts {
    slots: ByFingerprint<Slot>,
}

impl Alerts {
    /// Takes an alert that is complete and valid, and merges it with what is known.
    pub fn take(&mut self, fingerprint: Fingerprint, alert: Alert, now_ns: i64) -> Taken {
        use hashbrown::hash_map::Entry;
        match self.slots.entry(fingerprint) {
            Entry::Vacant(vacant) => {
                let open = !alert.resolved_at(now_ns);
                let alert = Arc::new(alert);
                vacant.insert(Slot {
                    alert: Arc::clone(&alert),
                    groups: 0,
                    open,
                });
                Taken {
                    change: Change::New,
                    ended: None,
                    alert,
                    groups: 0,
                }
            }
            Entry::Occupied(occupied) => occupied.into_mut().update(alert, now_ns),
        }
    }

    /// Puts an alert as it stood before a restart.
    pub fn restore(&mut self, fingerprint: Fingerprint, alert: Arc<Alert>, settled: bool) {
        self.slots.insert(
            fingerprint,
            Slot {
                alert,
                // One stands for "somebody has yet to be told" until it is routed.
                groups: u32::from(!settled),
                open: !settled,
            },
        );
    }

    /// The slot of an alert.
    #[must_use]
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Slot> {
        self.slots.get(&fingerprint)
    }

    /// The slot of an alert, to be changed.
    pub fn get_mut(&mut self, fingerprint: Fingerprint) -> Option<&mut Slot> {
        self.slots.get_mut(&fingerprint)
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, &Slot)> {
        self.slots.iter().map(|(f, s)| (*f, s))
    }

    /// All, in no order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Fingerprint, &mut Slot)> {
        self.slots.iter_mut().map(|(f, s)| (*f, s))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Forgets alerts that ended before `before_ns` and of which nobody has yet to be
    /// told; answers which.
    pub fn forget_ended(&mut self, before_ns: i64) -> Vec<(Fingerprint, Labels)> {
        let mut gone = Vec::new();
        self.slots.retain(|fingerprint, slot| {
            let keep = slot.groups > 0 || slot.open || !slot.alert.resolved_at(before_ns);
            if !keep {
                gone.push((*fingerprint, slot.alert.labels.clone()));
            }
            keep
        });
        gone
    }
}

impl Slot {
    fn update(&mut self, mut alert: Alert, now_ns: i64) -> Taken {
        let old = Arc::clone(&self.alert);
        let was_over = old.resolved_at(now_ns);
        let told = self.groups == 0 && !self.open;
        if was_over && told && alert.resolved_at(now_ns) && alert.starts_at_ns <= old.ends_at_ns {
            return self.taken(Change::Stale, None);
        }
        alert.labels = old.labels.clone();
        if overlap(&old, &alert) {
            alert = merge(&old, alert, now_ns);
        }
        let is_over = alert.resolved_at(now_ns);
        self.alert = Arc::new(alert);
        let ended = match (self.open, was_over, is_over) {
            (true, true, false) => Some(old),
            (true, _, true) => Some(Arc::clone(&self.alert)),
            _ => None,
        };
        self.open = !is_over;
        let again = was_over && !is_over;
        self.taken(if again { Change::Again } else { Change::Update }, ended)
    }

    fn taken(&self, change: Change, ended: Option<Arc<Alert>>) -> Taken {
        Taken {
            change,
            ended,
            alert: Arc::clone(&self.alert),
            groups: self.groups,
        }
    }
}

/// Whether the times of two versions of an alert overlap, as Alertmanager asks before
/// it merges: one end of the new one lies within the old one.
fn overlap(old: &Alert, new: &Alert) -> bool {
    (new.ends_at_ns > old.starts_at_ns && new.ends_at_ns < old.ends_at_ns)
        || (new.starts_at_ns > old.starts_at_ns && new.starts_at_ns < old.ends_at_ns)
}
