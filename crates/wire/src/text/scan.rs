//! Walks a body line by line.
//!
//! For each sample the scanner first asks the visitor whether it recognises the
//! series that the line starts with ([`Visitor::recognise`]); if so, it goes on
//! with the value and does not look at the series at all. Otherwise it checks the
//! series' grammar to find its end. Values take a fast path for short decimals.

use std::borrow::Cow;
use std::ops::ControlFlow;

use binnacle_model::metadata::MetricType;
use binnacle_model::sample::NORMAL_NAN_BITS;
use memchr::memchr;

use super::quote;
use super::series::{Place, blanks, name_len, walk};
use crate::error::WireError;
use crate::float;

/// Which of the two formats a body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Prometheus text 0.0.4 (and 1.0.0, which differs in escaping only).
    Prometheus,
    /// OpenMetrics 0.0.1 and 1.0.0.
    OpenMetrics,
}

/// A sample line.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The raw bytes of the series, from the name to the closing brace:
    /// for [`parse_labels`](super::parse_labels), or a key as it is.
    pub series: &'a [u8],
    /// The value; a NaN is the one that Prometheus stores.
    pub value: f64,
    /// Its own time, milliseconds since the Unix epoch, when it has one.
    pub t_ms: Option<i64>,
    /// Its exemplar.
    pub exemplar: Option<RawExemplar<'a>>,
    /// The type that the last `# TYPE` line told.
    pub kind: MetricType,
    /// Where the line starts in the body, for [`line_at`].
    pub offset: usize,
}

/// The number of the line that `offset` lies in, from 1 on. Counts; for errors.
#[must_use]
pub fn line_at(body: &[u8], offset: usize) -> u32 {
    let before = &body[..offset.min(body.len())];
    1 + memchr::memchr_iter(b'\n', before).count() as u32
}

impl Sample<'_> {
    /// Whether the line tells since when a counter, histogram or summary counts
    /// (`..._created` of OpenMetrics, in seconds). Prometheus stores it as a
    /// series like any other unless told otherwise.
    #[must_use]
    pub fn is_created(&self) -> bool {
        let counts = matches!(
            self.kind,
            MetricType::Counter | MetricType::Histogram | MetricType::Summary
        );
        counts && self.series[..name_len(self.series, true)].ends_with(b"_created")
    }
}

/// An exemplar after a sample.
#[derive(Debug, Clone, Copy)]
pub struct RawExemplar<'a> {
    /// From brace to brace, for
    /// [`parse_exemplar_labels`](super::parse_exemplar_labels).
    pub labels: &'a [u8],
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the Unix epoch, when it has a time of its own.
    pub t_ms: Option<i64>,
}

/// A line about a metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamilyLine<'a> {
    /// `# TYPE`
    Type(MetricType),
    /// `# HELP`, without escapes.
    Help(Cow<'a, str>),
    /// `# UNIT`
    Unit(&'a str),
}

/// Takes what a scanner finds.
pub trait Visitor {
    /// How many bytes at the start of `rest` are a series that was seen before
    /// and that a blank follows; 0 when that is not known. See
    /// [`ScrapeCache::recognise`](super::ScrapeCache::recognise).
    #[inline]
    fn recognise(&mut self, rest: &[u8]) -> usize {
        let _ = rest;
        0
    }

    /// The type in force after comment line `line`, when the visitor knows the
    /// line and does not need it told again. See
    /// [`ScrapeCache::recognise_comment`](super::ScrapeCache::recognise_comment).
    #[inline]
    fn recognise_comment(&mut self, line: &[u8]) -> Option<MetricType> {
        let _ = line;
        None
    }

    /// Comment line `line` was valid and has been told; `kind` is the type in
    /// force after it.
    #[inline]
    fn comment_told(&mut self, line: &[u8], kind: MetricType) {
        let _ = (line, kind);
    }

    /// A sample. A break ends the scan with [`WireError::Stopped`].
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()>;

    /// A line about family `name`.
    fn family(&mut self, name: &str, line: FamilyLine<'_>);
}

/// Walks `body` and tells `visitor` what is in it. Lines before one in error have
/// been told.
///
/// # Errors
/// [`WireError::Syntax`] with the line, or [`WireError::Stopped`].
pub fn scan(body: &[u8], dialect: Dialect, visitor: &mut impl Visitor) -> Result<(), WireError> {
    scan_part(body, dialect, &mut PartState::default(), true, visitor)
}

/// What goes on from one part of a body to the next.
#[derive(Debug, Default)]
pub(crate) struct PartState {
    kind: MetricType,
    /// Lines of the parts before.
    lines: u32,
    ended: bool,
}

impl PartState {
    /// An error of a visitor, about offset `error.0` of the part that is scanned.
    pub(crate) fn placed(&self, part: &[u8], error: (usize, String)) -> WireError {
        let (offset, message) = error;
        WireError::Syntax {
            line: self.lines + line_at(part, offset),
            message,
        }
    }
}

/// As [`scan`], for a body that comes in parts, each of whole lines.
pub(crate) fn scan_part(
    part: &[u8],
    dialect: Dialect,
    state: &mut PartState,
    last: bool,
    visitor: &mut impl Visitor,
) -> Result<(), WireError> {
    let mut scanner = Scanner {
        body: part,
        dialect,
        at: 0,
        kind: state.kind,
        lines: state.lines,
    };
    match dialect {
        Dialect::Prometheus => scanner.prometheus(visitor)?,
        Dialect::OpenMetrics => scanner.open_metrics(visitor, last, &mut state.ended)?,
    }
    state.kind = scanner.kind;
    if !last {
        state.lines += line_at(part, part.len()) - 1;
    }
    Ok(())
}

struct Scanner<'a> {
    body: &'a [u8],
    dialect: Dialect,
    at: usize,
    kind: MetricType,
    /// Lines before the body, for errors.
    lines: u32,
}

impl<'a> Scanner<'a> {
    fn prometheus(&mut self, visitor: &mut impl Visitor) -> Result<(), WireError> {
        while self.at < self.body.len() {
            match self.body[self.at] {
                b' ' | b'\t' => self.at += 1,
                b'\n' => self.at += 1,
                b'#' => self.comment(visitor)?,
                _ => self.sample(visitor)?,
            }
        }
        Ok(())
    }

    fn open_metrics(
        &mut self,
        visitor: &mut impl Visitor,
        last: bool,
        ended: &mut bool,
    ) -> Result<(), WireError> {
        loop {
            match self.body.get(self.at) {
                None if *ended || !last => return Ok(()),
                None => return Err(self.fault("data does not end with # EOF")),
                Some(_) if *ended => return Err(self.fault("unexpected data after # EOF")),
                Some(b'#') => *ended = self.strict_comment(visitor)?,
                Some(_) => self.sample(visitor)?,
            }
        }
    }

    /// A sample line, from the first byte of the series to the line break.
    #[inline]
    fn sample(&mut self, visitor: &mut impl Visitor) -> Result<(), WireError> {
        let rest = &self.body[self.at..];
        let mut len = visitor.recognise(rest);
        let mut value_at = blanks(rest, len, Dialect::Prometheus);
        if len == 0 || rest.get(value_at) == Some(&b'{') {
            len = self.series(rest)?;
            value_at = blanks(rest, len, Dialect::Prometheus);
        }
        let one_blank = value_at == len + 1 && rest[len] == b' ';
        if self.dialect == Dialect::OpenMetrics && !one_blank {
            return Err(self.expected(len, "one blank and a value"));
        }
        let (value, mut at) = self.value(rest, value_at)?;
        let mut sample = Sample {
            series: &rest[..len],
            value,
            t_ms: None,
            exemplar: None,
            kind: self.kind,
            offset: self.at,
        };
        if rest.get(at) != Some(&b'\n') {
            at = match self.dialect {
                Dialect::Prometheus => self.tail(rest, at, &mut sample)?,
                Dialect::OpenMetrics => self.strict_tail(rest, at, &mut sample)?,
            };
        }
        if visitor.sample(&sample).is_break() {
            return Err(WireError::Stopped);
        }
        self.at += at + 1;
        Ok(())
    }

    /// The length of a series that nobody recognised, its grammar checked.
    fn series(&self, rest: &'a [u8]) -> Result<usize, WireError> {
        let len = walk(rest, self.dialect, Place::Sample, |_| {})
            .map_err(|fault| self.expected(fault.at, fault.expected))?;
        if std::str::from_utf8(&rest[..len]).is_err() {
            return Err(self.fault("series is not UTF-8"));
        }
        Ok(len)
    }

    /// The value at `at`, and where it ends.
    #[inline]
    fn value(&self, rest: &[u8], at: usize) -> Result<(f64, usize), WireError> {
        match float::parse_short(&rest[at..]) {
            Some((value, len)) => Ok((value, at + len)),
            None => self.long_value(rest, at),
        }
    }

    #[inline(never)]
    fn long_value(&self, rest: &[u8], at: usize) -> Result<(f64, usize), WireError> {
        let end = self.word_end(rest, at);
        if end == at {
            return Err(self.expected(at, "a value"));
        }
        let value = float::parse(&rest[at..end])
            .map_err(|e| self.fault(format!("value {}: {e}", shown(&rest[at..end]))))?;
        Ok((
            if value.is_nan() {
                f64::from_bits(NORMAL_NAN_BITS)
            } else {
                value
            },
            end,
        ))
    }

    /// Where the word at `at` ends.
    fn word_end(&self, rest: &[u8], at: usize) -> usize {
        let ends = |b: &u8| match self.dialect {
            Dialect::Prometheus => matches!(b, b' ' | b'\t' | b'\n'),
            Dialect::OpenMetrics => matches!(b, b' ' | b'\n'),
        };
        rest[at..]
            .iter()
            .position(ends)
            .map_or(rest.len(), |i| at + i)
    }

    /// What follows a value in the text format: blanks, and a time in
    /// milliseconds. Answers where the line ends.
    fn tail(&self, rest: &[u8], at: usize, sample: &mut Sample<'_>) -> Result<usize, WireError> {
        let mut at = blanks(rest, at, self.dialect);
        let digits = rest[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            let text = std::str::from_utf8(&rest[at..at + digits]).unwrap_or_default();
            let t_ms = text
                .parse()
                .map_err(|_| self.fault(format!("timestamp {text} is out of range")))?;
            sample.t_ms = Some(t_ms);
            at = blanks(rest, at + digits, self.dialect);
        }
        match rest.get(at) {
            None | Some(b'\n') => Ok(at),
            _ if digits > 0 => Err(self.expected(at, "the end of the line after a timestamp")),
            _ => Err(self.expected(at, "a timestamp or the end of the line")),
        }
    }

    /// What follows a value in OpenMetrics: a time in seconds, an exemplar.
    fn strict_tail(
        &self,
        rest: &'a [u8],
        mut at: usize,
        sample: &mut Sample<'a>,
    ) -> Result<usize, WireError> {
        if rest[at..].starts_with(b" ") && !rest[at..].starts_with(b" # {") {
            let (t_ms, end) = self.seconds(rest, at + 1, "timestamp")?;
            sample.t_ms = Some(t_ms);
            at = end;
        }
        if rest[at..].starts_with(b" # {") {
            let (exemplar, end) = self.exemplar(rest, at + 3)?;
            sample.exemplar = Some(exemplar);
            at = end;
        }
        match rest.get(at) {
            Some(b'\n') => Ok(at),
            None => Err(self.fault("data does not end with # EOF")),
            _ => Err(self.expected(at, "the end of the line")),
        }
    }

    /// The exemplar whose braces open at `at`, and where it ends.
    fn exemplar(&self, rest: &'a [u8], at: usize) -> Result<(RawExemplar<'a>, usize), WireError> {
        let len = walk(&rest[at..], self.dialect, Place::Exemplar, |_| {})
            .map_err(|fault| self.expected(at + fault.at, fault.expected))?;
        let labels = &rest[at..at + len];
        if std::str::from_utf8(labels).is_err() {
            return Err(self.fault("exemplar is not UTF-8"));
        }
        let blank = at + len;
        if rest.get(blank) != Some(&b' ') {
            return Err(self.expected(blank, "one blank and a value after an exemplar's labels"));
        }
        let (value, mut end) = self.value(rest, blank + 1)?;
        let mut t_ms = None;
        if rest.get(end) == Some(&b' ') {
            let (time, after) = self.seconds(rest, end + 1, "exemplar timestamp")?;
            t_ms = Some(time);
            end = after;
        }
        Ok((
            RawExemplar {
                labels,
                value,
                t_ms,
            },
            end,
        ))
    }

    /// A time in seconds at `at`, as milliseconds, and where it ends.
    fn seconds(&self, rest: &[u8], at: usize, what: &str) -> Result<(i64, usize), WireError> {
        let end = self.word_end(rest, at);
        if end == at {
            return Err(self.expected(at, "a timestamp"));
        }
        let seconds = float::parse(&rest[at..end])
            .map_err(|e| self.fault(format!("{what} {}: {e}", shown(&rest[at..end]))))?;
        if !seconds.is_finite() {
            return Err(self.fault(format!("invalid {what} {seconds}")));
        }
        Ok(((seconds * 1000.0) as i64, end))
    }

    /// A line of the text format that starts with `#`.
    fn comment(&mut self, visitor: &mut impl Visitor) -> Result<(), WireError> {
        let rest = &self.body[self.at..];
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        if let Some(kind) = visitor.recognise_comment(line) {
            self.kind = kind;
            self.at += line.len() + 1;
            return Ok(());
        }
        let word = blanks(line, 1, self.dialect);
        let keyword = &line[word..];
        let follows = |text: &[u8]| matches!(text.get(4), Some(b' ' | b'\t'));
        let is_type = keyword.starts_with(b"TYPE");
        if word > 1 && (is_type || keyword.starts_with(b"HELP")) && follows(keyword) {
            let name_at = blanks(line, word + 4, self.dialect);
            let (name, end) = self.family_name(line, name_at)?;
            let text = self.utf8(&line[blanks(line, end, self.dialect)..])?;
            let family = if is_type {
                FamilyLine::Type(self.type_of(text)?)
            } else {
                FamilyLine::Help(quote::unescape(text, true))
            };
            visitor.family(&name, family);
        }
        visitor.comment_told(line, self.kind);
        self.at += line.len() + 1;
        Ok(())
    }

    /// A line of OpenMetrics that starts with `#`; true when it ends the body.
    fn strict_comment(&mut self, visitor: &mut impl Visitor) -> Result<bool, WireError> {
        let rest = &self.body[self.at..];
        if let Some(after) = rest.strip_prefix(b"# EOF") {
            let end = after.first().is_none_or(|b| *b == b'\n');
            self.at += b"# EOF".len() + usize::from(!after.is_empty());
            return if end {
                Ok(true)
            } else {
                Err(self.fault("unexpected data after # EOF"))
            };
        }
        let Some(len) = memchr(b'\n', rest) else {
            return Err(self.fault("data does not end with # EOF"));
        };
        let line = &rest[..len];
        if let Some(kind) = visitor.recognise_comment(line) {
            self.kind = kind;
            self.at += len + 1;
            return Ok(false);
        }
        let Some(keyword) = line.get(2..7).filter(|_| line[1] == b' ') else {
            return Err(self.expected(1, "TYPE, HELP, UNIT or EOF after '# '"));
        };
        let (name, end) = self.family_name(line, 7)?;
        if line.get(end) != Some(&b' ') {
            return Err(self.expected(end, "a blank and text after the metric name"));
        }
        let text = self.utf8(&line[end + 1..])?;
        let family = match keyword {
            b"TYPE " => FamilyLine::Type(self.type_of(text)?),
            b"HELP " => FamilyLine::Help(quote::unescape(text, true)),
            b"UNIT " => {
                let stem = name.strip_suffix(text);
                if !text.is_empty() && !stem.is_some_and(|s| s.ends_with('_')) {
                    return Err(
                        self.fault(format!("unit {text:?} not a suffix of metric {name:?}"))
                    );
                }
                FamilyLine::Unit(text)
            }
            _ => return Err(self.expected(2, "TYPE, HELP, UNIT or EOF after '# '")),
        };
        visitor.family(&name, family);
        visitor.comment_told(line, self.kind);
        self.at += len + 1;
        Ok(false)
    }

    /// The name of a family at `at`, quoted or not, and where it ends.
    fn family_name(&self, line: &'a [u8], at: usize) -> Result<(Cow<'a, str>, usize), WireError> {
        let wanted = "a metric name";
        if line.get(at) == Some(&b'"') {
            let end = quote::end(line, at).ok_or_else(|| self.expected(at, wanted))?;
            return Ok((
                quote::unescape(self.utf8(&line[at + 1..end - 1])?, true),
                end,
            ));
        }
        match name_len(&line[at.min(line.len())..], true) {
            0 => Err(self.expected(at, wanted)),
            len => Ok((Cow::Borrowed(self.utf8(&line[at..at + len])?), at + len)),
        }
    }

    /// The type that `word` names; it holds for the samples that follow.
    fn type_of(&mut self, word: &str) -> Result<MetricType, WireError> {
        let known = match self.dialect {
            // Client libraries of both formats write the other one's words, too.
            Dialect::Prometheus => match word.trim_ascii_end() {
                "gauge_histogram" => Some(MetricType::GaugeHistogram),
                word => MetricType::parse(word),
            },
            Dialect::OpenMetrics => MetricType::parse(word).filter(|_| word != "untyped"),
        };
        self.kind = known.ok_or_else(|| self.fault(format!("invalid metric type {word:?}")))?;
        Ok(self.kind)
    }

    fn utf8(&self, text: &'a [u8]) -> Result<&'a str, WireError> {
        std::str::from_utf8(text).map_err(|_| self.fault(format!("{} is not UTF-8", shown(text))))
    }

    /// An error about what stands at `at` of the line.
    #[cold]
    fn expected(&self, at: usize, what: &str) -> WireError {
        let line = &self.body[self.at.min(self.body.len())..];
        let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
        let found = match line.get(at..) {
            None | Some([]) => "the end of the line".to_owned(),
            Some(rest) => shown(&rest[..rest.len().min(16)]),
        };
        self.fault(format!("expected {what}, got {found} in {}", shown(line)))
    }

    #[cold]
    fn fault(&self, message: impl Into<String>) -> WireError {
        let line = self.lines + line_at(self.body, self.at);
        WireError::Syntax {
            line,
            message: message.into(),
        }
    }
}

/// `text` for an error message: quoted, and cut when it is long.
fn shown(text: &[u8]) -> String {
    const BYTES_MAX: usize = 120;
    let cut = &text[..text.len().min(BYTES_MAX)];
    let dots = if cut.len() < text.len() { "..." } else { "" };
    format!("{:?}{dots}", String::from_utf8_lossy(cut))
}
