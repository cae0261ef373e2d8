//! Events in a plain vector: the simplest engine there can be. It applies no condition, so
//! that the language has to.

use std::sync::Arc;

use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::select::{Fields, Run, StreamVolume, Unit};
use binnacle_model::event::{
    Column, ColumnValues, EventSelection, EventSet, LogLabels, Rows, SelectEvents, Texts,
};
use binnacle_model::limits::Meter;
use binnacle_model::matcher::all_match;
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher};

/// A line.
#[derive(Debug, Clone)]
pub struct Event {
    pub labels: Labels,
    pub t_ns: i64,
    pub line: Vec<u8>,
    pub metadata: LogLabels,
}

/// All lines.
#[derive(Debug, Clone, Default)]
pub struct Memory(pub Vec<Event>);

struct Set {
    selection: EventSelection,
    streams: Vec<Labels>,
    /// Number of the stream and the line.
    events: Vec<(u32, Event)>,
    units: Vec<Unit>,
}

impl SelectEvents for Memory {
    fn select(
        &self,
        selection: &EventSelection,
        _: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError> {
        let mut streams: Vec<Labels> = Vec::new();
        let mut events = Vec::new();
        for event in &self.0 {
            let is_in = event.t_ns >= selection.start_ns && event.t_ns < selection.end_ns;
            if !is_in || !all_match(&selection.matchers, &event.labels) {
                continue;
            }
            let at = streams.iter().position(|l| *l == event.labels);
            let at = at.unwrap_or_else(|| {
                streams.push(event.labels.clone());
                streams.len() - 1
            });
            events.push((at as u32, event.clone()));
        }
        events.sort_by_key(|(stream, event)| (*stream, event.t_ns));
        // What was sent twice is there once.
        events.dedup_by(|(a, x), (b, y)| {
            (a, x.t_ns, &x.line, &x.metadata) == (b, y.t_ns, &y.line, &y.metadata)
        });
        let units = events
            .iter()
            .map(|(_, e)| Unit {
                min_ns: e.t_ns,
                max_ns: e.t_ns,
                rows: 1,
            })
            .collect();
        Ok(Box::new(Set {
            selection: selection.clone(),
            streams,
            events,
            units,
        }))
    }

    fn volumes(
        &self,
        _: &[Matcher],
        _: i64,
        _: i64,
        _: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        Ok(Vec::new())
    }
}

impl EventSet for Set {
    fn units(&self) -> &[Unit] {
        &self.units
    }

    fn streams(&self) -> usize {
        self.streams.len()
    }

    fn labels(&self, stream: u32) -> Labels {
        self.streams[stream as usize].clone()
    }

    fn applies(&self, _: usize) -> bool {
        false
    }

    fn runs(&self, _: usize) -> Option<Vec<Run>> {
        None
    }

    fn read(
        &self,
        unit: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError> {
        out.clear();
        let (stream, event) = &self.events[unit];
        if event.t_ns < start_ns || event.t_ns >= end_ns {
            return Ok(());
        }
        out.times_ns.push(event.t_ns);
        out.streams.push(*stream);
        out.lines.push(&event.line);
        out.line_bytes.push(event.line.len() as u32);
        let is_wanted = |name: &str| match &self.selection.wanted.fields {
            Fields::None => false,
            Fields::Named(names) => names.iter().any(|n| n == name),
            Fields::All => true,
        };
        for (name, value) in event.metadata.iter().filter(|(n, _)| is_wanted(n)) {
            let mut entries = Texts::default();
            entries.push(value.as_bytes());
            out.fields.push(Column {
                name: name.to_owned(),
                values: ColumnValues::Text {
                    entries,
                    of_row: vec![0],
                },
            });
        }
        assert_ne!(ABSENT, UNKNOWN);
        out.extracted = self
            .selection
            .wanted
            .extracts
            .iter()
            .map(|e| Column {
                name: e.label.clone(),
                values: ColumnValues::Text {
                    entries: Texts::default(),
                    of_row: vec![UNKNOWN],
                },
            })
            .collect();
        Ok(())
    }
}
