use binnacle_model::labels::Labels;
use binnacle_model::relabel::{NameScheme, RelabelConfig, RelabelError, RelabelRule, relabel};
use serde_json::Value;

use crate::suite::{cases, text};

/// Fields that `value` has, over `config`.
fn config(mut config: RelabelConfig, value: &Value) -> RelabelConfig {
    let set = |field: &mut String, key: &str| {
        if let Some(v) = value[key].as_str() {
            v.clone_into(field);
        }
    };
    set(&mut config.separator, "separator");
    set(&mut config.target_label, "target_label");
    set(&mut config.replacement, "replacement");
    set(&mut config.action, "action");
    if let Some(labels) = value["source_labels"].as_array() {
        config.source_labels = labels
            .iter()
            .filter_map(|v| v.as_str())
            .map(str::to_owned)
            .collect();
    }
    config.regex = value["regex"].as_str().map(str::to_owned);
    config.modulus = value["modulus"].as_u64().unwrap_or(0);
    config
}

fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    Labels::from_pairs(pairs.map(|(n, v)| (n.as_str(), v.as_str().unwrap_or_default())))
}

#[test]
fn relabelling() {
    for case in cases("prometheus/relabel") {
        let of = |v: &Value| -> Result<RelabelRule, RelabelError> {
            config(RelabelConfig::default(), v).resolve(NameScheme::Utf8)
        };
        let rules: Vec<_> = case["relabel_configs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| of(v).unwrap_or_else(|e| panic!("{v}: {e}")))
            .collect();
        let mut builder = labels(&case["input"]).to_builder();
        assert_eq!(
            Some(relabel(&rules, &mut builder)),
            case["keep"].as_bool(),
            "{case}"
        );
        if case["keep"] == true {
            assert_eq!(builder.build(), labels(&case["output"]), "{case}");
        }
    }
}

#[test]
fn checks() {
    let empty = RelabelConfig {
        separator: String::new(),
        replacement: String::new(),
        action: String::new(),
        ..RelabelConfig::default()
    };
    for case in cases("prometheus/relabel_validate") {
        let given = &case["config"];
        let names = match text(given, "name_validation_scheme") {
            "legacy" => NameScheme::Legacy,
            _ => NameScheme::Utf8,
        };
        let resolved = config(empty.clone(), given).resolve(names);
        match case["error"].as_str() {
            Some(want) => {
                let error = resolved.expect_err("refused").to_string();
                assert!(error.contains(want), "{error:?} does not say {want:?}");
            }
            None => assert!(resolved.is_ok(), "{case}: {resolved:?}"),
        }
    }
}

#[test]
fn legacy_target_labels() {
    for case in cases("prometheus/relabel_target_label_legacy") {
        let config = RelabelConfig {
            target_label: text(&case, "target_label").to_owned(),
            ..RelabelConfig::default()
        };
        let taken = config.resolve(NameScheme::Legacy).is_ok();
        assert_eq!(Some(taken), case["valid"].as_bool(), "{case}");
    }
}
