//! Which series carry a label pair, while series are being added.
//!
//! Series numbers only grow, so adding is a push. Most pairs of a real fleet are
//! carried by one series (an id) or by very many (a job); the three shapes keep
//! the first at no allocation and the last at two bytes a series or less.

use roaring::RoaringBitmap;

/// Lists longer than this become bitmaps.
const LIST_MAX: usize = 32;

/// Ascending series numbers.
#[derive(Debug)]
pub(crate) enum Postings {
    One(u32),
    List(Vec<u32>),
    Bitmap(Box<RoaringBitmap>),
}

impl Postings {
    /// Adds a number that is larger than all before.
    pub(crate) fn push(&mut self, id: u32) {
        match self {
            Self::One(first) => *self = Self::List(vec![*first, id]),
            Self::List(list) if list.len() < LIST_MAX => list.push(id),
            Self::List(list) => {
                let mut bitmap: RoaringBitmap = list.iter().copied().collect();
                bitmap.insert(id);
                *self = Self::Bitmap(Box::new(bitmap));
            }
            Self::Bitmap(bitmap) => {
                bitmap.insert(id);
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::List(list) => list.len() as u64,
            Self::Bitmap(bitmap) => bitmap.len(),
        }
    }

    /// Adds all of them to `out`.
    pub(crate) fn union_into(&self, out: &mut RoaringBitmap) {
        match self {
            Self::One(id) => {
                out.insert(*id);
            }
            Self::List(list) => out.extend(list.iter().copied()),
            Self::Bitmap(bitmap) => *out |= bitmap.as_ref(),
        }
    }
}
