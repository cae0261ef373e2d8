//! From the raw bytes of a series to its labels.

use std::borrow::Cow;

use binnacle_model::labels::{LabelsBuilder, METRIC_NAME, push_label};
use binnacle_model::metadata::MetricType;

use super::quote::unescape;
use super::scan::Dialect;
use super::series::{Part, Place, walk};
use crate::error::WireError;
use crate::float;

/// Memory for sorting labels, to be used again.
#[derive(Debug, Default)]
pub struct LabelScratch {
    pairs: Vec<(String, String)>,
    used: usize,
}

/// The labels of a series, as [`Sample::series`](super::Sample::series) has it.
/// `kind` is the type of the family it stands in: `le` of a histogram and
/// `quantile` of a summary are brought into OpenMetrics' form (`1` is `1.0`), as
/// Prometheus does, so that both formats make the same series.
///
/// # Errors
/// When the bytes are no series, are not UTF-8, or name a label twice.
pub fn parse_labels(series: &[u8], kind: MetricType) -> Result<LabelsBuilder, WireError> {
    let mut builder = LabelsBuilder::default();
    let mut twice = None;
    each_label(series, kind, Place::Sample, |name, value| {
        if !builder.get(name).is_empty() {
            twice.get_or_insert_with(|| name.to_owned());
        }
        builder.set(name, value);
    })?;
    match twice {
        Some(name) => Err(not_unique(&name)),
        None => Ok(builder),
    }
}

/// The labels of an exemplar, as [`RawExemplar::labels`](super::RawExemplar::labels)
/// has them.
///
/// # Errors
/// As [`parse_labels`].
pub fn parse_exemplar_labels(labels: &[u8]) -> Result<LabelsBuilder, WireError> {
    let mut builder = LabelsBuilder::default();
    each_label(
        labels,
        MetricType::Unknown,
        Place::Exemplar,
        |name, value| {
            builder.set(name, value);
        },
    )?;
    Ok(builder)
}

/// As [`parse_labels`], but appends the canonical encoding to `out`, without an
/// allocation for each label. On an error `out` is as it was.
///
/// # Errors
/// As [`parse_labels`].
pub fn push_canonical(
    series: &[u8],
    kind: MetricType,
    scratch: &mut LabelScratch,
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    scratch.used = 0;
    each_label(series, kind, Place::Sample, |name, value| {
        scratch.push(name, value);
    })?;
    let pairs = &mut scratch.pairs[..scratch.used];
    pairs.sort_unstable();
    if let Some(twice) = pairs.windows(2).find(|w| w[0].0 == w[1].0) {
        return Err(not_unique(&twice[0].0));
    }
    for (name, value) in pairs {
        push_label(out, name, value);
    }
    Ok(())
}

impl LabelScratch {
    fn push(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        if self.used == self.pairs.len() {
            self.pairs.push((String::new(), String::new()));
        }
        let (n, v) = &mut self.pairs[self.used];
        name.clone_into(n);
        value.clone_into(v);
        self.used += 1;
    }
}

fn not_unique(name: &str) -> WireError {
    WireError::Malformed(format!("label name {name:?} is not unique"))
}

fn each_label(
    series: &[u8],
    kind: MetricType,
    place: Place,
    mut label: impl FnMut(&str, &str),
) -> Result<(), WireError> {
    let text = std::str::from_utf8(series)
        .map_err(|_| WireError::Malformed("series is not UTF-8".to_owned()))?;
    // The grammar cuts at ASCII characters only, so the parts are UTF-8 too.
    let str_of = |part: &[u8]| -> Cow<'_, str> {
        let from = part.as_ptr() as usize - text.as_ptr() as usize;
        unescape(&text[from..from + part.len()], true)
    };
    walk(series, Dialect::Prometheus, place, |part| match part {
        Part::Name(name) => label(METRIC_NAME, &str_of(name)),
        Part::Label(name, value) => {
            let (name, value) = (str_of(name), str_of(value));
            label(&name, &normal_bound(kind, &name, value));
        }
    })
    .map(|_| ())
    .map_err(|fault| {
        WireError::Malformed(format!("expected {} at byte {}", fault.expected, fault.at))
    })
}

/// `le` and `quantile` in OpenMetrics' form.
fn normal_bound<'a>(kind: MetricType, name: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let is_bound = match kind {
        MetricType::Summary => name == "quantile",
        MetricType::Histogram => name == "le",
        _ => false,
    };
    if !is_bound {
        return value;
    }
    let Ok(bound) = float::parse(value.as_bytes()) else {
        return value;
    };
    let mut text = String::new();
    float::push_open_metrics(&mut text, bound);
    Cow::Owned(text)
}
