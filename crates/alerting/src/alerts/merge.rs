//! Two versions of one alert become one.

use binnacle_model::alert::Alert;

/// Merges two versions of an alert; the younger one by `updated_at_ns` gives what is not
/// a time. The earliest start counts. When the younger has ended, the later end of the
/// two counts if both have; else a later end that somebody stated (and no timeout) does.
#[must_use]
pub fn merge(a: &Alert, b: Alert, now_ns: i64) -> Alert {
    if b.updated_at_ns < a.updated_at_ns {
        return merge(&b, a.clone(), now_ns);
    }
    let mut merged = b;
    merged.starts_at_ns = merged.starts_at_ns.min(a.starts_at_ns);
    let later = a.ends_at_ns > merged.ends_at_ns;
    let counts = if merged.resolved_at(now_ns) {
        a.resolved_at(now_ns)
    } else {
        !a.timeout
    };
    if later && counts {
        merged.ends_at_ns = a.ends_at_ns;
    }
    merged
}
