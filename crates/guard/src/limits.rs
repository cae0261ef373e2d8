//! Limits of streams and rows, with Loki's words for what breaks them.

use std::fmt::Write as _;

use binnacle_model::Labels;
use binnacle_model::calendar::date_of;
use binnacle_model::event::append::{EventRefusal, StoredField, StoredValue};

use crate::settings::{LimitSettings, LongLines};

/// Longest text of a stream in a message.
const STREAM_TEXT_MAX: usize = 1024;
const NS_PER_MS: i64 = 1_000_000;

/// The text of a stream for messages.
pub(crate) fn stream_text(labels: &Labels) -> String {
    let mut text = labels.to_string();
    if text.len() > STREAM_TEXT_MAX {
        text.truncate(text.floor_char_boundary(STREAM_TEXT_MAX));
        text.push('…');
    }
    text
}

/// What is wrong with a stream's labels.
pub(crate) fn check_labels(labels: &Labels, limits: &LimitSettings) -> Option<String> {
    let count = labels.len();
    if limits.label_names_max > 0 && count > limits.label_names_max {
        return Some(format!(
            "entry for stream '{}' has {count} label names; limit {}",
            stream_text(labels),
            limits.label_names_max
        ));
    }
    for (name, value) in labels {
        if limits.label_name_bytes_max > 0 && name.len() > limits.label_name_bytes_max {
            return Some(format!(
                "stream '{}' has label name too long: '{}'",
                stream_text(labels),
                &name[..name.floor_char_boundary(limits.label_name_bytes_max)]
            ));
        }
        if limits.label_value_bytes_max > 0 && value.len() > limits.label_value_bytes_max {
            return Some(format!(
                "stream '{}' has label value too long: '{}'",
                stream_text(labels),
                &value[..value.floor_char_boundary(limits.label_value_bytes_max)]
            ));
        }
    }
    None
}

/// The range of times that is taken, nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeRange {
    oldest_ns: i64,
    newest_ns: i64,
}

impl TimeRange {
    pub(crate) fn new(limits: &LimitSettings, now_ms: i64) -> Self {
        let ns = |ms: u64| {
            i64::try_from(ms)
                .unwrap_or(i64::MAX)
                .saturating_mul(NS_PER_MS)
        };
        let now_ns = now_ms.saturating_mul(NS_PER_MS);
        Self {
            oldest_ns: match limits.age_ms_max {
                0 => i64::MIN,
                age => now_ns.saturating_sub(ns(age)),
            },
            newest_ns: match limits.future_ms_max {
                0 => i64::MAX,
                future => now_ns.saturating_add(ns(future)),
            },
        }
    }
}

/// One row as limits see it.
pub(crate) struct RowSize<'a> {
    pub(crate) t_ns: i64,
    pub(crate) line_bytes: usize,
    pub(crate) fields: &'a [StoredField],
}

impl RowSize<'_> {
    /// Bytes of names and values of the fields.
    pub(crate) fn fields_bytes(&self) -> usize {
        self.fields.iter().map(field_bytes).sum()
    }

    /// Why the row is refused; checked in Loki's order.
    pub(crate) fn check(&self, limits: &LimitSettings, times: TimeRange) -> Option<EventRefusal> {
        if self.t_ns < times.oldest_ns {
            return Some(EventRefusal::TooOld);
        }
        if self.t_ns > times.newest_ns {
            return Some(EventRefusal::TooFarInFuture);
        }
        if limits.line_bytes_max > 0
            && self.line_bytes > limits.line_bytes_max
            && limits.long_lines == LongLines::Refuse
        {
            return Some(EventRefusal::LineTooLong);
        }
        if !limits.fields_allowed && !self.fields.is_empty() {
            return Some(EventRefusal::FieldsDisallowed);
        }
        let has_too_many = limits.fields_max > 0 && self.fields.len() > limits.fields_max;
        let is_too_large =
            limits.fields_bytes_max > 0 && self.fields_bytes() > limits.fields_bytes_max;
        (has_too_many || is_too_large).then_some(EventRefusal::TooManyFields)
    }

    /// In Loki's words why the row was refused.
    pub(crate) fn message(
        &self,
        reason: EventRefusal,
        stream: &str,
        limits: &LimitSettings,
        times: TimeRange,
    ) -> String {
        match reason {
            EventRefusal::TooOld => format!(
                "entry for stream '{stream}' has timestamp too old: {}, oldest acceptable \
                 timestamp is: {}",
                rfc3339(self.t_ns),
                rfc3339(times.oldest_ns)
            ),
            EventRefusal::TooFarInFuture => format!(
                "entry for stream '{stream}' has timestamp too new: {}",
                rfc3339(self.t_ns)
            ),
            EventRefusal::LineTooLong => format!(
                "Max entry size '{}' bytes exceeded for stream '{stream}' while adding an entry \
                 with length '{}' bytes",
                limits.line_bytes_max, self.line_bytes
            ),
            EventRefusal::TooManyFields
                if limits.fields_max > 0 && self.fields.len() > limits.fields_max =>
            {
                format!(
                    "stream '{stream}' has too many structured metadata labels: '{}', limit: \
                     '{}'. Please see `limits_config.max_structured_metadata_entries_count` or \
                     contact your Loki administrator to increase it.",
                    self.fields.len(),
                    limits.fields_max
                )
            }
            EventRefusal::TooManyFields => format!(
                "stream '{stream}' has structured metadata too large: '{}' bytes, limit: '{}' \
                 bytes. Please see `limits_config.max_structured_metadata_size` or contact your \
                 Loki administrator to increase it.",
                self.fields_bytes(),
                limits.fields_bytes_max
            ),
            EventRefusal::FieldsDisallowed => format!(
                "stream '{stream}' includes structured metadata, but this feature is disallowed. \
                 Please see `limits_config.allow_structured_metadata` or contact your Loki \
                 administrator to enable it"
            ),
            other => format!(
                "entry for stream '{stream}' was refused: {}",
                other.as_str()
            ),
        }
    }
}

fn field_bytes(field: &StoredField) -> usize {
    let value = match &field.value {
        StoredValue::Text(range) => range.len(),
        StoredValue::Int(_) | StoredValue::Float(_) => 8,
        StoredValue::Bool(_) => 1,
    };
    field.name.len() + value
}

/// The second of a time, as Go's `time.RFC3339` prints it in UTC.
fn rfc3339(t_ns: i64) -> String {
    let seconds = t_ns.div_euclid(1_000_000_000);
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let mut text = String::with_capacity(20);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_go_prints_them() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        assert_eq!(rfc3339(i64::MAX), "2262-04-11T23:47:16Z");
        assert_eq!(rfc3339(i64::MIN), "1677-09-21T00:12:43Z");
    }
}
