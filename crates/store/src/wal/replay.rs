//! Reading a log: at the start, and to look into one.
//!
//! Each segment is mapped when its turn comes and let go after it, so that recovery
//! needs no more memory than the largest segment, and that only as a map.

use std::path::PathBuf;
use std::sync::Arc;

use binnacle_stdx::files::{FileBytes, Files};

use super::format::{
    RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, Salt, Scanned, SegmentHeader, check_segment_header,
    scan, search,
};
use super::{Position, SegmentInfo};
use crate::Error;

/// A record as it stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it begins.
    pub at: Position,
    /// Its kind, as it was appended.
    pub kind: u8,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Bytes of a log that could not be read, and were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Which file.
    pub path: PathBuf,
    /// Where the bad bytes begin.
    pub at: Position,
    /// How many bytes were left out.
    pub bytes: u64,
    /// Why.
    pub why: &'static str,
    /// Whether it is the unfinished end of the last segment: what a crash leaves,
    /// and never acknowledged. Anything else is damage to acknowledged data.
    pub torn_tail: bool,
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.torn_tail {
            "unfinished record"
        } else {
            "corrupt"
        };
        write!(
            f,
            "{what} {} at {}: {}; {} bytes left out",
            self.path.display(),
            self.at.offset,
            self.why,
            self.bytes
        )
    }
}

/// Walks over the records of a log, oldest first.
///
/// Damage is stepped over where the next record can be found, else the rest of the
/// segment is left out; both are told by [`Self::dropped`].
pub struct Replay {
    files: Arc<dyn Files>,
    segments: std::vec::IntoIter<SegmentInfo>,
    current: Option<Segment>,
    dropped: Vec<Dropped>,
}

struct Segment {
    info: SegmentInfo,
    bytes: FileBytes,
    salt: Salt,
    at: usize,
}

impl Replay {
    pub(crate) fn new(files: Arc<dyn Files>, segments: Vec<SegmentInfo>) -> Self {
        Self {
            files,
            segments: segments.into_iter(),
            current: None,
            dropped: Vec::new(),
        }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// When a segment cannot be read at all ([`Error::Io`]), or is from the future
    /// ([`Error::NewerVersion`]).
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, Error> {
        let Some(found) = self.find_next()? else {
            return Ok(None);
        };
        let Some(segment) = &self.current else {
            return Ok(None);
        };
        Ok(Some(Record {
            at: Position {
                segment: segment.info.segment,
                offset: found.at as u64,
            },
            kind: found.kind,
            payload: &segment.bytes[found.at + RECORD_HEADER_BYTES..found.end],
        }))
    }

    /// What was left out so far.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    fn find_next(&mut self) -> Result<Option<Found>, Error> {
        loop {
            if self.current.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(segment) = &mut self.current else {
                return Ok(None);
            };
            match segment.step() {
                Step::Found(found) => return Ok(Some(found)),
                Step::Dropped(dropped) => self.dropped.push(dropped),
                Step::End => self.current = None,
            }
        }
    }

    fn open_next(&mut self) -> Result<bool, Error> {
        // An empty segment is what is left of one that was killed while it was made.
        let Some(info) = self.segments.find(|s| s.bytes > 0) else {
            return Ok(false);
        };
        let bytes = self
            .files
            .map(&info.path)
            .map_err(Error::io("map", &info.path))?;
        let salt = Salt::of(&bytes);
        let mut segment = Segment {
            info,
            bytes,
            salt,
            at: SEGMENT_HEADER_BYTES,
        };
        match check_segment_header(segment.bytes(), segment.info.segment) {
            SegmentHeader::Good => {}
            SegmentHeader::Newer(found) => {
                return Err(Error::NewerVersion {
                    path: segment.info.path,
                    found,
                    supported: super::format::VERSION,
                });
            }
            SegmentHeader::Bad(why) => {
                // The records may still be whole: their checksums tell.
                let bytes = SEGMENT_HEADER_BYTES.min(segment.bytes().len());
                self.dropped.push(segment.info.dropped(0, bytes, why));
                segment.at = bytes;
            }
        }
        self.current = Some(segment);
        Ok(true)
    }
}

impl SegmentInfo {
    fn dropped(&self, offset: usize, bytes: usize, why: &'static str) -> Dropped {
        Dropped {
            path: self.path.clone(),
            at: Position {
                segment: self.segment,
                offset: offset as u64,
            },
            bytes: bytes as u64,
            why,
            torn_tail: false,
        }
    }
}

struct Found {
    at: usize,
    kind: u8,
    end: usize,
}

enum Step {
    Found(Found),
    Dropped(Dropped),
    End,
}

impl Segment {
    /// What was there when the log was opened; what was appended since is not ours.
    fn bytes(&self) -> &[u8] {
        let len = usize::try_from(self.info.bytes).unwrap_or(usize::MAX);
        &self.bytes[..self.bytes.len().min(len)]
    }

    fn step(&mut self) -> Step {
        let at = self.at;
        match scan(self.bytes(), at, self.salt) {
            Scanned::Record { kind, end, .. } => {
                self.at = end;
                Step::Found(Found { at, kind, end })
            }
            Scanned::End => Step::End,
            Scanned::Bad(why) => {
                let to = search(self.bytes(), at + 1, self.salt).unwrap_or(self.bytes().len());
                self.at = to;
                Step::Dropped(self.info.dropped(at, to - at, why))
            }
        }
    }
}

/// What the end of the last segment looks like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// The last record ends with the file.
    Whole,
    /// From here on nothing can be read: the unfinished end.
    Torn { at: usize, why: &'static str },
    /// There is damage with good records behind it: leave the file as it is.
    Damaged,
}

/// Looks for the end of the last segment; `bytes` includes a good header.
pub(crate) fn find_tail(bytes: &[u8]) -> Tail {
    let salt = Salt::of(bytes);
    let mut at = SEGMENT_HEADER_BYTES;
    let mut damaged = false;
    loop {
        match scan(bytes, at, salt) {
            Scanned::Record { end, .. } => at = end,
            Scanned::End => return if damaged { Tail::Damaged } else { Tail::Whole },
            Scanned::Bad(why) => match search(bytes, at + 1, salt) {
                Some(next) => {
                    damaged = true;
                    at = next;
                }
                None => return Tail::Torn { at, why },
            },
        }
    }
}
