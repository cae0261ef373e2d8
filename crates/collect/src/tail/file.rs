//! One file that is being read: its identity, its place, and its lines.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::TURN_BYTES;
use super::checkpoint::{Place, Print};

/// Bytes from the beginning by which a file is known.
pub(super) const HEAD_BYTES: usize = 1_024;

/// Bytes in front of the place by which a file is known.
const TAIL_BYTES: usize = 256;

/// A print of fewer bytes says too little to take another file for this one.
const TELLING_BYTES: u32 = 16;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// How a file holds its lines.
enum Form {
    Plain(File),
    /// Read from its beginning to its end, once. None: it is opened when it is read.
    Packed(Option<Box<dyn Read + Send>>),
}

/// What became of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Turn {
    /// Bytes that were read.
    pub(super) bytes: u64,
    /// Lines that were longer than they may be.
    pub(super) cut: u64,
    /// Nothing more is there for now.
    pub(super) at_end: bool,
    /// It was cut off and is read from its beginning; the place that it had before.
    pub(super) cut_off: Option<Place>,
}

/// A file that is being read.
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    pub(super) inode: (u64, u64),
    form: Form,
    /// Bytes that were taken out of the file.
    read: u64,
    /// What was read behind the last line feed.
    rest: Vec<u8>,
    /// The first bytes of the file, as far as they were read.
    head: Vec<u8>,
    /// The last bytes that were read.
    last: Vec<u8>,
    /// Whether all of a packed file was read, or it cannot be.
    pub(super) is_done: bool,
    /// Size and time of change at which a packed file could not be read to its end.
    stuck_at: Option<(u64, i64)>,
    /// It was cut off: a writer that keeps its old place leaves zeros in front of it.
    skips_zeros: bool,
    /// When it was last changed, as it was when it was last looked at.
    changed: (i64, i64),
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|x| x == "gz" || x == "zst")
}

fn unpack(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let file = std::io::BufReader::new(File::open(path)?);
    if path.extension().is_some_and(|x| x == "zst") {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(file)?));
    }
    Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file)))
}

impl OpenFile {
    /// Opens a file at its beginning.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let form = if is_packed(path) {
            Form::Packed(None)
        } else {
            Form::Plain(file)
        };
        Ok(Self {
            path: path.to_owned(),
            inode: (metadata.dev(), metadata.ino()),
            form,
            read: 0,
            rest: Vec::new(),
            head: Vec::new(),
            last: Vec::new(),
            is_done: false,
            stuck_at: None,
            skips_zeros: false,
            changed: (0, 0),
        })
    }

    pub(super) fn is_packed(&self) -> bool {
        matches!(self.form, Form::Packed(_))
    }

    /// Where the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.read - self.rest.len() as u64
    }

    /// Bytes of the file; 0 when nobody can tell.
    pub(super) fn size(&self) -> u64 {
        match &self.form {
            Form::Plain(file) => file.metadata().map_or(0, |m| m.len()),
            Form::Packed(_) => std::fs::metadata(&self.path).map_or(0, |m| m.len()),
        }
    }

    /// Goes to so many bytes before the end, and from there behind the next line feed.
    pub(super) fn skip_to_recent(&mut self, bytes: u64) {
        let Form::Plain(file) = &self.form else {
            return;
        };
        let size = self.size();
        let mut from = size.saturating_sub(bytes);
        // The line that goes on here began before.
        let mut buffer = vec![0; usize::try_from(size - from).unwrap_or(0).min(CHUNK_BYTES)];
        if from > 0 && file.read_exact_at(&mut buffer, from).is_ok() {
            let end = memchr::memchr(b'\n', &buffer);
            from = end.map_or(size, |at| from + at as u64 + 1);
        }
        let _ = self.skip_to(from);
    }

    /// Goes to a place; what it is known by is read again.
    pub(super) fn skip_to(&mut self, offset: u64) -> std::io::Result<()> {
        self.rest.clear();
        match &mut self.form {
            Form::Plain(file) => {
                let head = offset.min(HEAD_BYTES as u64) as usize;
                let tail = offset.min(TAIL_BYTES as u64) as usize;
                self.head.resize(head, 0);
                file.read_exact_at(&mut self.head, 0)?;
                self.last.resize(tail, 0);
                file.read_exact_at(&mut self.last, offset - tail as u64)?;
                file.seek(SeekFrom::Start(offset))?;
                self.read = offset;
            }
            Form::Packed(reader) => {
                *reader = None;
                (self.read, self.head, self.last) = (0, Vec::new(), Vec::new());
                let mut buffer = vec![0; CHUNK_BYTES];
                while self.read < offset {
                    let most = buffer.len().min((offset - self.read) as usize);
                    let n = self.take(&mut buffer[..most])?;
                    if n == 0 {
                        return Err(std::io::ErrorKind::UnexpectedEof.into());
                    }
                    self.saw(&buffer[..n]);
                }
            }
        }
        Ok(())
    }

    /// Whether this is the file of the place, as far as it was read.
    pub(super) fn is_at(&mut self, place: &Place) -> bool {
        let p = place.print;
        if let Form::Plain(file) = &self.form {
            let same = |len: u32, from: u64, want: u64| {
                let mut bytes = vec![0; len as usize];
                file.read_exact_at(&mut bytes, from).is_ok() && hash(&bytes) == want
            };
            let Some(from) = place.offset.checked_sub(u64::from(p.tail_len)) else {
                return false;
            };
            return file.metadata().is_ok_and(|m| m.len() >= place.offset)
                && same(p.head_len, 0, p.head)
                && same(p.tail_len, from, p.tail);
        }
        let is_it = self.skip_to(place.offset).is_ok() && self.print() == p;
        if !is_it {
            // A packed file begins anew.
            let _ = self.skip_to(0);
        }
        is_it
    }

    /// Whether a print says enough to know a file by its content alone.
    pub(super) fn is_telling(print: &Print) -> bool {
        print.head_len >= TELLING_BYTES
    }

    fn print(&self) -> Print {
        Print {
            head_len: self.head.len() as u32,
            head: hash(&self.head),
            tail_len: self.last.len() as u32,
            tail: hash(&self.last),
        }
    }

    /// The place of what was accepted up to `offset`, which lies at or before
    /// [`Self::offset`].
    pub(super) fn place(&self, offset: u64, now_ms: i64) -> Place {
        self.place_with(offset, now_ms, true)
    }

    /// As [`Self::place`]; one that was cut off cannot be read again.
    fn place_with(&self, offset: u64, now_ms: i64, is_whole: bool) -> Place {
        // The last bytes that are known end at what was read; those before the offset are
        // read again, or where that cannot be, the head alone must do.
        let head = &self.head[..self
            .head
            .len()
            .min(usize::try_from(offset).unwrap_or(usize::MAX))];
        let behind = (self.read - offset.min(self.read)) as usize;
        let kept = self.last.len().saturating_sub(behind);
        let tail = self.last[..kept].to_vec();
        let tail = match &self.form {
            Form::Plain(file) if is_whole && kept < TAIL_BYTES && offset > kept as u64 => {
                let len = offset.min(TAIL_BYTES as u64) as usize;
                let mut bytes = vec![0; len];
                match file.read_exact_at(&mut bytes, offset - len as u64) {
                    Ok(()) => bytes,
                    Err(_) => tail,
                }
            }
            _ => tail,
        };
        Place {
            path: self.path.clone(),
            inode: self.inode,
            offset,
            print: Print {
                head_len: head.len() as u32,
                head: hash(head),
                tail_len: tail.len() as u32,
                tail: hash(&tail),
            },
            seen_ms: now_ms,
        }
    }

    /// Whether there is more than was read.
    pub(super) fn has_unread(&self) -> bool {
        match &self.form {
            Form::Plain(file) => file.metadata().is_ok_and(|m| m.len() > self.read),
            Form::Packed(_) => !self.is_done,
        }
    }

    /// Whether it still holds all that was read of it.
    pub(super) fn is_whole(&self) -> bool {
        match &self.form {
            Form::Plain(file) => file.metadata().is_ok_and(|m| m.len() >= self.read),
            Form::Packed(_) => true,
        }
    }

    /// Whether this may be a copy of the file of the place that is still being made: it
    /// ends before the place and begins as the file does.
    pub(super) fn is_beginning_of(&self, other: &Self) -> bool {
        let Form::Plain(file) = &self.form else {
            return false;
        };
        let Ok(size) = file.metadata().map(|m| m.len()) else {
            return false;
        };
        let len = other
            .head
            .len()
            .min(usize::try_from(size).unwrap_or(usize::MAX));
        let mut head = vec![0; len];
        size < other.read && file.read_exact_at(&mut head, 0).is_ok() && head == other.head[..len]
    }

    /// Whether the file was cut off, or written anew, since it was last read; `size` and
    /// `changed` are its size and the time of its last change.
    fn was_cut(&self, file: &File, size: u64, changed: (i64, i64)) -> std::io::Result<bool> {
        if size < self.read {
            return Ok(true);
        }
        if self.last.is_empty() || (size == self.read && changed == self.changed) {
            return Ok(false);
        }
        let mut bytes = vec![0; self.last.len()];
        let from = self.read - self.last.len() as u64;
        file.read_exact_at(&mut bytes, from)?;
        Ok(bytes != self.last)
    }

    fn take(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.form {
            Form::Plain(file) => file.read(buffer),
            Form::Packed(reader) => {
                let reader = match reader {
                    Some(reader) => reader,
                    None => reader.insert(unpack(&self.path)?),
                };
                reader.read(buffer)
            }
        }
    }

    /// Notes what was read.
    fn saw(&mut self, bytes: &[u8]) {
        self.read += bytes.len() as u64;
        let room = HEAD_BYTES - self.head.len().min(HEAD_BYTES);
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() >= TAIL_BYTES {
            self.last.clear();
            self.last
                .extend_from_slice(&bytes[bytes.len() - TAIL_BYTES..]);
        } else {
            self.last.extend_from_slice(bytes);
            let over = self.last.len().saturating_sub(TAIL_BYTES);
            self.last.drain(..over);
        }
    }

    /// Reads lines for one turn; `see` gets where each begins and the line itself.
    /// `accepted` is the place of what the sink has, `buffer` room to read into.
    pub(super) fn turn(
        &mut self,
        line_max: usize,
        (accepted, now_ms): (u64, i64),
        buffer: &mut Vec<u8>,
        see: &mut dyn FnMut(u64, &[u8]),
    ) -> std::io::Result<Turn> {
        let mut turn = Turn::default();
        if self.is_done {
            turn.at_end = true;
            return Ok(turn);
        }
        if let Form::Plain(file) = &self.form {
            let metadata = file.metadata()?;
            let changed = (metadata.mtime(), metadata.mtime_nsec());
            let was_cut = self.was_cut(file, metadata.len(), changed)?;
            self.changed = changed;
            if was_cut {
                turn.cut_off = Some(self.place_with(accepted, now_ms, false));
                self.end_line(see);
                self.skip_to(0)?;
                self.skips_zeros = true;
            } else if metadata.len() == self.read {
                turn.at_end = true;
                return Ok(turn);
            }
        }
        buffer.resize(CHUNK_BYTES, 0);
        while (turn.bytes as usize) < TURN_BYTES {
            let n = match self.take(buffer) {
                Ok(n) => n,
                Err(error) if self.is_packed() => return self.stuck(error, turn),
                Err(error) => return Err(error),
            };
            if n == 0 {
                turn.at_end = true;
                if self.is_packed() {
                    self.is_done = true;
                    self.end_line(see);
                    self.form = Form::Packed(None);
                }
                break;
            }
            self.saw(&buffer[..n]);
            turn.bytes += n as u64;
            let zeros = if self.skips_zeros {
                buffer[..n].iter().take_while(|b| **b == 0).count()
            } else {
                0
            };
            self.skips_zeros = zeros == n;
            self.split(&buffer[zeros..n], line_max, &mut turn, see);
        }
        Ok(turn)
    }

    /// A packed file ends before its end: it may still be written.
    fn stuck(&mut self, error: std::io::Error, mut turn: Turn) -> std::io::Result<Turn> {
        let metadata = std::fs::metadata(&self.path)?;
        let now = (metadata.len(), metadata.mtime_nsec() ^ metadata.mtime());
        let offset = self.offset();
        if self.stuck_at == Some(now) {
            self.is_done = true;
            return Err(error);
        }
        self.stuck_at = Some(now);
        let _ = self.skip_to(offset);
        turn.at_end = true;
        Ok(turn)
    }

    fn split(
        &mut self,
        bytes: &[u8],
        line_max: usize,
        turn: &mut Turn,
        see: &mut dyn FnMut(u64, &[u8]),
    ) {
        let end = self.read;
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', bytes) {
            let behind = (bytes.len() - at) as u64;
            if self.rest.is_empty() {
                let line = &bytes[from..at];
                let begins = end - (bytes.len() - from) as u64;
                pieces(begins, line, line_max, turn, see);
            } else {
                self.rest.extend_from_slice(&bytes[from..at]);
                let begins = end - behind - self.rest.len() as u64;
                let line = std::mem::take(&mut self.rest);
                pieces(begins, &line, line_max, turn, see);
            }
            from = at + 1;
        }
        self.rest.extend_from_slice(&bytes[from..]);
        while self.rest.len() > line_max {
            let begins = self.offset();
            let rest = self.rest.split_off(line_max);
            let line = std::mem::replace(&mut self.rest, rest);
            turn.cut += 1;
            see(begins, &line);
        }
    }

    /// Hands in what stands behind the last line feed: no more comes.
    pub(super) fn end_line(&mut self, see: &mut dyn FnMut(u64, &[u8])) {
        if self.rest.is_empty() {
            return;
        }
        let begins = self.offset();
        let line = std::mem::take(&mut self.rest);
        see(begins, &line);
    }
}

/// A line, or the pieces of one that is too long.
fn pieces(
    begins: u64,
    line: &[u8],
    line_max: usize,
    turn: &mut Turn,
    see: &mut dyn FnMut(u64, &[u8]),
) {
    if line.len() <= line_max {
        see(begins, line);
        return;
    }
    for (n, piece) in line.chunks(line_max).enumerate() {
        turn.cut += u64::from(n > 0);
        see(begins + (n * line_max) as u64, piece);
    }
}
