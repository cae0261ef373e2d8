//! Fields of the operator's choice.

use binnacle_model::event::FieldValue;

use super::{is_json, json, logfmt};
use crate::settings::GenericField;

/// The value of a field: of the first of its hints that is a label, else a field, else in
/// the line. `None` when there is none, or an empty one.
pub fn detect<'a>(
    field: &GenericField,
    labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    fields: &(impl Iterator<Item = (&'a str, FieldValue<'a>)> + Clone),
    line: &[u8],
) -> Option<Vec<u8>> {
    let of_labels = field
        .hints
        .iter()
        .find_map(|hint| labels.clone().find(|(name, _)| name == hint))
        .map(|(_, value)| value.as_bytes().to_vec());
    let value = of_labels
        .or_else(|| {
            let (_, value) = field
                .hints
                .iter()
                .find_map(|hint| fields.clone().find(|(name, _)| name == hint))?;
            Some(match value {
                FieldValue::Text(text) => text.to_vec(),
                FieldValue::Int(v) => v.to_string().into_bytes(),
                FieldValue::Float(v) => v.to_string().into_bytes(),
                FieldValue::Bool(v) => v.to_string().into_bytes(),
            })
        })
        .or_else(|| {
            let found = if is_json(line) {
                field
                    .hints
                    .iter()
                    .find_map(|hint| json::find_path(line, hint))
            } else {
                logfmt::find(line, &field.hints)
            };
            found.map(<[u8]>::to_vec)
        })?;
    (!value.is_empty()).then_some(value)
}
