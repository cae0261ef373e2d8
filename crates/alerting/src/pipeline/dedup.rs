//! Whether there is anything to say that was not said.

use super::Logged;

/// Why something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing was told of the group, or only its end.
    First,
    /// Alerts fire that were not told.
    NewAlerts,
    /// Alerts have ended whose end was not told.
    NewResolved,
    /// All have ended.
    AllResolved,
    /// Nothing changed for the repeat interval.
    Repeat,
}

impl Reason {
    /// Alertmanager's words, which templates see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::NewResolved => "some alerts resolved",
            Self::AllResolved => "all alerts resolved",
            Self::Repeat => "repeat interval elapsed",
        }
    }
}

/// Why a group is to be told now, or `None`: there is nothing to say. `firing` and
/// `resolved` are ascending.
#[must_use]
pub fn needs_update(
    last: Option<&Logged>,
    firing: &[u64],
    resolved: &[u64],
    send_resolved: bool,
    repeat_ms: i64,
    now_ms: i64,
) -> Option<Reason> {
    let Some(last) = last else {
        return (!firing.is_empty()).then_some(Reason::First);
    };
    if !is_subset(firing, &last.firing) {
        return Some(if last.firing.is_empty() {
            Reason::First
        } else {
            Reason::NewAlerts
        });
    }
    if firing.is_empty() {
        // Told also to those who do not hear of ends: the log must know that nothing
        // fires any more.
        return (!last.firing.is_empty()).then_some(Reason::AllResolved);
    }
    if send_resolved && !is_subset(resolved, &last.resolved) {
        return Some(Reason::NewResolved);
    }
    (last.at_ms < now_ms.saturating_sub(repeat_ms)).then_some(Reason::Repeat)
}

/// Whether all of `small` are in `large`; both are ascending.
fn is_subset(small: &[u64], large: &[u64]) -> bool {
    let mut large = large.iter();
    small.iter().all(|s| large.by_ref().any(|l| l == s))
}
