//! Writing a block.
//!
//! Series come in the block's order ([`order`]) with all their samples of the
//! block's range. Values stream to the file; everything else is small and waits in
//! memory for the end, because a pair's number is only known when all pairs are.

use std::path::Path;
use std::sync::Arc;

use binnacle_stdx::bits::{put_varint, put_varint_signed};
use binnacle_stdx::files::Files;
use binnacle_store::Error;
use binnacle_store::blockfile::BlockWriter;

use super::columns::ColumnWriter;
use super::names::{NamesWriter, join};
use super::page::{ChunkRef, PAGE_SERIES, Page};
use super::{KIND, VERSION, section};
use crate::chunk::{self, Effort};
use crate::registry::{Registry, SeriesId};

/// Samples that a chunk should have: enough for the entropy coder, few enough that
/// a query of an hour does not decode a week.
const CHUNK_SAMPLES: i64 = 2048;

/// A chunk is cut at this length whatever the times are.
const CHUNK_SAMPLES_CUT: usize = 2 * CHUNK_SAMPLES as usize;

/// Chunks shorter than this are packed and not entropy-coded: on 60 samples that
/// cost ten times the time and saved nothing, and they are merged again anyway.
const ENTROPY_SAMPLES_MIN: usize = 1000;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockMeta {
    /// Where two blocks have the same time of the same series, the higher one wins:
    /// a flush counts up, a merge has the highest of what it merged.
    pub(crate) seq: u64,
    /// Oldest sample.
    pub(crate) min_t_ms: i64,
    /// Newest sample.
    pub(crate) max_t_ms: i64,
    pub(crate) samples: u64,
    pub(crate) series: u32,
    /// Length of the file.
    pub(crate) bytes: u64,
}

impl BlockMeta {
    /// Whether a sample of the range may be there.
    pub(crate) fn overlaps(&self, start_ms: i64, end_ms: i64) -> bool {
        self.min_t_ms <= end_ms && self.max_t_ms >= start_ms
    }
}

/// Writes one block.
pub(crate) struct Builder {
    file: BlockWriter,
    effort: Effort,
    columns: ColumnWriter,
    pages: Vec<Page>,
    chunks: Vec<ChunkRef>,
    encoded: Vec<u8>,
    meta: BlockMeta,
}

impl Builder {
    /// Begins the block `path`.
    pub(crate) fn create(
        files: Arc<dyn Files>,
        path: &Path,
        seq: u64,
        effort: Effort,
    ) -> Result<Self, Error> {
        let mut file = BlockWriter::create(files, path, KIND)?;
        file.section(section::DATA);
        Ok(Self {
            file,
            effort,
            columns: ColumnWriter::new(),
            pages: Vec::new(),
            chunks: Vec::new(),
            encoded: Vec::new(),
            meta: BlockMeta {
                seq,
                min_t_ms: i64::MAX,
                max_t_ms: i64::MIN,
                samples: 0,
                series: 0,
                bytes: 0,
            },
        })
    }

    /// Whether no series was added yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.meta.series == 0
    }

    /// Adds the next series: its pairs' numbers in the registry that
    /// [`Self::finish`] gets, its times, strictly ascending, and as many values.
    pub(crate) fn push(
        &mut self,
        row: &[u32],
        times_ms: &[i64],
        values: &[f64],
    ) -> Result<(), Error> {
        let (Some(&first), Some(&last)) = (times_ms.first(), times_ms.last()) else {
            return Ok(());
        };
        self.chunks.clear();
        let span_ms = chunk_span_ms(times_ms.len(), first, last);
        let mut from = 0;
        while from < times_ms.len() {
            let to = cut(times_ms, from, span_ms);
            self.push_chunk(&times_ms[from..to], &values[from..to])?;
            from = to;
        }
        if self.pages.last().is_none_or(|p| p.len() == PAGE_SERIES) {
            self.pages.push(Page::default());
        }
        if let Some(page) = self.pages.last_mut() {
            page.push(row.iter().copied(), &self.chunks);
        }
        self.meta.min_t_ms = self.meta.min_t_ms.min(first);
        self.meta.max_t_ms = self.meta.max_t_ms.max(last);
        self.meta.samples += times_ms.len() as u64;
        self.meta.series += 1;
        Ok(())
    }

    fn push_chunk(&mut self, times_ms: &[i64], values: &[f64]) -> Result<(), Error> {
        self.encoded.clear();
        let effort = if values.len() < ENTROPY_SAMPLES_MIN {
            Effort::Quick
        } else {
            self.effort
        };
        chunk::encode_values(values, effort, &mut self.encoded);
        let at = self.file.section_len();
        self.file.write(&self.encoded)?;
        let column = self.columns.add(times_ms);
        self.chunks.push(ChunkRef {
            at,
            len: self.encoded.len() as u32,
            column,
        });
        Ok(())
    }

    /// Ends the block, whose pairs' numbers are those of `registry`.
    pub(crate) fn finish(mut self, registry: &Registry, path: &Path) -> Result<BlockMeta, Error> {
        let ranks = Ranks::of(registry, &self.pages);
        let names = self.names(registry, &ranks);
        let mut pages = Vec::new();
        let mut page_ends = Vec::new();
        for page in &self.pages {
            page.renumbered(&ranks.of)
                .encode(&mut pages)
                .map_err(Error::io("compress", path))?;
            page_ends.push(pages.len() as u64);
        }
        let table = self.columns.table().map_err(Error::io("compress", path))?;
        let mut pairs = Vec::new();
        binnacle_store::dictionary::encode(ranks.text.iter().map(Vec::as_slice), &mut pairs);
        let meta = self.encode_meta(ranks.order.len(), &page_ends);
        for (name, bytes) in [
            (section::TIMES, self.columns.times()),
            (section::COLUMNS, &table),
            (section::PAGES, &pages),
            (section::NAMES, &names.names()),
            (section::PAIRS, &pairs),
            (section::POSTINGS, &names.postings),
            (section::POSTING_GROUPS, &names.posting_groups),
            (section::META, &meta),
        ] {
            self.file.section(name);
            self.file.write(bytes)?;
        }
        self.meta.bytes = self.file.finish()?;
        Ok(self.meta)
    }

    fn names(&self, registry: &Registry, ranks: &Ranks) -> NamesWriter {
        let mut carriers: Vec<Vec<u32>> = vec![Vec::new(); ranks.order.len()];
        let mut series = 0;
        for page in &self.pages {
            for i in 0..page.len() {
                for &pair in page.row(i) {
                    carriers[ranks.of[pair as usize] as usize].push(series);
                }
                series += 1;
            }
        }
        let mut names = NamesWriter::default();
        for (&pair, series) in ranks.order.iter().zip(&carriers) {
            names.push(registry.pairs().text(pair).0, series);
        }
        names
    }

    fn encode_meta(&self, pairs: usize, page_ends: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, u64::from(VERSION));
        put_varint(&mut out, self.meta.seq);
        put_varint_signed(&mut out, self.meta.min_t_ms);
        put_varint_signed(&mut out, self.meta.max_t_ms);
        put_varint(&mut out, self.meta.samples);
        put_varint(&mut out, u64::from(self.meta.series));
        put_varint(&mut out, pairs as u64);
        put_varint(&mut out, self.columns.len() as u64);
        let mut before = 0;
        for &end in page_ends {
            put_varint(&mut out, end - before);
            before = end;
        }
        out
    }
}

/// The pairs that are in use, in the order of the dictionary.
struct Ranks {
    order: Vec<u32>,
    text: Vec<Vec<u8>>,
    /// By a pair's number in the registry its number in the block.
    of: Vec<u32>,
}

impl Ranks {
    fn of(registry: &Registry, pages: &[Page]) -> Self {
        let mut used = vec![false; registry.pairs().len()];
        for page in pages {
            for &pair in page.rows() {
                used[pair as usize] = true;
            }
        }
        let mut sorted: Vec<(Vec<u8>, u32)> = (0..used.len() as u32)
            .filter(|&p| used[p as usize])
            .map(|p| {
                let (name, value) = registry.pairs().text(p);
                (join(name, value), p)
            })
            .collect();
        sorted.sort_unstable();
        let (text, order): (Vec<Vec<u8>>, Vec<u32>) = sorted.into_iter().unzip();
        let mut of = vec![0; used.len()];
        for (rank, &pair) in order.iter().enumerate() {
            of[pair as usize] = rank as u32;
        }
        Self { order, text, of }
    }
}

/// Puts series into the order of a block: by target, then by metric, then by the
/// other labels. The series of a target are scraped together and share times and
/// most pairs, so they lie together: postings become runs and pages compress.
pub(crate) fn order(registry: &Registry, series: &mut [SeriesId]) {
    let pairs = registry.pairs();
    let mut by_text: Vec<u32> = (0..pairs.len() as u32).collect();
    by_text.sort_unstable_by(|&a, &b| pairs.text(a).cmp(&pairs.text(b)));
    let mut rank = vec![0u32; by_text.len()];
    for (i, &pair) in by_text.iter().enumerate() {
        rank[pair as usize] = i as u32 + 1;
    }
    drop(by_text);
    let leading = ["job", "instance", "__name__"].map(|name| {
        pairs
            .names()
            .iter()
            .position(|n| &*n.text == name)
            .map(|n| n as u32)
    });
    let lead_of = |id: SeriesId| {
        let row = registry.row(id);
        leading.map(|name| {
            let found = row.iter().find(|&&p| name == Some(pairs.name_of(p)));
            found.map_or(0, |&p| rank[p as usize])
        })
    };
    let ranks = |id: SeriesId| registry.row(id).iter().map(|&p| rank[p as usize]);
    let mut keyed: Vec<([u32; 3], SeriesId)> = series.iter().map(|&id| (lead_of(id), id)).collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| ranks(a.1).cmp(ranks(b.1))));
    for (place, (_, id)) in series.iter_mut().zip(keyed) {
        *place = id;
    }
}

/// How much time a chunk covers: about [`CHUNK_SAMPLES`] samples, and a round number,
/// so that series with the same step are cut at the same times and share columns
/// even when one of them misses a sample.
fn chunk_span_ms(samples: usize, first_ms: i64, last_ms: i64) -> i64 {
    if samples <= CHUNK_SAMPLES_CUT {
        return i64::MAX;
    }
    let step_ms = (last_ms.saturating_sub(first_ms) / (samples as i64 - 1)).max(1);
    let seconds = (step_ms.saturating_mul(CHUNK_SAMPLES) / 1000).max(1) as u64;
    i64::try_from(seconds.next_power_of_two())
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

/// Where the chunk that begins at `from` ends.
fn cut(times_ms: &[i64], from: usize, span_ms: i64) -> usize {
    let longest = &times_ms[from..times_ms.len().min(from + CHUNK_SAMPLES_CUT)];
    let window = longest[0].div_euclid(span_ms);
    from + longest.partition_point(|t| t.div_euclid(span_ms) <= window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_cut_at_round_times_whatever_is_missing() {
        let cuts = |times: &[i64]| {
            let span = chunk_span_ms(times.len(), times[0], times[times.len() - 1]);
            let (mut at, mut out) = (0, Vec::new());
            while at < times.len() {
                at = cut(times, at, span);
                out.push(times.get(at).copied());
            }
            out
        };
        let all: Vec<i64> = (0..10_000)
            .map(|i| 1_700_000_000_000 + i * 15_000)
            .collect();
        let mut one_missing = all.clone();
        one_missing.remove(77);
        assert_eq!(cuts(&all), cuts(&one_missing));
        assert!((3..=8).contains(&cuts(&all).len()), "{}", cuts(&all).len());
        let burst: Vec<i64> = (0..20_000).collect();
        assert!(cuts(&burst).len() >= 5);
        assert_eq!(cuts(&all[..100]).len(), 1);
        assert_eq!(cut(&[i64::MIN, i64::MAX], 0, i64::MAX), 1);
    }
}
