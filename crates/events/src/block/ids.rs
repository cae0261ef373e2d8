//! Ids in lines, such as those of traces: hex digits, all of one length, or UUIDs.
//!
//! They cannot be compressed, but they come again: in several lines of one request, of
//! several services and formats. So all of one format in a block, whatever their columns,
//! share one *pool*: each id once, in the order of time, and for each place where one
//! stands its number. Numbers of neighbours are near each other, since their times are.

use std::rc::Rc;

use binnacle_stdx::bits::put_varint;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Malformed;
use hashbrown::HashTable;

use super::bits::Bits;
use super::column::{Work, pack_hex};
use super::cursor::unpack_hex;
use super::ints::{self, Ints, Order};
use super::piece::{Blob, Pieces, Reader};
use super::{BYTES_REFUSED, ROWS_MAX};

/// Pools of a block at most; ids of further formats are no ids.
const POOLS_MAX: usize = 64;

/// Places of a pool at most.
const PLACES_MAX: usize = ROWS_MAX * 64;

/// Fewer or shorter ones are not worth a pool.
const DIGITS_MIN: usize = 12;
const DIGITS_MAX: usize = 256;
pub(super) const TEXTS_MIN: usize = 16;

/// A number of an id costs about so many bytes.
const NUMBER_BYTES: usize = 1;

const UUID_BYTES: usize = 36;
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];

const KEY: HashKey = HashKey::new(0x6964_7321);

/// How ids are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IdFormat {
    /// Hex digits.
    digits: usize,
    is_upper: bool,
    /// With dashes behind digits 8, 12, 16 and 20.
    is_uuid: bool,
}

impl IdFormat {
    /// How a text is written, if it may be an id.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let is_uuid = text.len() == UUID_BYTES && UUID_DASHES.iter().all(|at| text[*at] == b'-');
        let digits = if is_uuid { 32 } else { text.len() };
        let is_long = (DIGITS_MIN..=DIGITS_MAX).contains(&digits);
        is_long.then(|| Self {
            digits,
            is_upper: text.iter().any(u8::is_ascii_uppercase),
            is_uuid,
        })
    }

    /// Bytes of a text.
    pub(super) fn len(self) -> usize {
        if self.is_uuid {
            UUID_BYTES
        } else {
            self.digits
        }
    }

    /// Bytes of a packed id.
    pub(super) fn stride(self) -> usize {
        self.digits.div_ceil(2)
    }

    /// Packs a text; `None` when it is not written so.
    pub(super) fn pack(self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        if text.len() != self.len() {
            return None;
        }
        if !self.is_uuid {
            return pack_hex(text, self.is_upper, out);
        }
        let mut from = 0;
        for dash in UUID_DASHES {
            if text[dash] != b'-' {
                return None;
            }
            pack_hex(&text[from..dash], self.is_upper, out)?;
            from = dash + 1;
        }
        pack_hex(&text[from..], self.is_upper, out)
    }

    /// Appends the text of a packed id.
    #[inline]
    pub(super) fn print(self, packed: &[u8], out: &mut Vec<u8>) {
        if !self.is_uuid || packed.len() != 16 {
            return unpack_hex(packed, self.digits, self.is_upper, out);
        }
        for (n, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
            if n > 0 {
                out.push(b'-');
            }
            unpack_hex(&packed[part.clone()], part.len() * 2, self.is_upper, out);
        }
    }

    /// Whether an id may have the byte.
    pub(super) fn may_have(self, byte: u8) -> bool {
        byte.is_ascii_hexdigit() || (self.is_uuid && byte == b'-')
    }
}

/// Ids of one format that are gathered.
struct PoolWriter {
    format: IdFormat,
    packed: Vec<u8>,
    times: Vec<i64>,
    adds_words: bool,
}

/// Gathers the ids of all columns.
#[derive(Default)]
pub(super) struct IdWriter {
    pools: Vec<PoolWriter>,
}

impl IdWriter {
    /// Takes the texts of a column, when all are ids of one format; answers the pool.
    pub(super) fn take(
        &mut self,
        texts: &[&[u8]],
        times: &[i64],
        adds_words: bool,
    ) -> Option<usize> {
        let format = IdFormat::of(texts.first()?)?;
        if texts.len() < TEXTS_MIN || texts.iter().any(|t| t.len() != format.len()) {
            return None;
        }
        let number = match self.pools.iter().position(|p| p.format == format) {
            Some(number) => number,
            None if self.pools.len() == POOLS_MAX => return None,
            None => {
                self.pools.push(PoolWriter {
                    format,
                    packed: Vec::new(),
                    times: Vec::new(),
                    adds_words: false,
                });
                self.pools.len() - 1
            }
        };
        let pool = &mut self.pools[number];
        let before = pool.packed.len();
        pool.packed.reserve(texts.len() * format.stride());
        let has_room = pool.times.len() + texts.len() <= PLACES_MAX;
        let packs = |text: &&[u8]| format.pack(text, &mut pool.packed).is_some();
        if !has_room || !texts.iter().all(packs) {
            pool.packed.truncate(before);
            return None;
        }
        let missing = texts.len().saturating_sub(times.len());
        pool.times.extend(times.iter().take(texts.len()));
        pool.times.extend(std::iter::repeat_n(0, missing));
        pool.adds_words |= adds_words;
        Some(number)
    }

    /// Writes all pools. The words of the ids are added.
    pub(super) fn write(self, work: &mut Work, out: &mut Pieces) {
        put_varint(&mut out.directory, self.pools.len() as u64);
        for pool in self.pools {
            pool.write(work, out);
        }
    }
}

impl PoolWriter {
    fn write(&self, work: &mut Work, out: &mut Pieces) {
        let stride = self.format.stride();
        let (distinct, numbers) = self.distinct();
        put_varint(&mut out.directory, self.format.digits as u64);
        out.directory
            .push(u8::from(self.format.is_upper) | u8::from(self.format.is_uuid) << 1);
        put_varint(&mut out.directory, self.times.len() as u64);
        let saved = (self.times.len() - distinct.len() / stride.max(1)) * stride;
        let is_shared = saved > self.times.len() * NUMBER_BYTES * 3 / 2;
        if self.adds_words {
            let mut text = Vec::with_capacity(self.format.len());
            for id in distinct.chunks_exact(stride) {
                text.clear();
                self.format.print(id, &mut text);
                if self.format.is_upper || self.format.is_uuid {
                    work.words.add(&text);
                } else {
                    work.words.add_hex(&text);
                }
            }
        }
        if is_shared {
            put_varint(&mut out.directory, (distinct.len() / stride) as u64);
            out.blob(&distinct);
            ints::write(&numbers, Order::Unknown, work.effort, out);
        } else {
            put_varint(&mut out.directory, self.times.len() as u64);
            out.blob(&self.packed);
        }
    }

    /// The ids, each once, by the time when it is first there, and the number of each.
    fn distinct(&self) -> (Vec<u8>, Vec<i64>) {
        let stride = self.format.stride();
        let id = |place: u32| &self.packed[place as usize * stride..][..stride];
        let mut table: HashTable<u32> = HashTable::with_capacity(self.times.len() / 2);
        // For each id its hash, first time and first place.
        let mut found: Vec<(u64, i64, u32)> = Vec::new();
        let mut numbers: Vec<i64> = Vec::with_capacity(self.times.len());
        for (place, t_ns) in self.times.iter().enumerate() {
            let own = id(place as u32);
            let hash = KEY.hash64(own);
            let entry = table.entry(
                hash,
                |n| found[*n as usize].0 == hash && id(found[*n as usize].2) == own,
                |n| found[*n as usize].0,
            );
            let number = *entry.or_insert_with(|| found.len() as u32).get();
            match found.get_mut(number as usize) {
                Some(before) => before.1 = before.1.min(*t_ns),
                None => found.push((hash, *t_ns, place as u32)),
            }
            numbers.push(i64::from(number));
        }
        let mut order: Vec<u32> = (0..found.len() as u32).collect();
        order.sort_by_key(|n| found[*n as usize].1);
        let mut rank = vec![0_i64; found.len()];
        let mut distinct = Vec::with_capacity(found.len() * stride);
        for (at, n) in order.iter().enumerate() {
            rank[*n as usize] = at as i64;
            distinct.extend_from_slice(id(found[*n as usize].2));
        }
        for number in &mut numbers {
            *number = rank[*number as usize];
        }
        (distinct, numbers)
    }
}

/// Ids of one format that were found, not looked at yet.
#[derive(Debug)]
pub(super) struct Pool<'a> {
    pub(super) format: IdFormat,
    /// Places where an id stands.
    places: usize,
    /// Ids.
    pub(super) count: usize,
    pub(super) packed: Blob<'a>,
    /// Which id stands in each place; none when each has its own.
    pub(super) numbers: Option<Ints<'a>>,
}

/// The pools of a block, and the place of each that the next column begins at.
#[derive(Debug, Clone, Default)]
pub(super) struct Pools<'a>(Vec<(Rc<Pool<'a>>, usize)>);

impl<'a> Pools<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let wrong = Malformed("the ids of a block make no sense");
        let mut pools = Vec::new();
        for _ in 0..reader.count(POOLS_MAX)? {
            let digits = reader.count(DIGITS_MAX)?;
            let flags = reader.u8()?;
            let format = IdFormat {
                digits,
                is_upper: flags & 1 != 0,
                is_uuid: flags & 2 != 0,
            };
            if digits == 0 || flags > 3 || (format.is_uuid && digits != 32) {
                return Err(wrong);
            }
            let places = reader.count(PLACES_MAX)?;
            let count = reader.count(places)?;
            let packed = reader.blob()?;
            if packed.len() != count * format.stride() || packed.len() > BYTES_REFUSED {
                return Err(wrong);
            }
            let numbers = match count < places {
                true => Some(Ints::read(reader, places)?),
                false => None,
            };
            let pool = Pool {
                format,
                places,
                count,
                packed,
                numbers,
            };
            pools.push((Rc::new(pool), 0));
        }
        Ok(Self(pools))
    }

    /// The next places of a pool.
    pub(super) fn next(&mut self, pool: usize, count: usize) -> Result<Ids<'a>, Malformed> {
        let wrong = Malformed("a column of a block has more ids than there are");
        let (pool, next) = self.0.get_mut(pool).ok_or(wrong)?;
        let first = *next;
        *next = first
            .checked_add(count)
            .filter(|end| *end <= pool.places)
            .ok_or(wrong)?;
        Ok(Ids {
            pool: Rc::clone(pool),
            first,
            count,
        })
    }

    /// The pools.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Pool<'a>> {
        self.0.iter().map(|(pool, _)| &**pool)
    }
}

/// The ids of a column.
#[derive(Debug, Clone)]
pub(super) struct Ids<'a> {
    pub(super) pool: Rc<Pool<'a>>,
    first: usize,
    count: usize,
}

impl<'a> Ids<'a> {
    /// Of the texts, those whose ids `wanted` has.
    pub(super) fn with(&self, wanted: &Bits) -> Result<Bits, Malformed> {
        let mut found = Bits::none(self.count);
        match &self.pool.numbers {
            None => {
                for id in wanted.iter() {
                    if let Some(text) = id.checked_sub(self.first) {
                        found.add(text);
                    }
                }
            }
            Some(numbers) => {
                let mut numbers = numbers.cursor()?;
                let mut text = 0;
                let only = Some(wanted.count()).filter(|n| *n == 1);
                let only = only.and_then(|_| wanted.iter().next());
                let mut see = |page: &[i64]| {
                    for id in page {
                        let is_wanted = match only {
                            Some(only) => *id == only as i64,
                            None => usize::try_from(*id).is_ok_and(|id| wanted.has(id)),
                        };
                        if is_wanted {
                            found.add(text);
                        }
                        text += 1;
                    }
                };
                numbers.each_page(self.first, self.first + self.count, &mut see)?;
            }
        }
        Ok(found)
    }

    pub(super) fn cursor(&self) -> Result<Cursor<'a>, Malformed> {
        Ok(Cursor {
            format: self.pool.format,
            first: self.first,
            count: self.pool.count,
            packed: self.pool.packed.open()?,
            numbers: self.pool.numbers.as_ref().map(Ints::cursor).transpose()?,
        })
    }
}

/// Reads ids in any order, best in rising order.
pub(super) struct Cursor<'a> {
    format: IdFormat,
    first: usize,
    count: usize,
    packed: &'a [u8],
    numbers: Option<ints::Cursor<'a>>,
}

impl Cursor<'_> {
    /// How many ids there are in the pool.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The number of id that text `i` is.
    #[inline]
    pub(super) fn number(&mut self, i: usize) -> Result<usize, Malformed> {
        let place = self.first + i;
        let number = match &mut self.numbers {
            None => Some(place),
            Some(numbers) => usize::try_from(numbers.get(place)?).ok(),
        };
        number
            .filter(|n| *n < self.count)
            .ok_or(Malformed("a text of a block is an id that is not there"))
    }

    /// Appends an id.
    #[inline]
    pub(super) fn append(&self, number: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let stride = self.format.stride();
        let own = self.packed.get(number * stride..(number + 1) * stride);
        let own = own.ok_or(Malformed("a text of a block is an id that is not there"))?;
        self.format.print(own, out);
        Ok(())
    }
}
