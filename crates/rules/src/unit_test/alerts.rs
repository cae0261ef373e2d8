//! `alert_rule_test`: which alerts fire at a time.

use binnacle_model::alert::{AlertState, RuleKind, Texts};
use binnacle_model::duration;
use binnacle_model::labels::{is_legacy_label_name, write_quoted};

use super::report::differences;
use super::run::Test;

/// An alert to compare: unlike in a label set, empty values count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Compared {
    labels: Texts,
    annotations: Texts,
}

/// What is not as it should be at `eval_time_ms`.
pub(super) fn check(test: &Test<'_>, eval_time_ms: i64, diff: bool) -> Vec<String> {
    let mut failures = Vec::new();
    for case in &test.spec.alerts {
        if case.eval_time_ms != eval_time_ms {
            continue;
        }
        let mut expected: Vec<Compared> = case
            .expected
            .iter()
            .map(|alert| {
                let mut labels = alert.labels.clone();
                labels.retain(|(name, _)| name != "alertname");
                labels.push(("alertname".to_owned(), case.alertname.clone()));
                labels.sort_unstable();
                Compared {
                    labels,
                    annotations: alert.annotations.clone(),
                }
            })
            .collect();
        expected.sort_unstable();
        let got = firing(test, &case.alertname);
        if expected == got {
            continue;
        }
        let name = match test.spec.name.as_str() {
            "" => String::new(),
            name => format!("    name: {name},\n"),
        };
        let head = format!(
            "{name}    alertname: {}, time: {}, ",
            case.alertname,
            duration::print(eval_time_ms)
        );
        let (expected, got) = (print(&expected), print(&got));
        failures.push(if diff {
            format!("{head}\n{}", differences(&expected, &got, "        "))
        } else {
            let indent = |text: &str| text.replace('\n', "\n            ");
            format!(
                "{head}\n        exp:{}, \n        got:{}",
                indent(&expected),
                indent(&got)
            )
        });
    }
    failures
}

/// Firing alerts of all rules with that name, in order.
fn firing(test: &Test<'_>, name: &str) -> Vec<Compared> {
    let mut firing = Vec::new();
    for group in test.groups() {
        for rule in group.status().rules {
            let RuleKind::Alerting { alerts, .. } = rule.kind else {
                continue;
            };
            if rule.name != name {
                continue;
            }
            for alert in alerts {
                if alert.state != AlertState::Firing {
                    continue;
                }
                let labels = alert.labels.iter();
                firing.push(Compared {
                    labels: labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
                    annotations: alert.annotations,
                });
            }
        }
    }
    firing.sort_unstable();
    firing
}

fn print(alerts: &[Compared]) -> String {
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let mut out = "[".to_owned();
    for (i, alert) in alerts.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        out.push_str(&format!(
            "{comma}\n{i}:\n  Labels:{}\n  Annotations:{}",
            pairs(&alert.labels),
            pairs(&alert.annotations)
        ));
    }
    out.push_str("\n]");
    out
}

fn pairs(texts: &Texts) -> String {
    let mut out = "{".to_owned();
    for (i, (name, value)) in texts.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        // Writing to a string does not fail.
        if is_legacy_label_name(name) {
            out.push_str(name);
        } else {
            let _ = write_quoted(&mut out, name);
        }
        out.push('=');
        let _ = write_quoted(&mut out, value);
    }
    out.push('}');
    out
}
