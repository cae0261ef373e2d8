//! What an alert must have, and what is filled in for it.

use binnacle_model::alert::Alert;

/// Fills in what was not said, as Alertmanager's API does: a start (the end, or now),
/// and an end (after the resolve timeout) that counts as a timeout.
pub fn complete(alert: &mut Alert, now_ns: i64, resolve_timeout_ns: i64) {
    alert.updated_at_ns = now_ns;
    if alert.starts_at_ns == 0 {
        alert.starts_at_ns = if alert.ends_at_ns == 0 {
            now_ns
        } else {
            alert.ends_at_ns
        };
    }
    if alert.ends_at_ns == 0 {
        alert.timeout = true;
        alert.ends_at_ns = now_ns.saturating_add(resolve_timeout_ns);
    }
}

/// Why an alert cannot be taken, in Alertmanager's words.
///
/// # Errors
/// No start, an end before the start, no label, a label or annotation without a name.
pub fn validate(alert: &Alert) -> Result<(), String> {
    if alert.starts_at_ns == 0 {
        return Err("start time missing".into());
    }
    if alert.ends_at_ns != 0 && alert.ends_at_ns < alert.starts_at_ns {
        return Err("start time must be before end time".into());
    }
    if alert.labels.is_empty() {
        return Err("at least one label pair required".into());
    }
    if alert.labels.iter().any(|(name, _)| name.is_empty()) {
        return Err("invalid label set: invalid name \"\"".into());
    }
    if alert.annotations.iter().any(|(name, _)| name.is_empty()) {
        return Err("invalid annotations: invalid name \"\"".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use binnacle_model::Labels;

    use super::*;

    #[test]
    fn times_are_filled_in() {
        let check = |starts, ends, want: (i64, i64, bool)| {
            let mut alert = Alert {
                starts_at_ns: starts,
                ends_at_ns: ends,
                ..Alert::default()
            };
            complete(&mut alert, 100, 50);
            let got = (alert.starts_at_ns, alert.ends_at_ns, alert.timeout);
            assert_eq!(got, want, "{starts} {ends}");
        };
        check(0, 0, (100, 150, true));
        check(0, 70, (70, 70, false));
        check(30, 0, (30, 150, true));
        check(30, 40, (30, 40, false));
    }

    #[test]
    fn bad_alerts_are_refused() {
        let good = Alert {
            labels: Labels::from_pairs([("a", "b")]),
            starts_at_ns: 2,
            ..Alert::default()
        };
        assert_eq!(validate(&good), Ok(()));
        let check = |change: fn(&mut Alert), want: &str| {
            let mut alert = good.clone();
            change(&mut alert);
            assert_eq!(validate(&alert).unwrap_err(), want);
        };
        check(|a| a.starts_at_ns = 0, "start time missing");
        check(|a| a.ends_at_ns = 1, "start time must be before end time");
        check(
            |a| a.labels = Labels::empty(),
            "at least one label pair required",
        );
        check(
            |a| a.annotations = vec![(String::new(), "x".into())],
            "invalid annotations: invalid name \"\"",
        );
    }
}
