//! Times as lines print them. A line's own time is nearly always the row's time, cut to
//! what the line shows: only the difference is kept.

use binnacle_model::calendar::{date_of, day_of};
use binnacle_store::Malformed;

use super::number::PAIRS;
use super::piece::Reader;
use super::search::{Place, Sought};

/// How the date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `2026-12-01T08:15:02`, with any byte in place of the `T` and of the `-`.
    Iso,
    /// `01/Dec/2026:08:15:02`.
    Clf,
    /// `I1201 08:15:02`, with the level in front; the year is the row's.
    Klog,
}

/// How the times of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StampFormat {
    family: Family,
    /// Between the parts of a date.
    dash: u8,
    /// Between date and time.
    between: u8,
    /// In front of the fraction.
    point: u8,
    /// Digits of the fraction.
    digits: u8,
    /// What stands behind.
    zone: Zone,
}

/// The zone, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Zone {
    text: [u8; 7],
    len: u8,
}

const LEVELS: &[u8; 4] = b"IWEF";
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
const NS: i64 = 1_000_000_000;

fn two(text: &[u8], at: usize) -> Option<i64> {
    let (a, b) = (
        text.get(at)?.wrapping_sub(b'0'),
        text.get(at + 1)?.wrapping_sub(b'0'),
    );
    (a < 10 && b < 10).then(|| i64::from(a * 10 + b))
}

fn byte(text: &[u8], at: usize, want: u8) -> Option<()> {
    (*text.get(at)? == want).then_some(())
}

/// The days and seconds of a text, and its length so far.
struct Moment {
    year: Option<i64>,
    month: i64,
    day: i64,
    second: i64,
    level: i64,
}

fn clock(text: &[u8], at: usize) -> Option<i64> {
    let (h, m, s) = (two(text, at)?, two(text, at + 3)?, two(text, at + 6)?);
    byte(text, at + 2, b':')?;
    byte(text, at + 5, b':')?;
    (h < 24 && m < 60 && s < 60).then_some(h * 3600 + m * 60 + s)
}

fn iso(text: &[u8]) -> Option<(Moment, StampFormat, usize)> {
    let dash = *text.get(4).filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    byte(text, 7, dash)?;
    let between = *text
        .get(10)
        .filter(|b| matches!(b, b'T' | b' ' | b't' | b'_'))?;
    let moment = Moment {
        year: Some(two(text, 0)? * 100 + two(text, 2)?),
        month: two(text, 5)?,
        day: two(text, 8)?,
        second: clock(text, 11)?,
        level: 0,
    };
    Some((moment, StampFormat::new(Family::Iso, dash, between), 19))
}

fn clf(text: &[u8]) -> Option<(Moment, StampFormat, usize)> {
    byte(text, 2, b'/')?;
    byte(text, 6, b'/')?;
    byte(text, 11, b':')?;
    let name = text.get(3..6)?;
    let month = MONTHS.as_chunks::<3>().0.iter().position(|m| m == name)?;
    let moment = Moment {
        year: Some(two(text, 7)? * 100 + two(text, 9)?),
        month: month as i64 + 1,
        day: two(text, 0)?,
        second: clock(text, 12)?,
        level: 0,
    };
    Some((moment, StampFormat::new(Family::Clf, b'/', b':'), 20))
}

fn klog(text: &[u8]) -> Option<(Moment, StampFormat, usize)> {
    let level = LEVELS.iter().position(|l| Some(l) == text.first())?;
    byte(text, 5, b' ')?;
    let moment = Moment {
        year: None,
        month: two(text, 1)?,
        day: two(text, 3)?,
        second: clock(text, 6)?,
        level: level as i64,
    };
    Some((moment, StampFormat::new(Family::Klog, 0, b' '), 14))
}

fn parse_zone(text: &[u8]) -> Option<Zone> {
    let mut zone = Zone {
        text: [0; 7],
        len: 0,
    };
    let signed = match text {
        [b'Z', ..] => {
            zone.text[0] = b'Z';
            zone.len = 1;
            return Some(zone);
        }
        [b' ', rest @ ..] => rest,
        rest => rest,
    };
    let len = match signed {
        [b'+' | b'-', h1, h2, b':', m1, m2, ..]
            if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) =>
        {
            6
        }
        [b'+' | b'-', h1, h2, m1, m2, ..]
            if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) =>
        {
            5
        }
        _ => return Some(zone),
    };
    let len = len + text.len() - signed.len();
    zone.text[..len].copy_from_slice(&text[..len]);
    zone.len = len as u8;
    Some(zone)
}

impl Zone {
    fn bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len).min(7)]
    }

    /// Seconds east of Greenwich.
    fn east_s(&self) -> i64 {
        let text = self.bytes().trim_ascii_start();
        let sign = if text.first() == Some(&b'-') { -1 } else { 1 };
        let hours = two(text, 1).unwrap_or(0);
        let minutes = two(text, if text.len() == 6 { 4 } else { 3 }).unwrap_or(0);
        sign * (hours * 3600 + minutes * 60)
    }
}

/// The time at the beginning of a text: how it is written and how long it is.
pub(super) fn recognise(text: &[u8]) -> Option<(StampFormat, usize)> {
    parse(text).map(|(_, format, len)| (format, len))
}

fn parse(text: &[u8]) -> Option<(Moment, StampFormat, usize)> {
    let (moment, mut format, mut len) = match text.first()? {
        b'I' | b'W' | b'E' | b'F' => klog(text)?,
        b'0'..=b'9' if text.get(2) == Some(&b'/') => clf(text)?,
        b'0'..=b'9' => iso(text)?,
        _ => return None,
    };
    if let Some(point @ (b'.' | b',')) = text.get(len) {
        let rest = &text[len + 1..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if (1..=9).contains(&digits) {
            format.point = *point;
            format.digits = digits as u8;
            len += 1 + digits;
        }
    }
    if format.family != Family::Klog {
        format.zone = parse_zone(&text[len..])?;
        len += usize::from(format.zone.len);
    }
    if text
        .get(len)
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    {
        return None;
    }
    Some((moment, format, len))
}

/// Prints times; keeps the date of the day before it.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    day: Option<i64>,
    date: (i64, i64, i64),
}

impl Calendar {
    fn date(&mut self, day: i64) -> (i64, i64, i64) {
        if self.day != Some(day) {
            self.day = Some(day);
            // Beyond these no four digits hold the year; the encoder kept no such time.
            self.date = date_of(day.clamp(-719_528, 2_932_896));
        }
        self.date
    }
}

impl StampFormat {
    fn new(family: Family, dash: u8, between: u8) -> Self {
        Self {
            family,
            dash,
            between,
            point: 0,
            digits: 0,
            zone: Zone {
                text: [0; 7],
                len: 0,
            },
        }
    }

    fn unit_ns(self) -> i64 {
        10_i64.pow(9 - u32::from(self.digits.min(9)))
    }

    /// The time of a row, in units of the fraction, where the clock of the text stands.
    fn expected(self, t_ns: i64) -> i64 {
        let zone_ns = i128::from(self.zone.east_s()) * i128::from(NS);
        // A unit is a nanosecond at least: the quotient fits, but for zones at the very
        // end of time, which only have to give the same number again.
        ((i128::from(t_ns) + zone_ns).div_euclid(i128::from(self.unit_ns()))) as i64
    }

    /// How far the text is from the row's time; `None` when the text is not written like
    /// this, or would not come back.
    pub(super) fn difference(
        self,
        text: &[u8],
        t_ns: i64,
        calendar: &mut Calendar,
        buffer: &mut Vec<u8>,
    ) -> Option<i64> {
        let (moment, format, len) = parse(text)?;
        if format != self || len != text.len() {
            return None;
        }
        let expected = self.expected(t_ns);
        let per_second = NS / self.unit_ns();
        let year = match moment.year {
            Some(year) => year,
            None => {
                let year = date_of(t_ns.div_euclid(NS * 86_400)).0;
                let near = |y: &i64| {
                    let day = day_of(*y, moment.month, moment.day);
                    (day - t_ns.div_euclid(NS * 86_400)).abs()
                };
                [year - 1, year, year + 1].into_iter().min_by_key(near)?
            }
        };
        let seconds = day_of(year, moment.month, moment.day) * 86_400 + moment.second;
        let fraction = text[len - usize::from(self.zone.len) - usize::from(self.digits)..]
            .iter()
            .take(usize::from(self.digits))
            .fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
        let units = seconds.checked_mul(per_second)?.checked_add(fraction)?;
        let mut difference = units.checked_sub(expected)?;
        if self.family == Family::Klog {
            difference = difference.checked_mul(4)?.checked_add(moment.level)?;
        }
        buffer.clear();
        self.print(difference, t_ns, calendar, buffer);
        (buffer.as_slice() == text).then_some(difference)
    }

    /// Appends the text.
    pub(super) fn print(
        self,
        difference: i64,
        t_ns: i64,
        calendar: &mut Calendar,
        out: &mut Vec<u8>,
    ) {
        let (difference, level) = match self.family {
            Family::Klog => (difference >> 2, difference & 3),
            _ => (difference, 0),
        };
        let units = self.expected(t_ns).wrapping_add(difference);
        let per_second = NS / self.unit_ns();
        let (second, fraction) = (units.div_euclid(per_second), units.rem_euclid(per_second));
        let (day, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        let (year, month, date) = calendar.date(day);
        let mut buffer = [0_u8; 32];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            buffer[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        let pair = |n: i64| {
            let at = (n.rem_euclid(100) * 2) as usize;
            &PAIRS[at..at + 2]
        };
        match self.family {
            Family::Iso => {
                put(pair(year / 100));
                put(pair(year));
                put(&[self.dash]);
                put(pair(month));
                put(&[self.dash]);
                put(pair(date));
            }
            Family::Clf => {
                put(pair(date));
                put(b"/");
                let name = (month.clamp(1, 12) as usize - 1) * 3;
                put(&MONTHS[name..name + 3]);
                put(b"/");
                put(pair(year / 100));
                put(pair(year));
            }
            Family::Klog => {
                put(&LEVELS[level as usize..=level as usize]);
                put(pair(month));
                put(pair(date));
            }
        }
        put(&[self.between]);
        put(pair(of_day / 3600));
        put(b":");
        put(pair(of_day / 60 % 60));
        put(b":");
        put(pair(of_day % 60));
        out.extend_from_slice(&buffer[..at]);
        let digits = usize::from(self.digits);
        if digits > 0 {
            let mut text = [b'0'; 10];
            text[0] = self.point;
            let mut rest = fraction;
            for place in text[1..=digits].iter_mut().rev() {
                *place = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            out.extend_from_slice(&text[..=digits]);
        }
        out.extend_from_slice(self.zone.bytes());
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        let family = match self.family {
            Family::Iso => 0,
            Family::Clf => 1,
            Family::Klog => 2,
        };
        let head = [family, self.dash, self.between, self.point, self.digits];
        out.extend_from_slice(&head);
        out.push(self.zone.len);
        out.extend_from_slice(self.zone.bytes());
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let wrong = Malformed("times in lines of a block have an unknown format");
        let family = match reader.u8()? {
            0 => Family::Iso,
            1 => Family::Clf,
            2 => Family::Klog,
            _ => return Err(wrong),
        };
        let (dash, between, point) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let digits = reader.u8()?;
        let len = reader.u8()?;
        if digits > 9 || len > 7 {
            return Err(wrong);
        }
        let mut zone = Zone { text: [0; 7], len };
        zone.text[..usize::from(len)].copy_from_slice(reader.take(usize::from(len))?);
        Ok(Self {
            family,
            dash,
            between,
            point,
            digits,
            zone,
        })
    }

    /// Whether a time may have what is sought: the same bytes but for digits, months and
    /// levels.
    pub(super) fn may_have(self, sought: &Sought<'_>) -> bool {
        let mut text = Vec::new();
        self.print(0, 0, &mut Calendar::default(), &mut text);
        let Some(room) = text.len().checked_sub(sought.text.len()) else {
            return false;
        };
        let fits = |from: usize| {
            let own = &text[from..from + sought.text.len()];
            own.iter()
                .zip(sought.text)
                .enumerate()
                .all(|(i, (own, byte))| {
                    let is_letter = match self.family {
                        Family::Iso => false,
                        Family::Clf => (3..6).contains(&(from + i)),
                        Family::Klog => from + i == 0,
                    };
                    own == byte
                        || (own.is_ascii_digit() && byte.is_ascii_digit())
                        || (is_letter && byte.is_ascii_alphabetic())
                })
        };
        match sought.place {
            Place::Inside => (0..=room).any(fits),
            Place::Start => fits(0),
            Place::End => fits(room),
            Place::Whole => room == 0 && fits(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T_NS: i64 = 1_796_112_902_123_456_789;

    fn check(text: &str, difference: Option<i64>) {
        let got = recognise(text.as_bytes()).and_then(|(format, len)| {
            if len != text.len() {
                return None;
            }
            let (mut calendar, mut buffer) = (Calendar::default(), Vec::new());
            format.difference(text.as_bytes(), T_NS, &mut calendar, &mut buffer)
        });
        assert_eq!(got, difference, "{text}");
    }

    #[test]
    fn the_row_s_own_time_has_no_difference() {
        check("2026-12-01T08:15:02Z", Some(0));
        check("2026-12-01T08:15:02.123Z", Some(0));
        check("2026-12-01 08:15:02,123", Some(0));
        check("2026/12/01 08:15:02", Some(0));
        check("2026-12-01T08:15:02.123456789Z", Some(0));
        check("2026-12-01T10:15:02.123+02:00", Some(0));
        check("2026-12-01T10:15:02.123+0200", Some(0));
        check("01/Dec/2026:08:15:02 +0000", Some(0));
        check("01/Dec/2026:03:15:02 -0500", Some(0));
        check("I1201 08:15:02.123456", Some(0));
        check("E1201 08:15:02.123457", Some(6));
        check("2026-12-01T08:15:01.123Z", Some(-1000));
        check("1970-01-01T00:00:00Z", Some(-1_796_112_902));
    }

    #[test]
    fn what_is_no_time_or_would_not_come_back() {
        for text in [
            "",
            "2026",
            "2026-12-01",
            "2026-12-01T08:15",
            "2026-13-01T08:15:02Z",
            "2026-02-30T08:15:02Z",
            "2026-12-01T24:15:02Z",
            "2026-12-01T08:15:60Z",
            "2026-12-01T08:15:02ZZ",
            "01/Foo/2026:08:15:02",
            "X1201 08:15:02",
            "0000-00-00T00:00:00Z",
            "2026-12-01T08:15:02.1234567890Z",
            "I0230 08:15:02.5",
        ] {
            check(text, None);
        }
    }
}
