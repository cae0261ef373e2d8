//! A column of texts: written in the form that fits it best, and found again.

use binnacle_stdx::bits::put_varint;
use binnacle_store::Malformed;
use hashbrown::HashTable;

use super::Effort;
use super::ids::{IdWriter, Ids};
use super::ints::{self, Ints, Order};
use super::number::NumberFormat;
use super::piece::{Blob, Pieces, Reader};
use super::quick::{Hasher, is_same};
use super::search::Sought;
use super::shape::{self, Shaped};
use super::stamp::{self, Calendar, StampFormat};
use super::strings::{self, Strings};
use super::tokens::Level;
use super::words::WordWriter;

const CONSTANT: u8 = 0;
const NUMBERS: u8 = 1;
const HEX: u8 = 2;
const STAMPS: u8 = 3;
const DICTIONARY: u8 = 4;
const STRINGS: u8 = 5;
const SHAPED: u8 = 6;
const IDS: u8 = 7;

/// Columns within columns at most.
const DEPTH_MAX: usize = 12;

/// Fewer texts are not taken apart.
const TEXTS_MIN: usize = 64;

/// Texts that decide whether all are taken apart.
const SAMPLE: usize = 1024;

/// Texts that decide whether a dictionary is tried.
const DISTINCT_SAMPLE: usize = 1024;

/// Shorter hex texts are no ids.
const HEX_BYTES_MIN: usize = 6;

/// Longer texts that are ids need no dictionary of their own.
const IDS_BYTES_MIN: usize = 16;

/// What writing a block needs besides what it writes.
pub(super) struct Work {
    pub(super) effort: Effort,
    pub(super) words: WordWriter,
    pub(super) ids: IdWriter,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Work {
    pub(super) fn new(effort: Effort) -> Self {
        Self {
            effort,
            words: WordWriter::default(),
            ids: IdWriter::default(),
            zstd: zstd::bulk::Compressor::new(strings::level(effort)).ok(),
        }
    }

    /// Compressed, when it gets shorter.
    pub(super) fn compress(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        let packed = self.zstd.as_mut()?.compress(raw).ok()?;
        (packed.len() < raw.len()).then_some(packed)
    }
}

/// Writes a column; how many texts it has is for the caller to keep. `times` are those of
/// the rows of the texts, or none. The words of the texts are added unless the caller did.
pub(super) fn write(
    texts: &[&[u8]],
    times: &[i64],
    level: Level,
    adds_words: bool,
    work: &mut Work,
    out: &mut Pieces,
) {
    let first = texts.first().copied().unwrap_or_default();
    if texts.iter().all(|t| is_same(t, first)) {
        out.directory.push(CONSTANT);
        out.blob(first);
        if adds_words {
            work.words.add(first);
        }
        return;
    }
    if write_numbers(texts, adds_words, work, out) {
        return;
    }
    if write_stamps(texts, times, adds_words, work, out) {
        return;
    }
    if first.len() >= IDS_BYTES_MIN && write_ids(texts, times, adds_words, work, out) {
        return;
    }
    let dictionary = Dictionary::of(texts);
    if let Some(dictionary) = &dictionary
        && dictionary.entries.len() <= texts.len() / 8 + 4
    {
        dictionary.write(level, adds_words, work, out);
        return;
    }
    if write_ids(texts, times, adds_words, work, out) {
        return;
    }
    if write_hex(texts, adds_words, work, out) {
        return;
    }
    if texts.len() >= TEXTS_MIN && write_shaped(texts, times, level, adds_words, work, out) {
        return;
    }
    if let Some(dictionary) = &dictionary {
        dictionary.write(level, adds_words, work, out);
        return;
    }
    if adds_words {
        for text in texts {
            work.words.add(text);
        }
    }
    out.directory.push(STRINGS);
    strings::write(texts, work, out);
}

/// Writes whole lines.
pub(super) fn write_lines(lines: &[&[u8]], times: &[i64], work: &mut Work, out: &mut Pieces) {
    let builder = shape::of_lines(lines, times);
    out.directory.push(SHAPED);
    builder.write(lines, Level::Coarse, true, work, out);
}

fn write_numbers(texts: &[&[u8]], adds_words: bool, work: &mut Work, out: &mut Pieces) -> bool {
    let Some(first) = texts.first() else {
        return false;
    };
    let Some(format) = NumberFormat::of(first) else {
        return false;
    };
    let all = |format: NumberFormat| -> Option<Vec<i64>> {
        texts.iter().map(|t| format.parse(t)).collect()
    };
    let found = all(format).map(|v| (format, v)).or_else(|| {
        let padded = NumberFormat::padded(first.len())?;
        all(padded).map(|v| (padded, v))
    });
    let Some((format, values)) = found else {
        return false;
    };
    if adds_words {
        for text in texts.iter().filter(|t| t.len() > 9) {
            work.words.add(text);
        }
    }
    out.directory.push(NUMBERS);
    format.write(&mut out.directory);
    ints::write(&values, Order::Unknown, work.effort, out);
    true
}

fn write_stamps(
    texts: &[&[u8]],
    times: &[i64],
    adds_words: bool,
    work: &mut Work,
    out: &mut Pieces,
) -> bool {
    let Some(first) = texts.first() else {
        return false;
    };
    let Some((format, len)) = stamp::recognise(first) else {
        return false;
    };
    if len != first.len() || times.len() != texts.len() {
        return false;
    }
    let (mut calendar, mut buffer) = (Calendar::default(), Vec::new());
    let differences: Option<Vec<i64>> = texts
        .iter()
        .zip(times)
        .map(|(text, t_ns)| format.difference(text, *t_ns, &mut calendar, &mut buffer))
        .collect();
    let Some(differences) = differences else {
        return false;
    };
    if adds_words {
        // What the times of one hour have in their different words are small numbers.
        let mut before: &[u8] = &[];
        for text in texts {
            let hour = &text[..text.len().min(14)];
            if hour != before {
                work.words.add(text);
            }
            before = hour;
        }
    }
    out.directory.push(STAMPS);
    format.write(&mut out.directory);
    ints::write(&differences, Order::Unknown, work.effort, out);
    true
}

fn write_ids(
    texts: &[&[u8]],
    times: &[i64],
    adds_words: bool,
    work: &mut Work,
    out: &mut Pieces,
) -> bool {
    let Some(pool) = work.ids.take(texts, times, adds_words) else {
        return false;
    };
    out.directory.push(IDS);
    put_varint(&mut out.directory, pool as u64);
    true
}

/// No hex digit.
const NO_DIGIT: u8 = 0xff;

/// The value of each digit.
const fn values_of(first_letter: u8) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 10 {
        values[b'0' as usize + i] = i as u8;
        i += 1;
    }
    while i < 16 {
        values[first_letter as usize + i - 10] = i as u8;
        i += 1;
    }
    values
}

const LOWER_VALUES: [u8; 256] = values_of(b'a');
const UPPER_VALUES: [u8; 256] = values_of(b'A');

/// Packs hex digits, lower or upper case, the first into the upper half of a byte. When
/// it is none, what was appended has no meaning.
pub(super) fn pack_hex(text: &[u8], is_upper: bool, out: &mut Vec<u8>) -> Option<()> {
    let values = if is_upper {
        &UPPER_VALUES
    } else {
        &LOWER_VALUES
    };
    let value = |byte: u8| values[usize::from(byte)];
    // All but what is no digit have the upper half empty.
    let mut all = 0;
    let (pairs, last) = text.as_chunks::<2>();
    out.extend(pairs.iter().map(|[high, low]| {
        let (high, low) = (value(*high), value(*low));
        all |= high | low;
        high << 4 | low & 15
    }));
    if let [last] = last {
        all |= value(*last);
        out.push(value(*last) << 4);
    }
    (all < 16).then_some(())
}

fn write_hex(texts: &[&[u8]], adds_words: bool, work: &mut Work, out: &mut Pieces) -> bool {
    let Some(first) = texts.first() else {
        return false;
    };
    let len = first.len();
    if !(HEX_BYTES_MIN..=256).contains(&len) || texts.iter().any(|t| t.len() != len) {
        return false;
    }
    let is_upper = first.iter().any(u8::is_ascii_uppercase);
    let mut packed = Vec::with_capacity(texts.len() * len.div_ceil(2));
    for text in texts {
        if pack_hex(text, is_upper, &mut packed).is_none() {
            return false;
        }
    }
    if adds_words {
        for text in texts {
            if is_upper {
                work.words.add(text);
            } else {
                work.words.add_hex(text);
            }
        }
    }
    out.directory.push(HEX);
    put_varint(&mut out.directory, len as u64);
    out.directory.push(u8::from(is_upper));
    out.blob(&packed);
    true
}

fn write_shaped(
    texts: &[&[u8]],
    times: &[i64],
    level: Level,
    adds_words: bool,
    work: &mut Work,
    out: &mut Pieces,
) -> bool {
    if level == Level::Whole {
        return false;
    }
    if let Some(builder) = shape::of_numbered(texts) {
        out.directory.push(SHAPED);
        builder.write(texts, Level::Digits, adds_words, work, out);
        return true;
    }
    let step = texts.len().div_ceil(SAMPLE);
    let mut level = level;
    while level != Level::Whole {
        let is_promising = step == 1 || {
            let sample: Vec<&[u8]> = texts.iter().step_by(step).copied().collect();
            shape::of_texts(&sample, &[], level).is_worthwhile(&sample)
        };
        if is_promising {
            let builder = shape::of_texts(texts, times, level);
            if builder.is_worthwhile(texts) {
                out.directory.push(SHAPED);
                builder.write(texts, level, adds_words, work, out);
                return true;
            }
        }
        level = level.finer();
    }
    false
}

/// Distinct texts and which of them each is.
struct Dictionary<'a> {
    /// The most frequent first.
    entries: Vec<&'a [u8]>,
    ids: Vec<i64>,
}

impl<'a> Dictionary<'a> {
    /// `None` when more than half of the texts differ.
    fn of(texts: &[&'a [u8]]) -> Option<Self> {
        let max = texts.len() / 2;
        let hasher = Hasher::default();
        if Self::is_hopeless(texts) {
            return None;
        }
        let mut table: HashTable<u32> = HashTable::new();
        let mut entries: Vec<(&[u8], u32)> = Vec::new();
        let mut ids = Vec::with_capacity(texts.len());
        let mut hashes: Vec<u64> = Vec::new();
        for text in texts {
            let hash = hasher.hash(text);
            let entry = table.entry(
                hash,
                |id| is_same(entries[*id as usize].0, text),
                |id| hashes[*id as usize],
            );
            let id = *entry.or_insert_with(|| entries.len() as u32).get();
            if id as usize == entries.len() {
                if entries.len() == max {
                    return None;
                }
                entries.push((text, 0));
                hashes.push(hash);
            }
            entries[id as usize].1 += 1;
            ids.push(i64::from(id));
        }
        let mut order: Vec<u32> = (0..entries.len() as u32).collect();
        order.sort_by_key(|id| std::cmp::Reverse(entries[*id as usize].1));
        let mut rank = vec![0_i64; entries.len()];
        for (at, id) in order.iter().enumerate() {
            rank[*id as usize] = at as i64;
        }
        for id in &mut ids {
            *id = rank[*id as usize];
        }
        Some(Self {
            entries: order.iter().map(|id| entries[*id as usize].0).collect(),
            ids,
        })
    }

    /// Whether nearly all texts of a sample are different.
    fn is_hopeless(texts: &[&[u8]]) -> bool {
        if texts.len() < DISTINCT_SAMPLE * 8 {
            return false;
        }
        let step = texts.len() / DISTINCT_SAMPLE;
        let mut sample: Vec<&[u8]> = texts.iter().step_by(step).copied().collect();
        sample.sort_unstable();
        let all = sample.len();
        sample.dedup();
        sample.len() * 100 > all * 99
    }

    fn write(&self, level: Level, adds_words: bool, work: &mut Work, out: &mut Pieces) {
        out.directory.push(DICTIONARY);
        put_varint(&mut out.directory, self.entries.len() as u64);
        write(&self.entries, &[], level, adds_words, work, out);
        ints::write(&self.ids, Order::Names, work.effort, out);
    }
}

/// A column that was found, not decoded yet.
#[derive(Debug)]
pub(super) struct Column<'a> {
    /// How many texts.
    pub(super) count: usize,
    pub(super) form: Form<'a>,
}

/// How the texts of a column are kept.
#[derive(Debug)]
pub(super) enum Form<'a> {
    Constant(&'a [u8]),
    Numbers {
        format: NumberFormat,
        ints: Ints<'a>,
    },
    Hex {
        /// Digits of each text.
        len: usize,
        is_upper: bool,
        packed: Blob<'a>,
    },
    Stamps {
        format: StampFormat,
        ints: Ints<'a>,
    },
    Dictionary {
        entries: Box<Column<'a>>,
        ids: Ints<'a>,
    },
    Strings(Strings<'a>),
    Shaped(Box<Shaped<'a>>),
    Ids(Ids<'a>),
}

impl<'a> Column<'a> {
    pub(super) fn read(
        reader: &mut Reader<'a>,
        count: usize,
        depth: usize,
    ) -> Result<Self, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed(
                "columns of a block lie too deep within each other",
            ));
        }
        let form = match reader.u8()? {
            CONSTANT => Form::Constant(reader.blob()?.open()?),
            NUMBERS => Form::Numbers {
                format: NumberFormat::read(reader)?,
                ints: Ints::read(reader, count)?,
            },
            HEX => {
                let len = reader.count(256)?;
                let is_upper = reader.u8()? == 1;
                let packed = reader.blob()?;
                if Some(packed.len()) != count.checked_mul(len.div_ceil(2)) {
                    return Err(Malformed("hex texts of a block have a wrong length"));
                }
                Form::Hex {
                    len,
                    is_upper,
                    packed,
                }
            }
            STAMPS => Form::Stamps {
                format: StampFormat::read(reader)?,
                ints: Ints::read(reader, count)?,
            },
            DICTIONARY => {
                let own = reader.count(count)?;
                Form::Dictionary {
                    entries: Box::new(Self::read(reader, own, depth + 1)?),
                    ids: Ints::read(reader, count)?,
                }
            }
            STRINGS => Form::Strings(Strings::read(reader, count)?),
            IDS => {
                let pool = reader.count(usize::MAX)?;
                Form::Ids(reader.pools.next(pool, count)?)
            }
            SHAPED => Form::Shaped(Box::new(Shaped::read(reader, count, depth + 1)?)),
            _ => return Err(Malformed("a column of a block is of an unknown form")),
        };
        Ok(Self { count, form })
    }

    /// Whether a text may have what is sought, without decoding anything.
    pub(super) fn may_have(&self, sought: &Sought<'_>) -> bool {
        let all = |may_have: fn(u8) -> bool| sought.text.iter().all(|b| may_have(*b));
        match &self.form {
            Form::Constant(text) => sought.is_in(text),
            Form::Numbers { .. } => sought.text.len() <= 20 && all(NumberFormat::may_have),
            Form::Hex { len, .. } => sought.text.len() <= *len && all(|b| b.is_ascii_hexdigit()),
            Form::Stamps { format, .. } => format.may_have(sought),
            Form::Dictionary { entries, .. } => entries.may_have(sought),
            Form::Strings(strings) => strings.statistics.may_have(sought),
            Form::Shaped(_) => true,
            Form::Ids(ids) => {
                let format = ids.pool.format;
                let is_digit = |b: &u8| format.may_have(*b);
                sought.text.len() <= format.len() && sought.text.iter().all(is_digit)
            }
        }
    }

    /// What it costs to find something: only the order matters.
    pub(super) fn cost(&self) -> u8 {
        match self.form {
            Form::Constant(_) => 0,
            Form::Dictionary { .. } => 1,
            Form::Hex { .. } | Form::Ids(_) => 2,
            Form::Numbers { .. } => 3,
            Form::Strings(_) => 4,
            Form::Shaped(_) => 5,
            Form::Stamps { .. } => 6,
        }
    }
}
