//! Testing rows that have been read, or that are in memory, one by one.

use std::borrow::Cow;

use binnacle_model::event::select::ValueTest;
use binnacle_model::event::{Condition, EventBatch, FieldValue, Rows};

use super::columns::value_of;

/// Whether a row in memory passes. What is extracted from lines is not known there, and
/// passes.
pub(super) fn head_row_passes(batch: &EventBatch, row: usize, conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| match condition {
        Condition::Line(test) => test.passes(batch.line(row)),
        Condition::Field { name, test } => {
            let value = batch.fields(row).find(|(n, _)| n == name);
            value_passes(value.map(|(_, v)| v), test)
        }
        Condition::Extracted { .. } => true,
    })
}

/// Whether a row that was read with its line and all fields passes.
pub(crate) fn read_row_passes(rows: &Rows, row: usize, condition: &Condition) -> bool {
    match condition {
        Condition::Line(test) => test.passes(rows.lines.get(row)),
        Condition::Field { name, test } => {
            let columns = rows.fields.iter().filter(|c| c.name == *name);
            let value = columns.filter_map(|c| value_of(c, row)).next();
            value_passes(value, test)
        }
        Condition::Extracted { .. } => true,
    }
}

/// Whether a field's value passes; no value is the empty text.
fn value_passes(value: Option<FieldValue<'_>>, test: &ValueTest) -> bool {
    match test {
        ValueTest::Text(matcher) => match value {
            None => matcher.matches(""),
            Some(value) => matcher.matches(&text_of(value)),
        },
        ValueTest::Number { op, value: with } => match value {
            None => false,
            Some(FieldValue::Int(v)) => op.holds(v as f64, *with),
            Some(FieldValue::Float(v)) => op.holds(v, *with),
            Some(other) => match text_of(other).parse::<f64>() {
                Ok(v) if v.is_finite() => op.holds(v, *with),
                _ => true,
            },
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
