//! The parts of a silence that are no columns, as JSON:
//!
//! ```json
//! {"sets": [[["alertname", "=", "Down"], ["pod", "=~", "a.*"]]],
//!  "annotations": {"ticket": "7"},
//!  "recurrence": {"windows": [[62, 540, 60]], "time_interval": "nights", "zone": "Europe/Berlin"}}
//! ```
//!
//! A window is its days, start minute and minutes. Empty parts are left out.

use binnacle_model::alert::{Recurrence, Silence, Texts, WeeklyWindow};
use binnacle_model::{MatchOp, Matcher};
use serde_json::{Map, Value, json};

/// What a body says.
pub(super) struct Body {
    pub(super) matcher_sets: Vec<Vec<Matcher>>,
    pub(super) annotations: Texts,
    pub(super) recurrence: Option<Recurrence>,
}

pub(super) fn print(silence: &Silence) -> String {
    let sets: Vec<Value> = silence
        .matcher_sets
        .iter()
        .map(|set| print_set(set))
        .collect();
    let mut body = Map::new();
    body.insert("sets".to_owned(), Value::Array(sets));
    if !silence.annotations.is_empty() {
        let texts = silence.annotations.iter();
        body.insert(
            "annotations".to_owned(),
            texts.map(|(n, v)| (n.clone(), json!(v))).collect(),
        );
    }
    if let Some(recurrence) = &silence.recurrence {
        let windows: Vec<Value> = recurrence
            .windows
            .iter()
            .map(|w| json!([w.days, w.start_minute, w.duration_minutes]))
            .collect();
        body.insert(
            "recurrence".to_owned(),
            json!({
                "windows": windows,
                "time_interval": recurrence.time_interval,
                "zone": recurrence.time_zone,
            }),
        );
    }
    Value::Object(body).to_string()
}

fn print_set(set: &[Matcher]) -> Value {
    set.iter()
        .map(|m| json!([m.name, m.op.as_str(), m.value]))
        .collect()
}

pub(super) fn parse(text: &str) -> Result<Body, String> {
    let body: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let sets = body["sets"].as_array().ok_or("no matchers")?;
    let annotations = match &body["annotations"] {
        Value::Object(texts) => texts
            .iter()
            .map(|(name, value)| Ok((name.clone(), text_of(value)?)))
            .collect::<Result<_, String>>()?,
        _ => Texts::new(),
    };
    Ok(Body {
        matcher_sets: sets.iter().map(parse_set).collect::<Result<_, _>>()?,
        annotations,
        recurrence: match &body["recurrence"] {
            Value::Null => None,
            said => Some(parse_recurrence(said)?),
        },
    })
}

fn parse_set(set: &Value) -> Result<Vec<Matcher>, String> {
    let matchers = set.as_array().ok_or("a matcher set is no list")?;
    matchers
        .iter()
        .map(|matcher| {
            let op = match text_of(&matcher[1])?.as_str() {
                "=" => MatchOp::Equal,
                "!=" => MatchOp::NotEqual,
                "=~" => MatchOp::Regex,
                "!~" => MatchOp::NotRegex,
                other => return Err(format!("no operator: {other}")),
            };
            let (name, value) = (text_of(&matcher[0])?, text_of(&matcher[2])?);
            Matcher::new(name, op, value).map_err(|e| e.to_string())
        })
        .collect()
}

fn parse_recurrence(said: &Value) -> Result<Recurrence, String> {
    let windows = said["windows"].as_array().ok_or("no windows")?;
    Ok(Recurrence {
        windows: windows
            .iter()
            .map(|window| {
                Ok(WeeklyWindow {
                    days: number(&window[0])?,
                    start_minute: number(&window[1])?,
                    duration_minutes: number(&window[2])?,
                })
            })
            .collect::<Result<_, String>>()?,
        time_interval: match &said["time_interval"] {
            Value::Null => None,
            name => Some(text_of(name)?),
        },
        time_zone: text_of(&said["zone"])?,
    })
}

fn text_of(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| format!("no text: {value}"))?;
    Ok(text.to_owned())
}

fn number<T: TryFrom<u64>>(value: &Value) -> Result<T, String> {
    value
        .as_u64()
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(|| format!("no number: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_parsed() {
        let silence = Silence {
            matcher_sets: vec![
                vec![
                    Matcher::equal("a", "quote \" and \\ and ü"),
                    Matcher::new("b", MatchOp::NotRegex, "x.*|y").expect("a pattern"),
                ],
                vec![],
            ],
            annotations: vec![("empty".to_owned(), String::new())],
            recurrence: Some(Recurrence {
                windows: vec![WeeklyWindow {
                    days: 127,
                    start_minute: 1439,
                    duration_minutes: 600,
                }],
                time_interval: Some("nights".to_owned()),
                time_zone: "Europe/Berlin".to_owned(),
            }),
            ..Silence::default()
        };
        let body = parse(&print(&silence)).expect("a body");
        assert_eq!(body.matcher_sets, silence.matcher_sets);
        assert_eq!(body.annotations, silence.annotations);
        assert_eq!(body.recurrence, silence.recurrence);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"sets": 1}"#,
            r#"{"sets": [1]}"#,
            r#"{"sets": [[["a", "~", "b"]]]}"#,
            r#"{"sets": [[["a", "=~", "("]]]}"#,
            r#"{"sets": [], "recurrence": {}}"#,
            r#"{"sets": [], "recurrence": {"windows": [[256, 0, 0]], "zone": ""}}"#,
            r#"{"sets": [], "annotations": {"a": 1}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
