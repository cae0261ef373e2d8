//! Whether values pass tests.

use std::borrow::Cow;

use binnacle_model::event::FieldValue;
use binnacle_model::event::select::ValueTest;

/// Whether a field's value passes; no value is the empty text.
pub(super) fn value_passes(value: Option<FieldValue<'_>>, test: &ValueTest) -> bool {
    match (test, value) {
        (ValueTest::Text(matcher), None) => matcher.matches(""),
        (ValueTest::Text(matcher), Some(value)) => matcher.matches(&text_of(value)),
        (ValueTest::Number { .. }, None) => false,
        (ValueTest::Number { op, value }, Some(FieldValue::Int(v))) => op.holds(v as f64, *value),
        (ValueTest::Number { op, value }, Some(FieldValue::Float(v))) => op.holds(v, *value),
        (ValueTest::Number { op, value }, Some(other)) => match text_of(other).parse::<f64>() {
            Ok(v) if v.is_finite() => op.holds(v, *value),
            _ => true,
        },
    }
}

fn text_of(value: FieldValue<'_>) -> Cow<'_, str> {
    use binnacle_model::number::{text, write_default};
    match value {
        FieldValue::Text(text) => String::from_utf8_lossy(text),
        FieldValue::Int(v) => v.to_string().into(),
        FieldValue::Float(v) => text(write_default, v).into(),
        FieldValue::Bool(v) => v.to_string().into(),
    }
}
