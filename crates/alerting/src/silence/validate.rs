//! What a silence must have.

use binnacle_model::alert::Silence;
use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_model::relabel::NameScheme;

/// Why a silence cannot be, in Alertmanager's words.
///
/// # Errors
/// No matchers, a set that matches every alert, bad names, missing or swapped times, a
/// recurrence without a window.
pub fn validate(silence: &Silence, names: NameScheme) -> Result<(), String> {
    if silence.matcher_sets.is_empty() {
        return Err("at least one matcher set required".into());
    }
    for (i, set) in silence.matcher_sets.iter().enumerate() {
        if set.is_empty() {
            return Err(format!("matcher set {i} is empty"));
        }
        for (k, matcher) in set.iter().enumerate() {
            validate_matcher(matcher, names)
                .map_err(|e| format!("invalid label matcher {k} in set {i}: {e}"))?;
        }
        if set.iter().all(matches_nothing_too) {
            return Err(format!(
                "matcher set {i}: at least one matcher must not match the empty string"
            ));
        }
    }
    if silence.starts_at_ns == 0 {
        return Err("invalid zero start timestamp".into());
    }
    if silence.ends_at_ns == 0 {
        return Err("invalid zero end timestamp".into());
    }
    if silence.ends_at_ns < silence.starts_at_ns {
        return Err("end time must not be before start time".into());
    }
    super::recurrence::validate(silence)
}

/// Why a matcher of a silence cannot be.
///
/// # Errors
/// A label name that is none.
pub fn validate_matcher(matcher: &Matcher, names: NameScheme) -> Result<(), String> {
    if names.is_valid_label_name(&matcher.name) {
        Ok(())
    } else {
        Err(format!("invalid label name {:?}", matcher.name))
    }
}

/// Whether a positive matcher matches a label that is not there. Negative ones do not
/// count: `a!="b"` alone is a silence that people mean.
fn matches_nothing_too(matcher: &Matcher) -> bool {
    matches!(matcher.op, MatchOp::Equal | MatchOp::Regex) && matcher.matches_empty()
}
