//! Text and OpenMetrics bodies with timestamps into batches: backfilling.
//!
//! An [`Importer`] takes a body in pieces of any size, keeps what is not yet a
//! whole line, and hands full batches to a sink. Memory is bounded by a line and
//! a batch. What was handed over before an error stays handed over; the error has
//! the line, so the rest can be sent again.
//!
//! Unlike a scrape, a label value must not hold a line break that is not escaped.

use std::io::Read;
use std::ops::ControlFlow;

use binnacle_model::append::{Batch, BatchSeries, Exemplar, SeriesKey};
use binnacle_model::metadata::Metadata;
use memchr::memrchr;

use crate::error::WireError;
use crate::text::{
    Dialect, FamilyLine, LabelScratch, PartState, Sample, Visitor, parse_exemplar_labels,
    push_canonical, scan_part,
};

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 256 << 10;

/// Samples after which a batch is handed over: enough to share the cost of a
/// write, few enough to stay in the cache.
const BATCH_SAMPLES: usize = 20_000;

/// Label bytes after which a batch is handed over.
const BATCH_LABEL_BYTES: usize = 8 << 20;

/// What was imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Samples handed over.
    pub samples: u64,
    /// Batches handed over.
    pub batches: u64,
}

/// Why an import ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError<E> {
    /// The body is not what it should be, or cannot be read.
    #[error(transparent)]
    Body(#[from] WireError),
    /// The sink refused a batch.
    #[error("{0}")]
    Sink(E),
}

/// Takes one body. See the module's text.
#[derive(Debug)]
pub struct Importer {
    dialect: Dialect,
    state: PartState,
    /// The start of a line whose end has not come yet.
    partial: Vec<u8>,
    builder: Builder,
    imported: Imported,
}

impl Importer {
    /// An importer of one body. `now_ms` is the time of samples that have none;
    /// without it they are errors.
    #[must_use]
    pub fn new(dialect: Dialect, now_ms: Option<i64>) -> Self {
        Self {
            dialect,
            state: PartState::default(),
            partial: Vec::new(),
            builder: Builder {
                now_ms,
                ..Builder::default()
            },
            imported: Imported::default(),
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// See [`ImportError`]. The importer is of no use afterwards.
    pub fn push<E>(
        &mut self,
        piece: &[u8],
        sink: &mut impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), ImportError<E>> {
        let Some(end) = memrchr(b'\n', piece) else {
            return self.keep(piece);
        };
        let (lines, rest) = piece.split_at(end + 1);
        if self.partial.is_empty() {
            self.lines(lines, false, sink)?;
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(lines);
            self.lines(&whole, false, sink)?;
            whole.clear();
            self.partial = whole;
        }
        self.keep(rest)
    }

    /// Ends the body: what is left is handed over.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn finish<E>(
        mut self,
        sink: &mut impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<Imported, ImportError<E>> {
        let rest = std::mem::take(&mut self.partial);
        self.lines(&rest, true, sink)?;
        self.builder.end_family();
        self.hand_over(sink)?;
        Ok(self.imported)
    }

    fn keep<E>(&mut self, rest: &[u8]) -> Result<(), ImportError<E>> {
        self.partial.extend_from_slice(rest);
        if self.partial.len() <= LINE_BYTES_MAX {
            return Ok(());
        }
        Err(ImportError::Body(WireError::TooLarge {
            what: "a line",
            size: self.partial.len() as u64,
            limit: LINE_BYTES_MAX as u64,
        }))
    }

    fn lines<E>(
        &mut self,
        lines: &[u8],
        last: bool,
        sink: &mut impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), ImportError<E>> {
        let mut rest = lines;
        loop {
            // In steps, so that a batch is handed over when it is full, however
            // large the piece is.
            let step = match memrchr(b'\n', &rest[..rest.len().min(READ_BYTES)]) {
                Some(end) if end + 1 < rest.len() => end + 1,
                _ => rest.len(),
            };
            let (part, tail) = rest.split_at(step);
            let last = last && tail.is_empty();
            let scanned = scan_part(part, self.dialect, &mut self.state, last, &mut self.builder);
            if let Some(error) = self.builder.error.take() {
                return Err(ImportError::Body(self.state.placed(part, error)));
            }
            scanned?;
            if self.builder.is_full() {
                self.hand_over(sink)?;
            }
            if tail.is_empty() {
                return Ok(());
            }
            rest = tail;
        }
    }

    fn hand_over<E>(
        &mut self,
        sink: &mut impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), ImportError<E>> {
        let batch = &mut self.builder.batch;
        if batch.series.is_empty() && batch.metadata.is_empty() {
            return Ok(());
        }
        sink(batch).map_err(ImportError::Sink)?;
        self.imported.samples += batch.values.len() as u64;
        self.imported.batches += 1;
        batch.clear();
        self.builder.last.clear();
        Ok(())
    }
}

/// Imports all that `reader` has.
///
/// # Errors
/// See [`ImportError`].
pub fn import<E>(
    mut reader: impl Read,
    dialect: Dialect,
    now_ms: Option<i64>,
    sink: &mut impl FnMut(&Batch) -> Result<(), E>,
) -> Result<Imported, ImportError<E>> {
    let mut importer = Importer::new(dialect, now_ms);
    let mut piece = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return importer.finish(sink),
            Ok(len) => importer.push(&piece[..len], sink)?,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(ImportError::Body(WireError::Read(e.to_string()))),
        }
    }
}

/// Builds batches from what a scan tells.
#[derive(Debug, Default)]
struct Builder {
    batch: Batch,
    scratch: LabelScratch,
    now_ms: Option<i64>,
    /// Raw bytes of the last series: samples of one series mostly come together.
    last: Vec<u8>,
    /// The family that is being told, and what was told of it.
    family: Option<(String, Metadata)>,
    /// What went wrong, and at which offset of the part.
    error: Option<(usize, String)>,
}

impl Builder {
    fn is_full(&self) -> bool {
        self.batch.values.len() >= BATCH_SAMPLES
            || self.batch.label_bytes.len() >= BATCH_LABEL_BYTES
    }

    fn end_family(&mut self) {
        self.batch.metadata.extend(self.family.take());
    }

    fn add(&mut self, sample: &Sample<'_>) -> Result<(), String> {
        let t_ms = sample
            .t_ms
            .or(self.now_ms)
            .ok_or("the sample has no timestamp")?;
        if self.last != sample.series || self.batch.series.is_empty() {
            self.start_series(sample)?;
        }
        self.batch.times_ms.push(t_ms);
        self.batch.values.push(sample.value);
        if let Some(raw) = sample.exemplar {
            let labels = parse_exemplar_labels(raw.labels)
                .map_err(|e| e.to_string())?
                .build();
            let t_ms = raw.t_ms.unwrap_or(t_ms);
            self.batch.exemplars.push(Exemplar {
                labels,
                value: raw.value,
                t_ms,
            });
        }
        let (samples, exemplars) = (self.batch.values.len(), self.batch.exemplars.len());
        if let Some(series) = self.batch.series.last_mut() {
            series.samples.end = samples as u32;
            series.exemplars.end = exemplars as u32;
        }
        Ok(())
    }

    fn start_series(&mut self, sample: &Sample<'_>) -> Result<(), String> {
        let from = self.batch.label_bytes.len() as u32;
        push_canonical(
            sample.series,
            sample.kind,
            &mut self.scratch,
            &mut self.batch.label_bytes,
        )
        .map_err(|e| e.to_string())?;
        self.last.clear();
        self.last.extend_from_slice(sample.series);
        let samples = self.batch.values.len() as u32;
        let exemplars = self.batch.exemplars.len() as u32;
        self.batch.series.push(BatchSeries {
            key: SeriesKey::Labels(from..self.batch.label_bytes.len() as u32),
            samples: samples..samples,
            exemplars: exemplars..exemplars,
        });
        Ok(())
    }
}

impl Visitor for Builder {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        match self.add(sample) {
            Ok(()) => ControlFlow::Continue(()),
            Err(message) => {
                self.error = Some((sample.offset, message));
                ControlFlow::Break(())
            }
        }
    }

    fn family(&mut self, name: &str, line: FamilyLine<'_>) {
        if self.family.as_ref().is_none_or(|(n, _)| n != name) {
            self.end_family();
        }
        let (_, about) = self
            .family
            .get_or_insert_with(|| (name.to_owned(), Metadata::default()));
        match line {
            FamilyLine::Type(kind) => about.kind = kind,
            FamilyLine::Help(help) => about.help = help.into_owned(),
            FamilyLine::Unit(unit) => unit.clone_into(&mut about.unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: &str, piece: usize, dialect: Dialect) -> Result<(Imported, Vec<String>), String> {
        let mut seen = Vec::new();
        let mut sink = |batch: &Batch| -> Result<(), String> {
            for series in &batch.series {
                let SeriesKey::Labels(range) = &series.key else {
                    return Err("no labels".into());
                };
                let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
                let labels =
                    binnacle_model::Labels::from_canonical(bytes).map_err(|e| e.to_string())?;
                for i in series.samples.start as usize..series.samples.end as usize {
                    seen.push(format!(
                        "{labels} {} {}",
                        batch.values[i], batch.times_ms[i]
                    ));
                }
            }
            seen.extend(
                batch
                    .metadata
                    .iter()
                    .map(|(n, m)| format!("{n}: {} {}", m.kind.as_str(), m.help)),
            );
            Ok(())
        };
        let mut importer = Importer::new(dialect, None);
        for piece in body.as_bytes().chunks(piece) {
            importer.push(piece, &mut sink).map_err(|e| e.to_string())?;
        }
        let imported = importer.finish(&mut sink).map_err(|e| e.to_string())?;
        Ok((imported, seen))
    }

    #[test]
    fn pieces_do_not_matter() {
        let body =
            "# HELP a text\n# TYPE a counter\na{x=\"1\"} 1 1\na{x=\"1\"} 2 1.5\nb 3 2\n# EOF\n";
        let whole = run(body, body.len(), Dialect::OpenMetrics).expect("valid");
        assert_eq!(
            whole.0,
            Imported {
                samples: 3,
                batches: 1
            }
        );
        assert_eq!(whole.1[1], r#"{__name__="a", x="1"} 2 1500"#);
        assert_eq!(whole.1[3], "a: counter text");
        for piece in 1..20 {
            assert_eq!(
                run(body, piece, Dialect::OpenMetrics),
                Ok(whole.clone()),
                "{piece}"
            );
        }
    }

    #[test]
    fn errors_have_the_line_of_the_body() {
        let body = "a 1 1\nb 2 2\nc 3\n";
        for piece in [1, 6, 100] {
            let error = run(body, piece, Dialect::Prometheus).expect_err("no timestamp");
            assert_eq!(error, "line 3: the sample has no timestamp");
        }
        let error = run("a 1 1\nb 2 2\n# EOF\nc 3 3\n", 6, Dialect::OpenMetrics)
            .expect_err("after the end");
        assert_eq!(error, "line 4: unexpected data after # EOF");
        assert!(run("a 1 1\n", 2, Dialect::OpenMetrics).is_err());
    }

    #[test]
    fn large_bodies_come_in_batches_and_long_lines_end() {
        let body: String = (0..50_000).map(|i| format!("a {i} {i}\n")).collect();
        let (imported, seen) = run(&body, body.len(), Dialect::Prometheus).expect("valid");
        assert_eq!((imported.samples, seen.len()), (50_000, 50_000));
        assert!(imported.batches >= 2);
        let endless = "a".repeat(LINE_BYTES_MAX + 2);
        assert!(run(&endless, 1 << 16, Dialect::Prometheus).is_err_and(|e| e.contains("limit")));
    }
}
