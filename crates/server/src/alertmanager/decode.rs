//! What clients of Alertmanager's API post, read straight into the model's types.
//!
//! Alerts come by the ten thousand, so their labels are borrowed from the body and
//! copied once, into the canonical encoding.

use std::borrow::Cow;
use std::fmt;

use binnacle_model::alert::{Alert, Recurrence, Silence, Texts, WeeklyWindow};
use binnacle_model::labels::push_label;
use binnacle_model::{Labels, MatchOp, Matcher};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::http::time::parse_nanos;

/// Pairs of an object, sorted by name; of a name that comes twice the last one.
#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A text that is borrowed where it holds no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pick;
        impl<'de> Visitor<'de> for Pick {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose values are strings")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Pairs::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(Cow<'de, str>, Cow<'de, str>)> = Vec::with_capacity(12);
                while let Some((name, value)) = map.next_entry::<Text<'de>, Option<Text<'de>>>()? {
                    pairs.push((name.0, value.map_or(Cow::Borrowed(""), |v| v.0)));
                }
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                // Stable sorting keeps the order of repeated names: the last one wins.
                pairs.reverse();
                pairs.dedup_by(|a, b| a.0 == b.0);
                pairs.reverse();
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_any(Pick)
    }
}

impl Pairs<'_> {
    /// The pairs are in order and each name is there once, so they are encoded as they
    /// come.
    fn labels(&self) -> Labels {
        let bytes_max = self.0.iter().map(|(n, v)| n.len() + v.len() + 20).sum();
        let mut bytes = Vec::with_capacity(bytes_max);
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            push_label(&mut bytes, name, value);
        }
        Labels::from_canonical(&bytes).unwrap_or_default()
    }

    fn texts(self) -> Texts {
        self.0
            .into_iter()
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedAlert<'a> {
    #[serde(borrow, default)]
    labels: Pairs<'a>,
    #[serde(borrow, default)]
    annotations: Pairs<'a>,
    #[serde(borrow, default)]
    starts_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    ends_at: Option<Text<'a>>,
    #[serde(borrow, default, rename = "generatorURL")]
    generator_url: Option<Text<'a>>,
}

/// Reads `postableAlerts`.
///
/// # Errors
/// A message for the sender.
pub fn alerts(body: &[u8]) -> Result<Vec<Alert>, String> {
    let posted: Vec<PostedAlert<'_>> =
        serde_json::from_slice(body).map_err(|e| format!("parsing alerts body failed: {e}"))?;
    posted.into_iter().map(alert).collect()
}

fn alert(posted: PostedAlert<'_>) -> Result<Alert, String> {
    Ok(Alert {
        labels: posted.labels.labels(),
        annotations: posted.annotations.texts(),
        starts_at_ns: time("startsAt", posted.starts_at)?,
        ends_at_ns: time("endsAt", posted.ends_at)?,
        updated_at_ns: 0,
        timeout: false,
        generator_url: posted
            .generator_url
            .map_or_else(String::new, |u| u.0.into_owned()),
    })
}

fn time(name: &str, text: Option<Text<'_>>) -> Result<i64, String> {
    match text {
        Some(text) if !text.0.is_empty() => {
            parse_nanos(&text.0).map_err(|e| format!("parsing alerts body failed: {name}: {e}"))
        }
        _ => Ok(0),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedSilence {
    #[serde(default)]
    id: Option<String>,
    matchers: Vec<PostedMatcher>,
    starts_at: String,
    ends_at: String,
    created_by: String,
    comment: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    until_resolved: bool,
    #[serde(default)]
    recurrence: Option<PostedRecurrence>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedMatcher {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    #[serde(default)]
    is_equal: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedRecurrence {
    #[serde(default)]
    windows: Vec<PostedWindow>,
    #[serde(default)]
    time_interval: Option<String>,
    #[serde(default)]
    time_zone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedWindow {
    days: Vec<u8>,
    start_minute: u16,
    duration_minutes: u16,
}

/// Reads a `postableSilence`.
///
/// # Errors
/// A message for the sender.
pub fn silence(body: &[u8]) -> Result<Silence, String> {
    let posted: PostedSilence =
        serde_json::from_slice(body).map_err(|e| format!("parsing silence body failed: {e}"))?;
    if posted.matchers.is_empty() {
        return Err("silence.matchers in body should have at least 1 items".to_owned());
    }
    let matchers = posted
        .matchers
        .into_iter()
        .map(matcher)
        .collect::<Result<Vec<_>, _>>()?;
    let at = |name: &str, text: &str| parse_nanos(text).map_err(|e| format!("{name}: {e}"));
    Ok(Silence {
        id: posted.id.unwrap_or_default(),
        matcher_sets: vec![matchers],
        starts_at_ns: at("startsAt", &posted.starts_at)?,
        ends_at_ns: at("endsAt", &posted.ends_at)?,
        updated_at_ns: 0,
        created_by: posted.created_by,
        comment: posted.comment,
        annotations: posted.annotations.into_iter().collect(),
        recurrence: posted.recurrence.map(recurrence).transpose()?,
        until_resolved: posted.until_resolved,
    })
}

fn matcher(posted: PostedMatcher) -> Result<Matcher, String> {
    let op = match (posted.is_equal.unwrap_or(true), posted.is_regex) {
        (true, false) => MatchOp::Equal,
        (false, false) => MatchOp::NotEqual,
        (true, true) => MatchOp::Regex,
        (false, true) => MatchOp::NotRegex,
    };
    let name = posted.name.clone();
    Matcher::new(posted.name, op, posted.value)
        .map_err(|e| format!("invalid label matcher for {name:?}: {e}"))
}

fn recurrence(posted: PostedRecurrence) -> Result<Recurrence, String> {
    let windows = posted
        .windows
        .into_iter()
        .map(|window| {
            let mut days = 0;
            for day in window.days {
                if day > 6 {
                    return Err(format!("recurrence: {day} is no day: 0 is Sunday, 6 is Saturday"));
                }
                days |= 1 << day;
            }
            if days == 0 || window.start_minute >= 1_440 || window.duration_minutes == 0 {
                return Err(
                    "recurrence: a window needs days, a startMinute below 1440 and a durationMinutes above 0"
                        .to_owned(),
                );
            }
            Ok(WeeklyWindow {
                days,
                start_minute: window.start_minute,
                duration_minutes: window.duration_minutes,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if windows.is_empty() && posted.time_interval.is_none() {
        return Err("recurrence: windows or timeInterval is needed".to_owned());
    }
    Ok(Recurrence {
        windows,
        time_interval: posted.time_interval,
        time_zone: posted.time_zone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_read() {
        let body =
            br#"[{"labels":{"b":"2","alertname":"x\"y","e":""},"annotations":{"s":"","a":"t"},
            "startsAt":"2026-01-02T03:04:05.123456789Z","endsAt":"0001-01-01T00:00:00Z",
            "generatorURL":"http://p/","unknown":[1,{"x":2}]},{"labels":{"a":"1","a":"2"}}]"#;
        let alerts = alerts(body).expect("valid");
        assert_eq!(
            alerts[0].labels,
            Labels::from_pairs([("alertname", "x\"y"), ("b", "2")])
        );
        let texts: Vec<_> = alerts[0]
            .annotations
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(texts, [("a", "t"), ("s", "")]);
        assert_eq!(alerts[0].starts_at_ns, 1_767_323_045_123_456_789);
        assert_eq!(alerts[0].ends_at_ns, 0);
        assert_eq!(alerts[1].labels.get("a"), Some("2"));
    }

    #[test]
    fn garbage_is_refused() {
        for body in [
            "",
            "{}",
            "[{\"labels\":[]}]",
            "[{\"labels\":{\"a\":1}}]",
            "[1]",
            "[{\"startsAt\":\"x\"}]",
        ] {
            assert!(alerts(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn silences_are_read() {
        let base = r#"{"matchers":[{"name":"a","value":"b.*","isRegex":true,"isEqual":false}],
            "startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00+00:00","createdBy":"me","comment":"c"MORE}"#;
        let read = |more: &str| silence(base.replace("MORE", more).as_bytes());
        let plain = read("").expect("valid");
        assert_eq!(plain.matcher_sets[0][0].to_string(), "a!~\"b.*\"");
        assert_eq!(plain.ends_at_ns - plain.starts_at_ns, 3_600_000_000_000);
        let weekly = read(
            r#","recurrence":{"windows":[{"days":[1,3],"startMinute":60,"durationMinutes":30}]}"#,
        );
        let windows = weekly.expect("valid").recurrence.expect("there").windows;
        assert_eq!(windows[0].days, 0b1010);
        for bad in [
            r#","recurrence":{}"#,
            r#","recurrence":{"windows":[{"days":[7],"startMinute":60,"durationMinutes":30}]}"#,
            r#","recurrence":{"windows":[{"days":[1],"startMinute":1440,"durationMinutes":30}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
