//! Columns of texts that are compressed as they are: one haystack in frames.
//!
//! Each text ends with a byte that is in none of them, and another one stands in front of
//! the first, so that a whole frame is searched at once. Only where all 256 bytes occur
//! the lengths are kept instead.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use binnacle_stdx::bits::put_varint;
use binnacle_store::Malformed;
use memchr::memmem::Finder;

use super::bits::Bits;
use super::column::Work;
use super::ints::{self, Ints, Order};
use super::piece::{Blob, Pieces, Reader};
use super::search::{Place, Sought};
use super::words::is_word;
use super::{BYTES_REFUSED, Effort};

/// Raw bytes of a frame, about.
const FRAME_BYTES: usize = 128 << 10;

/// Fewer raw bytes are left to the directory, which is compressed as a whole.
const DIRECTORY_BYTES_MAX: usize = 1 << 10;

/// What is known of all texts of a column.
#[derive(Debug, Clone)]
pub(super) struct TextStatistics {
    /// A bit for each byte that occurs.
    bytes: [u64; 4],
    /// Bytes of the longest text.
    longest: usize,
    /// Bytes of the longest word.
    longest_word: usize,
}

impl TextStatistics {
    pub(super) fn of(texts: &[&[u8]]) -> Self {
        let mut seen = [false; 256];
        let (mut longest, mut longest_word) = (0, 0);
        for text in texts {
            longest = longest.max(text.len());
            let mut word = 0;
            for &byte in *text {
                seen[usize::from(byte)] = true;
                word = if is_word(byte) { word + 1 } else { 0 };
                longest_word = longest_word.max(word);
            }
        }
        let mut bytes = [0; 4];
        for (byte, _) in seen.iter().enumerate().filter(|(_, is)| **is) {
            bytes[byte / 64] |= 1 << (byte % 64);
        }
        Self {
            bytes,
            longest,
            longest_word,
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }

    /// A byte that is in no text.
    fn absent(&self) -> Option<u8> {
        [b'\n', 0, 0xff]
            .into_iter()
            .chain(0..=255)
            .find(|b| !self.has(*b))
    }

    /// Whether a text may have the piece.
    pub(super) fn may_have(&self, sought: &Sought<'_>) -> bool {
        sought.text.len() <= self.longest
            && sought.longest_word() <= self.longest_word
            && sought.text.iter().all(|b| self.has(*b))
    }

    fn write(&self, out: &mut Vec<u8>) {
        for word in self.bytes {
            out.extend_from_slice(&word.to_le_bytes());
        }
        put_varint(out, self.longest as u64);
        put_varint(out, self.longest_word as u64);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (words, _) = reader.take(32)?.as_chunks::<8>();
        let mut bytes = [0; 4];
        for (own, word) in bytes.iter_mut().zip(words) {
            *own = u64::from_le_bytes(*word);
        }
        Ok(Self {
            bytes,
            longest: reader.count(BYTES_REFUSED)?,
            longest_word: reader.count(BYTES_REFUSED)?,
        })
    }
}

const IN_DIRECTORY: u8 = 0;
const COMPRESSED: u8 = 1;

/// Writes texts; how many is for the caller to keep.
pub(super) fn write(texts: &[&[u8]], work: &mut Work, out: &mut Pieces) {
    let statistics = TextStatistics::of(texts);
    statistics.write(&mut out.directory);
    let end = statistics.absent();
    out.directory.push(u8::from(end.is_some()));
    out.directory.push(end.unwrap_or(0));
    if end.is_none() {
        let lengths: Vec<i64> = texts.iter().map(|t| t.len() as i64).collect();
        ints::write(&lengths, Order::Names, work.effort, out);
    }
    let frames = frames_of(texts);
    put_varint(&mut out.directory, frames.len() as u64);
    let mut raw = Vec::new();
    for frame in frames {
        raw.clear();
        raw.extend(end);
        let own = &texts[frame];
        for text in own {
            raw.extend_from_slice(text);
            raw.extend(end);
        }
        put_varint(&mut out.directory, own.len() as u64);
        put_varint(&mut out.directory, raw.len() as u64);
        if raw.len() > DIRECTORY_BYTES_MAX
            && let Some(packed) = work.compress(&raw)
        {
            out.directory.push(COMPRESSED);
            out.blob(&packed);
        } else {
            out.directory.push(IN_DIRECTORY);
            out.directory.extend_from_slice(&raw);
        }
    }
}

fn frames_of(texts: &[&[u8]]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (i, text) in texts.iter().enumerate() {
        bytes += text.len() + 1;
        if bytes >= FRAME_BYTES {
            frames.push(from..i + 1);
            (from, bytes) = (i + 1, 0);
        }
    }
    if from < texts.len() {
        frames.push(from..texts.len());
    }
    frames
}

/// The level of zstd.
pub(super) fn level(effort: Effort) -> i32 {
    match effort {
        Effort::Quick => 1,
        Effort::Thorough => 6,
    }
}

#[derive(Debug, Clone)]
struct Frame<'a> {
    texts: Range<usize>,
    raw_len: usize,
    bytes: FrameBytes<'a>,
}

#[derive(Debug, Clone)]
enum FrameBytes<'a> {
    Plain(&'a [u8]),
    Compressed(Blob<'a>),
}

/// Texts that were found, not opened yet.
#[derive(Debug, Clone)]
pub(super) struct Strings<'a> {
    pub(super) statistics: TextStatistics,
    end: Option<u8>,
    lengths: Option<Ints<'a>>,
    frames: Vec<Frame<'a>>,
    count: usize,
}

impl<'a> Strings<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, count: usize) -> Result<Self, Malformed> {
        let statistics = TextStatistics::read(reader)?;
        let has_end = reader.u8()? == 1;
        let end = Some(reader.u8()?).filter(|_| has_end);
        let lengths = match end {
            Some(_) => None,
            None => Some(Ints::read(reader, count)?),
        };
        let mut frames = Vec::new();
        let mut from = 0_usize;
        for _ in 0..reader.count_here()? {
            let texts = reader.count(count - from)?;
            let raw_len = reader.count(BYTES_REFUSED)?;
            let bytes = match reader.u8()? {
                IN_DIRECTORY => FrameBytes::Plain(reader.take(raw_len)?),
                COMPRESSED => FrameBytes::Compressed(reader.blob()?),
                _ => return Err(Malformed("texts of a block are of an unknown kind")),
            };
            frames.push(Frame {
                texts: from..from + texts,
                raw_len,
                bytes,
            });
            from += texts;
        }
        if from != count {
            return Err(Malformed("a block has a wrong number of texts"));
        }
        Ok(Self {
            statistics,
            end,
            lengths,
            frames,
            count,
        })
    }

    /// Bytes that they take, but for those in the directory.
    pub(super) fn len(&self) -> usize {
        let of_frame = |frame: &Frame<'_>| match frame.bytes {
            FrameBytes::Plain(_) => 0,
            FrameBytes::Compressed(blob) => blob.len(),
        };
        let lengths = self.lengths.as_ref().map_or(0, Ints::len);
        lengths + self.frames.iter().map(of_frame).sum::<usize>()
    }

    fn open(&self, frame: &Frame<'a>) -> Result<Cow<'a, [u8]>, Malformed> {
        match frame.bytes {
            FrameBytes::Plain(bytes) => Ok(Cow::Borrowed(bytes)),
            FrameBytes::Compressed(blob) => decompress(blob.open()?, frame.raw_len).map(Cow::Owned),
        }
    }

    /// Where the texts of a frame end (before their end bytes), from 0 on.
    fn ends(&self, frame: &Frame<'_>, raw: &[u8]) -> Result<Vec<u32>, Malformed> {
        let wrong = Malformed("a frame of texts of a block does not hold what it says");
        let count = frame.texts.len();
        let mut ends = Vec::with_capacity(count);
        match (self.end, &self.lengths) {
            (Some(end), _) => {
                ends.extend(memchr::memchr_iter(end, raw).skip(1).map(|at| at as u32));
                if raw.first() != Some(&end) || raw.last() != Some(&end) {
                    return Err(wrong);
                }
            }
            (None, Some(lengths)) => {
                let mut cursor = lengths.cursor()?;
                let mut at = 0_usize;
                for i in frame.texts.clone() {
                    let len = usize::try_from(cursor.get(i)?).map_err(|_| wrong)?;
                    at = at
                        .checked_add(len)
                        .filter(|at| *at <= raw.len())
                        .ok_or(wrong)?;
                    ends.push(at as u32);
                }
                if at != raw.len() {
                    return Err(wrong);
                }
            }
            (None, None) => return Err(wrong),
        }
        if ends.len() == count {
            Ok(ends)
        } else {
            Err(wrong)
        }
    }

    /// For reading some.
    pub(super) fn cursor(&self) -> Cursor<'a> {
        Cursor {
            strings: self.clone(),
            loaded: 0..0,
            frame: 0,
            raw: Cow::Borrowed(&[]),
            ends: Vec::new(),
        }
    }

    /// Adds the places of texts that have what is sought, which is not empty.
    pub(super) fn find(&self, sought: &Sought<'_>, found: &mut Bits) -> Result<(), Malformed> {
        for frame in &self.frames {
            let raw = self.open(frame)?;
            match self.end {
                Some(end) => self.find_in_frame(frame, &raw, end, sought, found)?,
                None => {
                    let ends = self.ends(frame, &raw)?;
                    let mut from = 0;
                    for (i, end) in ends.iter().enumerate() {
                        if sought.is_in(&raw[from..*end as usize]) {
                            found.add(frame.texts.start + i);
                        }
                        from = *end as usize;
                    }
                }
            }
        }
        Ok(())
    }

    fn find_in_frame(
        &self,
        frame: &Frame<'_>,
        raw: &[u8],
        end: u8,
        sought: &Sought<'_>,
        found: &mut Bits,
    ) -> Result<(), Malformed> {
        let needle = Needle::new(sought, end);
        let mut ends: Option<Vec<u32>> = None;
        needle.each(raw, &mut |first| {
            let ends = match &mut ends {
                Some(ends) => ends,
                none => none.insert(self.ends(frame, raw)?),
            };
            let text = ends.partition_point(|e| (*e as usize) < first);
            found.add(frame.texts.start + text);
            Ok(ends.get(text).map_or(raw.len(), |e| *e as usize))
        })
    }
}

/// A piece that is looked for in many texts at once, each with an end byte behind it and,
/// for the first, in front of it.
pub(super) struct Needle {
    finder: Finder<'static>,
    /// The end byte stands in front of the piece.
    at_start: bool,
}

impl Needle {
    pub(super) fn new(sought: &Sought<'_>, end: u8) -> Self {
        let mut needle = Vec::with_capacity(sought.text.len() + 2);
        let at_start = matches!(sought.place, Place::Start | Place::Whole);
        let at_end = matches!(sought.place, Place::End | Place::Whole);
        needle.extend(Some(end).filter(|_| at_start));
        needle.extend_from_slice(sought.text);
        needle.extend(Some(end).filter(|_| at_end));
        Self {
            finder: Finder::new(&needle).into_owned(),
            at_start,
        }
    }

    /// Calls `found` with where the piece begins in a text; it answers where that text
    /// ends.
    pub(super) fn each(
        &self,
        raw: &[u8],
        found: &mut dyn FnMut(usize) -> Result<usize, Malformed>,
    ) -> Result<(), Malformed> {
        let mut at = 0;
        while let Some(offset) = raw.get(at..).and_then(|rest| self.finder.find(rest)) {
            // The end byte of this text is the start byte of the next one.
            at = found(at + offset + usize::from(self.at_start))?.max(at + 1);
        }
        Ok(())
    }
}

thread_local! {
    /// Making one costs more than opening a short piece.
    static OPENER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
}

/// Opens a frame of at most that length.
pub(super) fn decompress_most(packed: &[u8], raw_len_max: usize) -> Option<Vec<u8>> {
    OPENER.with_borrow_mut(|opener| opener.as_mut()?.decompress(packed, raw_len_max).ok())
}

/// Opens a frame of a known length.
pub(super) fn decompress(packed: &[u8], raw_len: usize) -> Result<Vec<u8>, Malformed> {
    // A frame says its length itself; what it says is believed only up to ours.
    let raw = decompress_most(packed, raw_len)
        .ok_or(Malformed("a piece of a block cannot be decompressed"))?;
    if raw.len() == raw_len {
        Ok(raw)
    } else {
        Err(Malformed(
            "a piece of a block has another length than it says",
        ))
    }
}

/// Reads texts in any order, best in rising order.
pub(super) struct Cursor<'a> {
    strings: Strings<'a>,
    loaded: Range<usize>,
    frame: usize,
    raw: Cow<'a, [u8]>,
    ends: Vec<u32>,
}

impl Cursor<'_> {
    /// Text `i`.
    #[inline]
    pub(super) fn get(&mut self, i: usize) -> Result<&[u8], Malformed> {
        if !self.loaded.contains(&i) {
            self.seek(i)?;
        }
        let own = i - self.loaded.start;
        let gap = usize::from(self.strings.end.is_some());
        let from = own
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize)
            + gap;
        self.raw
            .get(from..self.ends[own] as usize)
            .ok_or(Malformed("a text of a block is out of place"))
    }

    #[cold]
    fn seek(&mut self, i: usize) -> Result<(), Malformed> {
        if i >= self.strings.count {
            return Err(Malformed("a block has too few texts"));
        }
        self.loaded = 0..0;
        self.frame = self.strings.frames.partition_point(|f| f.texts.end <= i);
        let frame = &self.strings.frames[self.frame];
        self.raw = self.strings.open(frame)?;
        self.ends = self.strings.ends(frame, &self.raw)?;
        self.loaded = frame.texts.clone();
        Ok(())
    }
}
