//! Postings: sets of series, or of whatever has a 32-bit number.
//!
//! In memory a set is a roaring bitmap. On disk it is the smallest of three forms,
//! because most sets of an index are tiny or a range, and a roaring bitmap with one
//! member takes 18 bytes where a number takes three:
//! - list: gaps between members as varints;
//! - runs: gap and length of each run as varints, for sets that follow the order of
//!   the series (`__name__`, and all that a target has in common);
//! - roaring, in its portable form, for large and irregular sets.
//!
//! It is deliberately not read in place: a set is decoded at a few nanoseconds a
//! member, and is then a bitmap that all set operations work on.

use binnacle_stdx::bits::{Bytes, put_varint, varint_len};
pub use roaring::RoaringBitmap as Postings;

use crate::Malformed;

const LIST: u8 = 0;
const RUNS: u8 = 1;
const ROARING: u8 = 2;

/// Appends `postings` to `out`.
pub fn encode(postings: &Postings, out: &mut Vec<u8>) {
    let mut sizes = Sizes::default();
    each_run(postings, |gap, len| sizes.add(gap, len));
    let roaring = postings.serialized_size();
    if sizes.list <= sizes.runs && sizes.list <= roaring {
        out.push(LIST);
        let mut next = 0u32;
        for id in postings {
            put_varint(out, u64::from(id - next));
            next = id.wrapping_add(1);
        }
    } else if sizes.runs <= roaring {
        out.push(RUNS);
        each_run(postings, |gap, len| {
            put_varint(out, u64::from(gap));
            put_varint(out, u64::from(len - 1));
        });
    } else {
        out.push(ROARING);
        let mut optimized = postings.clone();
        optimized.optimize();
        optimized
            .serialize_into(&mut *out)
            .expect("a vector takes all bytes");
    }
}

#[derive(Default)]
struct Sizes {
    list: usize,
    runs: usize,
}

impl Sizes {
    fn add(&mut self, gap: u32, len: u32) {
        // Behind the first member of a run each gap is 0, which takes a byte.
        self.list += varint_len(u64::from(gap)) + (len - 1) as usize;
        self.runs += varint_len(u64::from(gap)) + varint_len(u64::from(len - 1));
    }
}

/// Calls `run` with each run of neighbours: how many numbers are left out before it,
/// and how many are in it.
fn each_run(postings: &Postings, mut run: impl FnMut(u32, u32)) {
    let mut end = 0u32;
    let mut iter = postings.iter();
    while let Some(range) = iter.next_range() {
        let (first, last) = (*range.start(), *range.end());
        // A run of all 2^32 numbers does not occur: series numbers end before.
        run(first - end, (last - first).saturating_add(1));
        end = last.wrapping_add(1);
    }
}

/// Reads a set that takes all of `bytes`.
///
/// # Errors
/// When it is none.
pub fn decode(bytes: &[u8]) -> Result<Postings, Malformed> {
    let short = Malformed("postings are cut short");
    let (&form, rest) = bytes.split_first().ok_or(short)?;
    let mut numbers = Bytes::new(rest);
    let mut postings = Postings::new();
    match form {
        LIST => {
            let mut next = 0u64;
            while !numbers.rest().is_empty() {
                let id = member(next, numbers.varint().ok_or(short)?)?;
                postings.insert(id);
                next = u64::from(id) + 1;
            }
        }
        RUNS => {
            let mut next = 0u64;
            while !numbers.rest().is_empty() {
                let first = member(next, numbers.varint().ok_or(short)?)?;
                let last = member(u64::from(first), numbers.varint().ok_or(short)?)?;
                postings.insert_range(first..=last);
                next = u64::from(last) + 1;
            }
        }
        ROARING => {
            let mut reader = rest;
            postings = Postings::deserialize_from(&mut reader)
                .map_err(|_| Malformed("postings are no roaring bitmap"))?;
            if !reader.is_empty() {
                return Err(Malformed("bytes behind postings"));
            }
        }
        _ => return Err(Malformed("postings have an unknown form")),
    }
    Ok(postings)
}

fn member(next: u64, gap: u64) -> Result<u32, Malformed> {
    let id = next.checked_add(gap).and_then(|id| u32::try_from(id).ok());
    id.ok_or(Malformed("postings name a number over 32 bits"))
}

/// What is in all sets; the smallest first, so that the rest is skipped where it has
/// nothing in common. `None` sets, no restriction: the caller decides.
#[must_use]
pub fn intersect(mut sets: Vec<Postings>) -> Option<Postings> {
    sets.sort_by_key(Postings::len);
    let mut sets = sets.into_iter();
    let mut all = sets.next()?;
    for set in sets {
        if all.is_empty() {
            break;
        }
        all &= set;
    }
    Some(all)
}

/// What is in any set.
#[must_use]
pub fn union(sets: impl IntoIterator<Item = Postings>) -> Postings {
    roaring::MultiOps::union(sets.into_iter())
}
