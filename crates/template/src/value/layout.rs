//! Go's time layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` shows what a
//! time shall look like, for printing and for reading.

use super::time::{Civil, Time, Zone};
use binnacle_model::calendar;
use std::fmt::Write;
use std::sync::Arc;

/// The layout of `Time.String`.
pub(crate) const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
/// The layout of JSON.
pub(crate) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    LongMonth,
    ShortMonth,
    Month,
    ZeroMonth,
    LongWeekday,
    ShortWeekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    Year,
    ShortYear,
    Upper,
    Lower,
    ZoneName,
    /// Distance from UTC; the form is in the layout's own text.
    Offset(Offset),
    /// Digits of a second; `true` leaves trailing zeros out.
    Fraction(u8, char, bool),
}

/// Forms of a distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offset {
    /// `Z` instead of zero.
    zulu: bool,
    colon: bool,
    minutes: bool,
    seconds: bool,
}

/// Fixed words and their parts, longer ones first where one begins another.
const WORDS: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Jan", Part::ShortMonth),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::ShortWeekday),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::ShortYear),
    ("15", Part::Hour),
    ("2006", Part::Year),
    ("__2", Part::SpaceYearDay),
    ("_2006", Part::Year),
    ("_2", Part::SpaceDay),
    ("1", Part::Month),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::Upper),
    ("pm", Part::Lower),
    ("-07:00:00", OFFSETS[0]),
    ("-070000", OFFSETS[1]),
    ("-07:00", OFFSETS[2]),
    ("-0700", OFFSETS[3]),
    ("-07", OFFSETS[4]),
    ("Z07:00:00", OFFSETS[5]),
    ("Z070000", OFFSETS[6]),
    ("Z07:00", OFFSETS[7]),
    ("Z0700", OFFSETS[8]),
    ("Z07", OFFSETS[9]),
];

const OFFSETS: [Part; 10] = [
    offset(false, true, true, true),
    offset(false, false, true, true),
    offset(false, true, true, false),
    offset(false, false, true, false),
    offset(false, false, false, false),
    offset(true, true, true, true),
    offset(true, false, true, true),
    offset(true, true, true, false),
    offset(true, false, true, false),
    offset(true, false, false, false),
];

const fn offset(zulu: bool, colon: bool, minutes: bool, seconds: bool) -> Part {
    Part::Offset(Offset {
        zulu,
        colon,
        minutes,
        seconds,
    })
}

/// Cuts a layout at its first part: the text before it, the part, the rest.
fn cut(layout: &str) -> Option<(&str, Part, &str)> {
    let bytes = layout.as_bytes();
    for at in 0..bytes.len() {
        if !layout.is_char_boundary(at) {
            continue;
        }
        let rest = &layout[at..];
        if let Some((part, length)) = fraction(rest) {
            return Some((&layout[..at], part, &rest[length..]));
        }
        let found = WORDS.iter().find(|(word, _)| {
            rest.starts_with(word)
                // A word that goes on in small letters is a word of the text.
                && !(*word == "Jan" && rest[3..].starts_with(|c: char| c.is_ascii_lowercase()))
                && !(*word == "Mon" && rest[3..].starts_with(|c: char| c.is_ascii_lowercase()))
        });
        match found {
            // Only the underscore of `_2006` is text.
            Some(("_2006", part)) => return Some((&layout[..=at], *part, &rest[5..])),
            Some((word, part)) => return Some((&layout[..at], *part, &rest[word.len()..])),
            None => {}
        }
    }
    None
}

/// `.000`, `,999`: a separator and the same digit up to a character that is no digit.
fn fraction(rest: &str) -> Option<(Part, usize)> {
    let separator = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digit = rest[1..]
        .chars()
        .next()
        .filter(|c| matches!(c, '0' | '9'))?;
    let count = rest[1..].chars().take_while(|c| *c == digit).count();
    if rest[1 + count..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = u8::try_from(count).ok()?;
    Some((Part::Fraction(digits, separator, digit == '9'), 1 + count))
}

/// English name of a month, 1 to 12.
pub(crate) fn month(month: i64) -> &'static str {
    MONTHS[(month - 1).rem_euclid(12) as usize]
}

/// Day of the week, from Sunday as 0.
pub(crate) fn weekday(civil: &Civil) -> i64 {
    (civil.days + 4).rem_euclid(7)
}

/// English name of a day of the week.
pub(crate) fn weekday_name(day: i64) -> &'static str {
    WEEKDAYS[day.rem_euclid(7) as usize]
}

/// Day of the year, from 1.
pub(crate) fn year_day(civil: &Civil) -> i64 {
    civil.days - calendar::day_of(civil.year, 1, 1) + 1
}

/// Prints a time.
#[must_use]
pub fn format(time: &Time, layout: &str) -> String {
    let civil = time.civil();
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some((before, part, after)) = cut(rest) {
        out.push_str(before);
        write_part(&mut out, part, &civil, time);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn write_part(out: &mut String, part: Part, civil: &Civil, time: &Time) {
    let hour12 = (civil.hour + 11) % 12 + 1;
    // Writing to a string does not fail.
    let _ = match part {
        Part::LongMonth => write!(out, "{}", month(civil.month)),
        Part::ShortMonth => write!(out, "{}", &month(civil.month)[..3]),
        Part::Month => write!(out, "{}", civil.month),
        Part::ZeroMonth => write!(out, "{:02}", civil.month),
        Part::LongWeekday => write!(out, "{}", weekday_name(weekday(civil))),
        Part::ShortWeekday => write!(out, "{}", &weekday_name(weekday(civil))[..3]),
        Part::Day => write!(out, "{}", civil.day),
        Part::SpaceDay => write!(out, "{:2}", civil.day),
        Part::ZeroDay => write!(out, "{:02}", civil.day),
        Part::SpaceYearDay => write!(out, "{:3}", year_day(civil)),
        Part::ZeroYearDay => write!(out, "{:03}", year_day(civil)),
        Part::Hour => write!(out, "{:02}", civil.hour),
        Part::Hour12 => write!(out, "{hour12}"),
        Part::ZeroHour12 => write!(out, "{hour12:02}"),
        Part::Minute => write!(out, "{}", civil.minute),
        Part::ZeroMinute => write!(out, "{:02}", civil.minute),
        Part::Second => write!(out, "{}", civil.second),
        Part::ZeroSecond => write!(out, "{:02}", civil.second),
        Part::Year if civil.year < 0 => write!(out, "-{:04}", -civil.year),
        Part::Year => write!(out, "{:04}", civil.year),
        Part::ShortYear => write!(out, "{:02}", civil.year.rem_euclid(100)),
        Part::Upper => write!(out, "{}", if civil.hour >= 12 { "PM" } else { "AM" }),
        Part::Lower => write!(out, "{}", if civil.hour >= 12 { "pm" } else { "am" }),
        Part::ZoneName => write_zone_name(out, time),
        Part::Offset(form) => write_offset(out, form, time.offset().0),
        Part::Fraction(digits, separator, trim) => {
            write_fraction(out, civil.nanos, digits, separator, trim)
        }
    };
}

/// A zone without an abbreviation shows its distance.
fn write_zone_name(out: &mut String, time: &Time) -> std::fmt::Result {
    let (seconds, name) = time.offset();
    // The database has `+03` where a zone has no letters, and so has Go.
    if !name.is_empty() {
        return out.write_str(&name);
    }
    let minutes = seconds / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    write!(
        out,
        "{sign}{:02}{:02}",
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}

fn write_offset(out: &mut String, form: Offset, seconds: i32) -> std::fmt::Result {
    if form.zulu && seconds == 0 {
        return out.write_char('Z');
    }
    let minutes = seconds / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    write!(out, "{sign}{:02}", minutes.abs() / 60)?;
    let colon = if form.colon { ":" } else { "" };
    if form.minutes {
        write!(out, "{colon}{:02}", minutes.abs() % 60)?;
    }
    if form.seconds {
        write!(out, "{colon}{:02}", seconds.abs() % 60)?;
    }
    Ok(())
}

fn write_fraction(
    out: &mut String,
    nanos: u32,
    digits: u8,
    separator: char,
    trim: bool,
) -> std::fmt::Result {
    let text = format!("{nanos:09}");
    let mut shown: String = text.chars().take(usize::from(digits)).collect();
    shown.extend(std::iter::repeat_n(
        '0',
        usize::from(digits).saturating_sub(9),
    ));
    if trim {
        let length = shown.trim_end_matches('0').len();
        shown.truncate(length);
        if shown.is_empty() {
            return Ok(());
        }
    }
    write!(out, "{separator}{shown}")
}

/// What was read so far.
struct Reading {
    year: i64,
    month: i64,
    day: i64,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    zone: Option<String>,
}

/// Reads a time; without a zone in the text it is UTC.
///
/// # Errors
/// In Go's words, when the text does not look like the layout or is no time.
pub fn parse(layout: &str, text: &str) -> Result<Time, String> {
    let quoted = |s: &str| crate::format::quote(s);
    let mut reading = Reading {
        year: 0,
        month: 1,
        day: 1,
        year_day: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
        afternoon: None,
        offset: None,
        zone: None,
    };
    let mismatch = |rest: &str, part: &str| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quoted(text),
            quoted(layout),
            quoted(rest),
            quoted(part)
        )
    };
    let outside = |what: &str| format!("parsing time {}: {what} out of range", quoted(text));
    let (mut rest, mut pattern) = (text, layout);
    loop {
        let Some((before, part, after)) = cut(pattern) else {
            let tail = skip(rest, pattern).ok_or_else(|| mismatch(rest, pattern))?;
            if !tail.is_empty() {
                return Err(format!(
                    "parsing time {}: extra text: {}",
                    quoted(text),
                    quoted(tail)
                ));
            }
            break;
        };
        rest = skip(rest, before).ok_or_else(|| mismatch(rest, before))?;
        let word = &pattern[before.len()..pattern.len() - after.len()];
        let next_is_fraction = fraction(after).is_some();
        rest = reading
            .take(part, rest, next_is_fraction)
            .ok_or_else(|| mismatch(rest, word))?;
        if let Some(what) = reading.out_of_range(part) {
            return Err(outside(what));
        }
        pattern = after;
    }
    reading.finish().ok_or_else(|| outside("day"))
}

/// Skips the fixed text of a layout; a space of the layout stands for any number.
fn skip<'t>(mut text: &'t str, fixed: &str) -> Option<&'t str> {
    let mut chars = fixed.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            while chars.peek() == Some(&' ') {
                chars.next();
            }
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(c)?;
        }
    }
    Some(text)
}

/// A number of one digit, or two, which `fixed` demands.
fn number(text: &str, fixed: bool) -> Option<(i64, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits < 2) {
        return None;
    }
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

fn exact(text: &str, digits: usize) -> Option<(i64, &str)> {
    let head = text.get(..digits)?;
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, &text[digits..]))
}

/// One of some names, whatever the case; its index.
fn name<'t>(text: &'t str, names: &[&str], length: Option<usize>) -> Option<(i64, &'t str)> {
    for (at, name) in (0i64..).zip(names) {
        let name = &name[..length.unwrap_or(name.len())];
        if let Some(head) = text.get(..name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Some((at, &text[name.len()..]));
        }
    }
    None
}

impl Reading {
    fn take<'t>(&mut self, part: Part, text: &'t str, fraction_next: bool) -> Option<&'t str> {
        let spaces = |text: &'t str| text.strip_prefix(' ').unwrap_or(text);
        let (value, rest) = match part {
            Part::LongMonth => name(text, &MONTHS, None)?,
            Part::ShortMonth => name(text, &MONTHS, Some(3))?,
            Part::LongWeekday => return Some(name(text, &WEEKDAYS, None)?.1),
            Part::ShortWeekday => return Some(name(text, &WEEKDAYS, Some(3))?.1),
            Part::Year => exact(text, 4)?,
            Part::ZeroYearDay => exact(text, 3)?,
            Part::SpaceYearDay => exact_padded(text)?,
            Part::SpaceDay => number(spaces(text), false)?,
            Part::ZeroMonth
            | Part::ZeroDay
            | Part::ZeroHour12
            | Part::ZeroMinute
            | Part::ZeroSecond
            | Part::ShortYear => number(text, true)?,
            Part::Month | Part::Day | Part::Hour | Part::Hour12 | Part::Minute | Part::Second => {
                number(text, false)?
            }
            Part::Upper => {
                self.afternoon = Some(name(text, &["AM", "PM"], None)?.0 == 1);
                return text
                    .get(2..)
                    .filter(|_| text[..2] == text[..2].to_uppercase());
            }
            Part::Lower => {
                self.afternoon = Some(name(text, &["am", "pm"], None)?.0 == 1);
                return text
                    .get(2..)
                    .filter(|_| text[..2] == text[..2].to_lowercase());
            }
            Part::ZoneName => return self.zone_name(text),
            Part::Offset(form) => return self.take_offset(form, text),
            Part::Fraction(digits, separator, trim) => {
                return self.fraction(text, digits, separator, trim);
            }
        };
        match part {
            Part::LongMonth | Part::ShortMonth => self.month = value + 1,
            Part::Month | Part::ZeroMonth => self.month = value,
            Part::Year => self.year = value,
            Part::ShortYear => self.year = if value >= 69 { 1900 } else { 2000 } + value,
            Part::ZeroYearDay | Part::SpaceYearDay => self.year_day = Some(value),
            Part::Hour | Part::Hour12 | Part::ZeroHour12 => self.hour = value,
            Part::Minute | Part::ZeroMinute => self.minute = value,
            Part::Second | Part::ZeroSecond => {
                self.second = value;
                // Seconds may have a fraction that the layout does not show.
                if !fraction_next {
                    return Some(self.loose_fraction(rest));
                }
            }
            _ => self.day = value,
        }
        Some(rest)
    }

    fn loose_fraction<'t>(&mut self, text: &'t str) -> &'t str {
        let digits = match text.strip_prefix(['.', ',']) {
            Some(tail) => tail.bytes().take_while(u8::is_ascii_digit).count(),
            None => 0,
        };
        if digits == 0 {
            return text;
        }
        self.nanos = nanos_of(&text[1..=digits]);
        &text[1 + digits..]
    }

    fn fraction<'t>(
        &mut self,
        text: &'t str,
        digits: u8,
        separator: char,
        trim: bool,
    ) -> Option<&'t str> {
        if trim {
            return Some(self.loose_fraction(text));
        }
        let digits = usize::from(digits);
        let tail = text.strip_prefix(separator)?;
        let head = tail.get(..digits)?;
        if !head.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.nanos = nanos_of(head);
        Some(&tail[digits..])
    }

    fn take_offset<'t>(&mut self, form: Offset, text: &'t str) -> Option<&'t str> {
        if form.zulu
            && let Some(rest) = text.strip_prefix('Z')
        {
            self.offset = Some(0);
            return Some(rest);
        }
        let sign = match text.bytes().next()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = exact(&text[1..], 2)?;
        let mut seconds = hours * 3_600;
        let mut limits = hours <= 24;
        for (wanted, unit) in [(form.minutes, 60), (form.seconds, 1)] {
            if wanted {
                if form.colon {
                    rest = rest.strip_prefix(':')?;
                }
                let (value, tail) = exact(rest, 2)?;
                limits &= value < 60;
                seconds += value * unit;
                rest = tail;
            }
        }
        self.offset = Some(sign * i32::try_from(seconds).ok()?);
        limits.then_some(rest)
    }

    /// `UTC`, or three to five capital letters; other zones than UTC have no distance
    /// by name.
    fn zone_name<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let taken = if text.starts_with("UTC") { 3 } else { letters };
        if !(3..=5).contains(&taken) {
            return None;
        }
        self.zone = Some(text[..taken].to_owned());
        Some(&text[taken..])
    }

    fn out_of_range(&self, part: Part) -> Option<&'static str> {
        let bad = |bad: bool, what| bad.then_some(what);
        match part {
            Part::Month | Part::ZeroMonth => bad(!(1..=12).contains(&self.month), "month"),
            Part::Hour => bad(self.hour > 23, "hour"),
            Part::Hour12 | Part::ZeroHour12 => bad(self.hour > 12, "hour"),
            Part::Minute | Part::ZeroMinute => bad(self.minute > 59, "minute"),
            Part::Second | Part::ZeroSecond => bad(self.second > 59, "second"),
            _ => None,
        }
    }

    fn finish(mut self) -> Option<Time> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let days = match self.year_day {
            Some(day) => {
                let first = calendar::day_of(self.year, 1, 1);
                let length = calendar::day_of(self.year + 1, 1, 1) - first;
                if !(1..=length).contains(&day) {
                    return None;
                }
                first + day - 1
            }
            None => {
                if !(1..=calendar::days_in_month(self.year, self.month)).contains(&self.day) {
                    return None;
                }
                calendar::day_of(self.year, self.month, self.day)
            }
        };
        let local = days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second;
        let shift = self.offset.unwrap_or(0);
        let time = Time::from_unix(local - i64::from(shift), self.nanos);
        Some(match (self.offset, self.zone) {
            (Some(0) | None, None) => time,
            (_, Some(zone)) if shift == 0 && zone == "UTC" => time,
            (_, zone) => time.in_zone(Zone::Fixed(shift, Arc::from(zone.as_deref().unwrap_or("")))),
        })
    }
}

/// Three digits, the first of which may be spaces.
fn exact_padded(text: &str) -> Option<(i64, &str)> {
    let head = text.get(..3)?;
    let digits = head.trim_start_matches(' ');
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, &text[3..]))
}

fn nanos_of(digits: &str) -> u32 {
    let padded: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(9)
        .collect();
    padded.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_print_as_in_go() {
        let time = Time::from_unix(1_233_810_057, 12_345_678);
        let check = |layout: &str, want: &str| assert_eq!(format(&time, layout), want, "{layout}");
        check("Mon Jan _2 15:04:05 2006", "Thu Feb  5 05:00:57 2009");
        check(
            "Mon Jan 02 15:04:05 -0700 2006",
            "Thu Feb 05 05:00:57 +0000 2009",
        );
        check("02 Jan 06 15:04 MST", "05 Feb 09 05:00 UTC");
        check(
            "Monday, 02-Jan-06 15:04:05 MST",
            "Thursday, 05-Feb-09 05:00:57 UTC",
        );
        check("2006-01-02T15:04:05Z07:00", "2009-02-05T05:00:57Z");
        check(RFC3339_NANO, "2009-02-05T05:00:57.012345678Z");
        check("3:04PM", "5:00AM");
        check("3:04pm", "5:00am");
        check("05.000 .000000 .999", "57.012 .012345 .012");
        check("January Month", "February Month");
        check("_2006 __2 002", "_2009  36 036");
        check("", "");
        check("Januar", "Januar");
    }

    #[test]
    fn zones_show_their_distance() {
        let time = Time::from_unix(1_704_096_930, 0)
            .in_named("Europe/Paris")
            .expect("a zone");
        assert_eq!(format(&time, STRING), "2024-01-01 09:15:30 +0100 CET");
        assert_eq!(format(&time, "Z07:00 -07 -070000"), "+01:00 +01 +010000");
        assert!(Time::default().in_named("Nowhere/Land").is_err());
    }

    #[test]
    fn times_are_read() {
        let check = |layout: &str, text: &str, want: &str| {
            let got = parse(layout, text).map(|t| format(&t, RFC3339_NANO));
            assert_eq!(got.as_deref(), Ok(want), "{text}");
        };
        check("2006-01-02", "2024-03-15", "2024-03-15T00:00:00Z");
        check(
            "2006-01-02T15:04:05Z07:00",
            "2024-03-15T10:11:12.5+02:00",
            "2024-03-15T10:11:12.5+02:00",
        );
        check(
            "Jan 2 2006 3:04PM",
            "Feb 4 2010 9:05PM",
            "2010-02-04T21:05:00Z",
        );
        check(
            "Mon, 02 Jan 2006 15:04:05 MST",
            "Thu, 05 Feb 2009 05:00:57 UTC",
            "2009-02-05T05:00:57Z",
        );
        for (layout, text) in [
            ("2006-01-02", "2024-13-01"),
            ("2006-01-02", "2024-02-30"),
            ("2006-01-02", "nonsense"),
            ("2006-01-02", "2024-01-02x"),
            ("15:04", "24:00"),
            ("PM", "é"),
        ] {
            assert!(parse(layout, text).is_err(), "{text}");
        }
    }
}
