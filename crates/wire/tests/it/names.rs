use binnacle_model::labels::is_legacy_metric_name;
use binnacle_model::relabel::NameScheme;
use binnacle_wire::names::Escaping;

use crate::suite::{cases, text};

#[test]
fn escaping() {
    for case in cases("prometheus-common/escape_name") {
        let input = text(&case, "input");
        for (scheme, want, back) in [
            (Escaping::Underscores, "expectedUnderscores", None),
            (
                Escaping::Dots,
                "expectedDots",
                Some("expectedUnescapedDots"),
            ),
            (Escaping::Values, "expectedValue", Some("input")),
        ] {
            let escaped = scheme.escape(input);
            assert_eq!(escaped, text(&case, want), "{case}");
            if let Some(back) = back {
                assert_eq!(scheme.unescape(&escaped), text(&case, back), "{case}");
            }
        }
    }
}

#[test]
fn what_is_no_encoding_stays() {
    for case in cases("prometheus-common/unescape_errors") {
        assert_eq!(
            Escaping::Values.unescape(text(&case, "input")),
            text(&case, "expected"),
            "{case}"
        );
    }
}

#[test]
fn validity() {
    for case in cases("prometheus-common/metric_name_valid") {
        if let Some(name) = case["name"].as_str() {
            assert_eq!(
                Some(is_legacy_metric_name(name)),
                case["legacy"].as_bool(),
                "{case}"
            );
        }
    }
    for case in cases("prometheus-common/label_name_valid") {
        if let Some(name) = case["name"].as_str() {
            let legacy = NameScheme::Legacy.is_valid_label_name(name);
            assert_eq!(Some(legacy), case["legacy"].as_bool(), "{case}");
            let utf8 = NameScheme::Utf8.is_valid_label_name(name);
            assert_eq!(Some(utf8), case["utf8"].as_bool(), "{case}");
        }
    }
}
