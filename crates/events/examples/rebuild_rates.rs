//! Whether lines come back bit for bit, and how fast, on one core: real files as lines.
//!
//! `cargo run --profile fast -p binnacle-events --example rebuild_rates -- [MB] [path...]`
//!
//! Files are taken from the paths (default: `/usr`) one behind the other, in an order that
//! mixes kinds, until there are so many megabytes (default: 1000); a file that is no text
//! comes as the lines that it has between line feeds. Each is a stream. Every line of every
//! block is compared with what went in. Rates are by time on the processor where Linux tells
//! it, else by the clock.

use std::path::{Path, PathBuf};
use std::time::Instant;

use binnacle_events::block::{BYTES_MAX, Block, Effort, ROWS_MAX, RowSource, encode};
use binnacle_model::event::select::{Lines, Wanted};
use binnacle_model::event::{EventSelection, FieldValue, Rows};
use binnacle_stdx::random::Random;

/// Longer lines are cut, as the ways in do it.
const LINE_BYTES_MAX: usize = 256 << 10;

/// Bytes of one file at most, so that one does not outweigh all others.
const FILE_BYTES_MAX: usize = 8 << 20;

/// Rows that become a block.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each line ends, and its stream.
    lines: Vec<(usize, u32)>,
}

impl Batch {
    fn push(&mut self, line: &[u8], stream: u32) {
        self.bytes.extend_from_slice(line);
        self.lines.push((self.bytes.len(), stream));
    }
}

impl RowSource for Batch {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.lines[row].1
    }

    fn time_ns(&self, row: usize) -> i64 {
        1_796_083_200_000_000_000 + row as i64 * 1_234_567
    }

    fn line(&self, row: usize) -> &[u8] {
        let from = row.checked_sub(1).map_or(0, |p| self.lines[p].0);
        &self.bytes[from..self.lines[row].0]
    }

    fn fields(&self, _row: usize, _see: &mut dyn FnMut(&str, FieldValue<'_>)) {}
}

/// Seconds that this thread was on a processor, or since `began`.
fn seconds(began: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat");
    let on_cpu = text
        .ok()
        .and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
    on_cpu.map_or_else(|| began.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

fn files_in(path: &Path, out: &mut Vec<PathBuf>) {
    let Ok(found) = std::fs::read_dir(path) else {
        out.push(path.to_owned());
        return;
    };
    for entry in found.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_in(&entry.path(), out),
            Ok(kind) if kind.is_file() => out.push(entry.path()),
            _ => {}
        }
    }
}

/// What was measured.
#[derive(Default)]
struct Sums {
    blocks: usize,
    lines: usize,
    raw: usize,
    packed: usize,
    encode_s: f64,
    rebuild_s: f64,
}

impl Sums {
    /// Writes the rows as a block, reads them back and compares.
    fn add(&mut self, batch: &Batch, out: &mut Rows) {
        let mut bytes = Vec::new();
        let began = Instant::now();
        let before = seconds(began);
        encode(batch, Effort::Thorough, &mut bytes).expect("it is not too large");
        self.encode_s += seconds(began) - before;
        let selection = EventSelection {
            wanted: Wanted {
                lines: Lines::All,
                ..Wanted::default()
            },
            ..EventSelection::default()
        };
        let before = seconds(began);
        let block = Block::open(bytes.as_slice()).expect("just encoded");
        block
            .read_all(&Some, &selection, out)
            .expect("just encoded");
        self.rebuild_s += seconds(began) - before;
        // Streams come in the order of their files, so rows are in their order.
        assert_eq!(out.lines.len(), batch.len());
        for row in 0..batch.len() {
            assert!(
                out.lines.get(row) == batch.line(row) && out.times_ns[row] == batch.time_ns(row),
                "line {row} of block {} is another one",
                self.blocks
            );
        }
        self.blocks += 1;
        self.lines += batch.len();
        self.raw += batch.bytes.len();
        self.packed += bytes.len();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mb = arguments.next().and_then(|a| a.parse().ok());
    let max = mb.unwrap_or(1_000_usize) * 1_000_000;
    let mut paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(PathBuf::from("/usr"));
    }
    let mut files = Vec::new();
    for path in &paths {
        files_in(path, &mut files);
    }
    files.sort();
    Random::new(1).shuffle(&mut files);
    let (mut sums, mut batch, mut out) = (Sums::default(), Batch::default(), Rows::default());
    let mut read = 0;
    for (stream, file) in files.iter().enumerate() {
        let Ok(mut bytes) = std::fs::read(file) else {
            continue;
        };
        bytes.truncate(FILE_BYTES_MAX);
        let lines = bytes.split(|b| *b == b'\n');
        for line in lines.flat_map(|l| l.chunks(LINE_BYTES_MAX)) {
            if batch.len() == ROWS_MAX || batch.bytes.len() + line.len() > BYTES_MAX {
                sums.add(&std::mem::take(&mut batch), &mut out);
            }
            batch.push(line, stream as u32);
        }
        read += bytes.len();
        if read >= max {
            break;
        }
    }
    sums.add(&batch, &mut out);
    let raw = sums.raw as f64 / 1e6;
    println!(
        "{raw:.0} MB, {} lines of {} files in {} blocks: all as they were\n\
         encode {:.0} MB/s, rebuild {:.0} MB/s, {:.2} times smaller",
        sums.lines,
        files.len(),
        sums.blocks,
        raw / sums.encode_s,
        raw / sums.rebuild_s,
        sums.raw as f64 / sums.packed as f64
    );
}
