//! `otlp`: how names and attributes of OTLP metrics become labels. Checked; OTLP is
//! not received yet.

use binnacle_model::relabel::NameScheme;

use binnacle_config::reader::{Placed, Reader};

/// Reads the section.
pub fn read(r: &mut Reader<'_>, names: NameScheme) {
    let all = r.bool("promote_all_resource_attributes");
    let promoted = r.texts("promote_resource_attributes");
    let ignored = r.texts("ignore_resource_attributes");
    if all {
        if !promoted.is_empty() {
            r.refuse(
                "promote_resource_attributes",
                "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously",
            );
        }
        check_attributes(r, &ignored, "ignore_resource_attributes", "ignored");
    } else {
        if !ignored.is_empty() {
            r.refuse(
                "ignore_resource_attributes",
                "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true",
            );
        }
        check_attributes(r, &promoted, "promote_resource_attributes", "promoted");
    }
    check_strategy(r, names);
    for key in [
        "keep_identifying_resource_attributes",
        "convert_histograms_to_nhcb",
        "promote_scope_metadata",
    ] {
        r.bool(key);
    }
    r.bool_or("label_name_underscore_sanitization", true);
    r.bool_or("label_name_preserve_multiple_underscores", true);
}

fn check_strategy(r: &mut Reader<'_>, names: NameScheme) {
    let strategy = r.text_or("translation_strategy", "UnderscoreEscapingWithSuffixes");
    match strategy.as_str() {
        "" | "UnderscoreEscapingWithSuffixes" | "UnderscoreEscapingWithoutSuffixes" => {}
        "NoTranslation" | "NoUTF8EscapingWithSuffixes" if names == NameScheme::Utf8 => {}
        "NoTranslation" | "NoUTF8EscapingWithSuffixes" => r.refuse(
            "translation_strategy",
            format!("OTLP translation strategy {strategy:?} is not allowed when UTF8 is disabled"),
        ),
        _ => r.refuse(
            "translation_strategy",
            format!("unsupported OTLP translation strategy {strategy:?}"),
        ),
    }
}

fn check_attributes(r: &Reader<'_>, attributes: &[Placed<String>], key: &str, adjective: &str) {
    for (i, attribute) in attributes.iter().enumerate() {
        let name = attribute.value.trim();
        let what = if name.is_empty() {
            format!("empty {adjective} OTel resource attribute")
        } else if attributes[..i].iter().any(|a| a.value.trim() == name) {
            format!("duplicated {adjective} OTel resource attribute {name:?}")
        } else {
            continue;
        };
        r.refuse_at(attribute.at, format!("invalid '{key}': {what}"));
    }
}
