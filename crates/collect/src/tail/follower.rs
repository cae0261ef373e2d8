//! A file that is followed: its labels, its stages, and what of it waits for the sink.

use std::collections::BTreeMap;

use binnacle_model::Labels;
use binnacle_model::event::{EventBatch, FieldValue};

use super::file::OpenFile;
use crate::stages::{Entry, Pipeline};

/// A file and what belongs to it.
pub(super) struct Follower {
    pub(super) job: usize,
    pub(super) file: OpenFile,
    pub(super) labels: BTreeMap<String, String>,
    /// The labels in canonical form with those of all lines: where there are no stages,
    /// lines go straight into a batch under them.
    pub(super) stream: Labels,
    pub(super) pipeline: Pipeline,
    /// Read, run through the stages, and not accepted yet.
    pub(super) entries: Vec<Entry>,
    /// Read without stages, and not accepted yet.
    pub(super) rows: EventBatch,
    /// Bytes of what was accepted.
    pub(super) accepted: u64,
    /// Whether all was read when it was last looked at.
    pub(super) at_end: bool,
    /// Not found any more since then, milliseconds.
    pub(super) gone_ms: Option<i64>,
    pub(super) has_failed: bool,
}

impl Follower {
    pub(super) fn is_waiting(&self) -> bool {
        !self.entries.is_empty() || !self.rows.is_empty()
    }

    /// Whether its file still has lines that the sink does not.
    pub(super) fn has_unread(&self) -> bool {
        self.is_waiting() || self.file.has_unread()
    }

    /// Takes a line that begins at `from`.
    pub(super) fn take(&mut self, from: u64, t_ns: i64, line: &[u8]) {
        take(
            &self.labels,
            &self.stream,
            &mut self.pipeline,
            &mut self.rows,
            &mut self.entries,
            (from, t_ns, line),
        );
    }
}

/// Puts a line where it waits for the sink. The parts of a [`Follower`] one by one, so that
/// its file can be read meanwhile.
pub(super) fn take(
    labels: &BTreeMap<String, String>,
    stream: &Labels,
    pipeline: &mut Pipeline,
    rows: &mut EventBatch,
    entries: &mut Vec<Entry>,
    (from, t_ns, line): (u64, i64, &[u8]),
) {
    if pipeline.is_empty() {
        if rows.streams.is_empty() {
            rows.begin_stream(stream);
        }
        rows.push_row(t_ns, line);
        return;
    }
    let entry = Entry {
        labels: labels.clone(),
        t_ns,
        line: line.to_vec(),
        from,
        ..Entry::default()
    };
    pipeline.run(entry, t_ns, entries);
}

/// Makes `to` the same as `from`, in the memory that it has. A sink may change what it is
/// given, and what it refuses is handed in again.
pub(super) fn copy(from: &EventBatch, to: &mut EventBatch) {
    to.label_bytes.clone_from(&from.label_bytes);
    to.streams.clone_from(&from.streams);
    to.times_ns.clone_from(&from.times_ns);
    to.bytes.clone_from(&from.bytes);
    to.lines.clone_from(&from.lines);
    to.fields.clone_from(&from.fields);
    to.field_ends.clone_from(&from.field_ends);
}

/// The labels that all lines get, under the own ones; those that begin with `__` are left
/// out.
pub(super) fn stream_labels(
    own: &BTreeMap<String, String>,
    external: &BTreeMap<String, String>,
) -> Labels {
    let mut labels = external.clone();
    let own = own
        .iter()
        .filter(|(n, v)| !n.starts_with("__") && !v.is_empty());
    labels.extend(own.map(|(n, v)| (n.clone(), v.clone())));
    Labels::from_pairs(&labels)
}

/// Entries as a batch.
pub(super) fn batch_of(entries: &[Entry], external: &BTreeMap<String, String>) -> EventBatch {
    let mut batch = EventBatch::default();
    let mut current: Option<&BTreeMap<String, String>> = None;
    for entry in entries {
        if current != Some(&entry.labels) {
            batch.begin_stream(&stream_labels(&entry.labels, external));
            current = Some(&entry.labels);
        }
        batch.push_row(entry.t_ns, &entry.line);
        for (name, value) in &entry.fields {
            batch.push_field(name, FieldValue::Text(value.as_bytes()));
        }
    }
    batch
}
