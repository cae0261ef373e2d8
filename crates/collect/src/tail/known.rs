//! Where a file is read from that was just found: whether it is one that is known under
//! another name, or a copy of one.
//!
//! A file that may still be written is left for later: one that is packed until its size
//! stays, a copy until it is as long as what was read of its original, and a copy of a file
//! that is not read to its end until that is. Otherwise lines would come from both.

use std::path::Path;

use super::checkpoint::Place;
use super::file::{HEAD_BYTES, OpenFile};
use super::follow::Tailer;
use super::names::may_be_rotated;
use super::settings::StartAt;

/// How long the size of a file must stay for it to be whole, milliseconds.
const SETTLED_MS: i64 = 2_000;

/// What a file is to one that is known.
enum Kin {
    Stranger,
    /// The same content, as far as was read: so many bytes.
    Copy(u64),
    /// It is not known yet.
    Later,
}

impl Tailer {
    /// Where a file is read from; `None`: that shows later.
    pub(super) fn place_of(
        &mut self,
        file: &mut OpenFile,
        path: &Path,
        job: usize,
        now_ms: i64,
    ) -> Option<u64> {
        let start = self.settings.jobs[job].start;
        let is_old = start != StartAt::Beginning && !self.has_found;
        if file.is_packed() && !is_old && !self.is_settled(file, path, now_ms) {
            return None;
        }
        // Several files may have had the number, one after the other. Where none of them is
        // this one, it is new or was cut off: what it was may still be found as a copy.
        let mut gone = self.gone.iter();
        if let Some(at) = gone.position(|p| p.inode == file.inode && file.is_at(p)) {
            return Some(self.gone.swap_remove(at).offset);
        }
        match self.copy_of(file, path, now_ms) {
            Kin::Copy(offset) => return Some(offset),
            Kin::Later => return None,
            Kin::Stranger => {}
        }
        if let Some(offset) = self.by_path.remove(path)
            && !file.is_packed()
            && offset <= file.size()
        {
            return Some(offset);
        }
        match start {
            StartAt::BeforeEnd(bytes) if is_old => {
                file.skip_to_recent(bytes);
                if file.is_packed() {
                    // What was packed is old.
                    file.is_done = true;
                }
                Some(file.offset())
            }
            _ => Some(0),
        }
    }

    fn copy_of(&mut self, file: &mut OpenFile, path: &Path, now_ms: i64) -> Kin {
        let mut best: Option<u64> = None;
        for n in 0..self.followers.len() {
            let known = &self.followers[n];
            if !may_be_rotated(path, &known.file.path) {
                continue;
            }
            // In another folder a file that nothing has happened to has no copy, but
            // maybe a sister that begins with the same words.
            let is_near = path.parent() == known.file.path.parent();
            if !is_near && known.gone_ms.is_none() && known.file.is_whole() {
                continue;
            }
            let place = known.file.place(known.accepted, now_ms);
            if is_copy(file, path, &place) {
                if known.file.is_whole() && known.has_unread() {
                    return Kin::Later;
                }
                best = best.max(Some(place.offset));
            } else if is_near
                && place.path != path
                && OpenFile::is_telling(&place.print)
                && file.is_beginning_of(&known.file)
                && !self.is_settled(file, path, now_ms)
            {
                return Kin::Later;
            }
        }
        let gone = self
            .gone
            .iter()
            .filter(|p| may_be_rotated(path, &p.path) && best.is_none_or(|b| p.offset > b));
        let mut gone: Vec<&Place> = gone.collect();
        // The one that was read farthest says most.
        gone.sort_by_key(|p| std::cmp::Reverse(p.offset));
        let found = gone.into_iter().find(|place| is_copy(file, path, place));
        match found.map(|p| p.offset).max(best) {
            Some(offset) => Kin::Copy(offset),
            None => Kin::Stranger,
        }
    }

    /// Whether the file has had its size for long enough.
    fn is_settled(&mut self, file: &OpenFile, path: &Path, now_ms: i64) -> bool {
        let size = file.size();
        let seen = self
            .unsettled
            .entry(path.to_owned())
            .or_insert((size, now_ms));
        if seen.0 != size {
            *seen = (size, now_ms);
        }
        now_ms.saturating_sub(seen.1) >= SETTLED_MS
    }
}

/// Whether the file has the content of the place. One that has taken the name of the known
/// one is more likely a new log that begins alike, so that all of the head must be there.
fn is_copy(file: &mut OpenFile, path: &Path, place: &Place) -> bool {
    let is_enough = place.path != path || place.print.head_len as usize == HEAD_BYTES;
    is_enough && OpenFile::is_telling(&place.print) && file.is_at(place)
}
