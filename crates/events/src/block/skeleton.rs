//! Skeletons of lines of JSON and logfmt: what is left of them without their values.

use hashbrown::HashMap;

use super::quick::{BuildSame, Hasher};

/// Skeletons that were seen, and the shape of each. Texts of one skeleton are told apart by
/// their values alone: no literal of JSON or logfmt has the byte that stands for a value.
#[derive(Default)]
pub(super) struct Skeletons {
    seen: Vec<(Vec<u8>, Option<u32>)>,
    by_hash: HashMap<u64, Vec<u32>, BuildSame>,
    hasher: Hasher,
    /// That of the text before.
    last: usize,
}

impl Skeletons {
    /// The shape of the skeleton; `new` makes that of one that was not there before.
    pub(super) fn find(
        &mut self,
        skeleton: &[u8],
        new: impl FnOnce() -> Option<u32>,
    ) -> Option<u32> {
        if let Some((text, shape)) = self.seen.get(self.last)
            && text == skeleton
        {
            return *shape;
        }
        let same = self.by_hash.entry(self.hasher.hash(skeleton)).or_default();
        for n in same.iter() {
            if self.seen[*n as usize].0 == skeleton {
                self.last = *n as usize;
                return self.seen[self.last].1;
            }
        }
        let shape = new();
        // Each line has another skeleton, perhaps: those without a shape are not kept.
        if shape.is_some() {
            self.last = self.seen.len();
            same.push(self.last as u32);
            self.seen.push((skeleton.to_vec(), shape));
        }
        shape
    }
}

/// What is left of a line without its values.
pub(super) fn skeleton(line: &[u8], values: &[(u32, u32)], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    for (from, to) in values {
        out.extend_from_slice(&line[at..*from as usize]);
        // No byte of UTF-8; in logfmt a value is where the skeleton says it is anyway.
        out.push(0xff);
        at = *to as usize;
    }
    out.extend_from_slice(&line[at..]);
}
