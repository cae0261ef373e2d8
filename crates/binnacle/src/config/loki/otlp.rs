//! `otlp_config`: which attributes of OpenTelemetry's logs become labels, which fields, and
//! which are left out. The section `logs.otlp` of `binnacle.yaml` has the same form.

use binnacle_config::reader::Reader;
use binnacle_model::pattern::Pattern;
use binnacle_wire::otlp::{AttributeAction, AttributeRule, LogMapping};

/// Reads the section.
pub fn read(r: &mut Reader<'_>) -> LogMapping {
    let resource = r.section("resource_attributes", |r| {
        let ignores_defaults = r.bool("ignore_defaults");
        let own = rules(r, "attributes_config", true);
        if ignores_defaults {
            own
        } else {
            [vec![LogMapping::default_labels()], own].concat()
        }
    });
    LogMapping {
        resource: resource.unwrap_or_else(|| vec![LogMapping::default_labels()]),
        scope: rules(r, "scope_attributes", false),
        log: rules(r, "log_attributes", true),
        severity_text_as_label: r.bool("severity_text_as_label"),
    }
}

/// The mapping with other default labels, as `distributor.otlp_config` names them.
pub(super) fn with_defaults(
    mapping: Option<LogMapping>,
    labels: Option<Vec<String>>,
) -> Option<LogMapping> {
    let Some(labels) = labels else {
        return mapping;
    };
    let mut mapping = mapping.unwrap_or_default();
    let default = LogMapping::default_labels();
    for rule in mapping.resource.iter_mut().filter(|r| **r == default) {
        rule.attributes.clone_from(&labels);
    }
    Some(mapping)
}

fn rules(r: &mut Reader<'_>, key: &'static str, may_index: bool) -> Vec<AttributeRule> {
    let empty = "an action and attributes or a regex are needed";
    r.sections_once(key, empty, |r| rule(r, may_index))
}

fn rule(r: &mut Reader<'_>, may_index: bool) -> AttributeRule {
    let names = AttributeAction::NAMES;
    let action = r.one_of("action", &names, |text| {
        let known = names.map(|(name, _)| name).join(", ");
        format!("unsupported action {text:?}, it must be one of: {known}")
    });
    if !r.has("action") {
        r.refuse_all("\"action\" is needed: index_label, structured_metadata or drop");
    }
    if action == Some(AttributeAction::IndexLabel) && !may_index {
        r.refuse(
            "action",
            "attributes of scopes cannot be labels: use structured_metadata or drop",
        );
    }
    let attributes: Vec<String> = r
        .texts("attributes")
        .into_iter()
        .map(|text| text.value)
        .collect();
    let regex = r.parsed_text("regex", |text| {
        Pattern::new(text).map_err(|e| e.to_string())
    });
    match (attributes.is_empty(), r.has("regex")) {
        (true, false) => r.refuse_all("either \"attributes\" or \"regex\" must be set"),
        (false, true) => r.refuse(
            "regex",
            "only one of \"attributes\" and \"regex\" can be set",
        ),
        _ => {}
    }
    AttributeRule {
        action: action.unwrap_or(AttributeAction::StructuredMetadata),
        attributes,
        regex,
    }
}
