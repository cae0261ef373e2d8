//! Target groups as files and servers write them: a list of
//! `{"targets": ["host:port", ...], "labels": {"name": "value", ...}}`,
//! in JSON or YAML. Anything else in it is an error, as in Prometheus.

use binnacle_model::labels::{Labels, LabelsBuilder};
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use crate::settings::TargetGroup;

/// Reads JSON. `source` and `meta` go into every group.
pub(super) fn parse_json(
    text: &str,
    source: &str,
    meta: (&str, &str),
) -> Result<Vec<TargetGroup>, String> {
    let json: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let Value::Array(items) = &json else {
        return Err("not a list of target groups".into());
    };
    items
        .iter()
        .enumerate()
        .map(|(i, item)| json_group(item, i, source, meta))
        .collect()
}

fn json_group(
    item: &Value,
    i: usize,
    source: &str,
    meta: (&str, &str),
) -> Result<TargetGroup, String> {
    let Value::Object(fields) = item else {
        return Err(format!("item {i} is not a target group"));
    };
    let mut parts = Parts::default();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("targets", Value::Array(targets)) => {
                for target in targets {
                    let target = target.as_str();
                    parts.targets.push(
                        target
                            .ok_or(format!("item {i}: a target is no text"))?
                            .into(),
                    );
                }
            }
            ("labels", Value::Object(labels)) => {
                for (name, value) in labels {
                    let text = value.as_str();
                    let text = text.ok_or(format!("item {i}: label {name:?} is no text"))?;
                    parts.labels.push((name.clone(), text.to_owned()));
                }
            }
            ("targets" | "labels", Value::Null) => {}
            ("targets" | "labels", _) => return Err(format!("item {i}: bad {key}")),
            _ => return Err(format!("item {i}: unknown field {key:?}")),
        }
    }
    Ok(parts.group(i, source, meta))
}

/// Reads YAML. `source` and `meta` go into every group.
pub(super) fn parse_yaml(
    text: &str,
    source: &str,
    meta: (&str, &str),
) -> Result<Vec<TargetGroup>, String> {
    let documents = Yaml::load_from_str(text).map_err(|e| e.to_string())?;
    let Some(document) = documents.first() else {
        return Ok(Vec::new());
    };
    if document.is_null() {
        return Ok(Vec::new());
    }
    let items = document.as_vec().ok_or("not a list of target groups")?;
    items
        .iter()
        .enumerate()
        .map(|(i, item)| yaml_group(item, i, source, meta))
        .collect()
}

fn yaml_group(
    item: &Yaml<'_>,
    i: usize,
    source: &str,
    meta: (&str, &str),
) -> Result<TargetGroup, String> {
    let fields = item
        .as_mapping()
        .ok_or(format!("item {i} is not a target group"))?;
    let mut parts = Parts::default();
    for (key, value) in fields {
        match key.as_str() {
            Some("targets" | "labels") if value.is_null() => {}
            Some("targets") => {
                let targets = value.as_vec().ok_or(format!("item {i}: bad targets"))?;
                for target in targets {
                    let text = scalar(target).ok_or(format!("item {i}: a target is no text"))?;
                    parts.targets.push(text);
                }
            }
            Some("labels") => {
                let labels = value.as_mapping().ok_or(format!("item {i}: bad labels"))?;
                for (name, value) in labels {
                    let bad = || format!("item {i}: label {name:?} is no text");
                    let name = scalar(name).ok_or_else(bad)?;
                    parts.labels.push((name, scalar(value).ok_or_else(bad)?));
                }
            }
            key => return Err(format!("item {i}: unknown field {key:?}")),
        }
    }
    Ok(parts.group(i, source, meta))
}

/// A scalar as text: YAML reads `port: 80` as a number, and a label is text.
fn scalar(value: &Yaml<'_>) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    if let Some(number) = value.as_integer() {
        return Some(number.to_string());
    }
    if let Some(number) = value.as_floating_point() {
        return Some(number.to_string());
    }
    value.as_bool().map(|b| b.to_string())
}

#[derive(Default)]
struct Parts {
    targets: Vec<String>,
    labels: Vec<(String, String)>,
}

impl Parts {
    fn group(self, i: usize, source: &str, (meta, value): (&str, &str)) -> TargetGroup {
        let mut labels = LabelsBuilder::default();
        for (name, value) in &self.labels {
            labels.set(name, value);
        }
        labels.set(meta, value);
        TargetGroup {
            source: format!("{source}:{i}"),
            targets: self
                .targets
                .iter()
                .map(|t| Labels::from_pairs([("__address__", t)]))
                .collect(),
            labels: labels.build(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(groups: Result<Vec<TargetGroup>, String>) -> Result<Vec<String>, String> {
        Ok(groups?
            .iter()
            .map(|g| format!("{} {:?} {}", g.source, g.targets, g.labels))
            .collect())
    }

    #[test]
    fn json_and_yaml_say_the_same() {
        let want = vec![
            r#"f:0 [{__address__="a:1"}, {__address__="b:2"}] {__meta_x="f", job="j"}"#.to_owned(),
            r#"f:1 [{__address__="c"}] {__meta_x="f"}"#.to_owned(),
        ];
        let json = r#"[{"targets":["a:1","b:2"],"labels":{"job":"j"}},{"targets":["c"]}]"#;
        let yaml = "- targets: ['a:1', 'b:2']\n  labels:\n    job: j\n- targets: [c]\n";
        assert_eq!(
            shown(parse_json(json, "f", ("__meta_x", "f"))),
            Ok(want.clone())
        );
        assert_eq!(shown(parse_yaml(yaml, "f", ("__meta_x", "f"))), Ok(want));
        assert_eq!(shown(parse_yaml("", "f", ("m", "f"))), Ok(vec![]));
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "{}",
            "[1]",
            "[null]",
            r#"[{"target":["a"]}]"#,
            r#"[{"targets":"a"}]"#,
            "[",
        ] {
            assert!(parse_json(text, "f", ("m", "f")).is_err(), "json {text}");
            assert!(parse_yaml(text, "f", ("m", "f")).is_err(), "yaml {text}");
        }
        assert!(parse_json(r#"[{"labels":{"a":1}}]"#, "f", ("m", "f")).is_err());
    }
}
