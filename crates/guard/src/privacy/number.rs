//! Card numbers, IBANs and phone numbers.
//!
//! Whatever is looked for has at least four digits or capitals in a row, so every fourth
//! byte is looked at, and only the word around a digit (or a capital) is read.

use super::rule::Kind;
use super::scan::{Found, Wants};

/// Looks at the words of `text` that have digits.
pub(super) fn scan(text: &[u8], wants: Wants, out: &mut Vec<Found>) {
    let wants_iban = wants.has(Kind::Iban);
    // Behind what was read last.
    let mut floor = 0;
    let mut at = 3;
    while let Some(&b) = text.get(at) {
        let (start, end, found) = if b.is_ascii_digit() {
            let (start, end) = run(text, at, floor, |b| b.is_ascii_digit());
            let (left, right) = (before(text, start), text.get(end).copied());
            let is_word = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
            if !is_word(left) && !is_word(right) {
                (start, end, digits(text, start, end, wants))
            } else if wants_iban && may_be_iban(left) && (right.is_none() || may_be_iban(right)) {
                word(text, at, floor)
            } else {
                (start, end, None)
            }
        } else if wants_iban && b.is_ascii_uppercase() {
            word(text, at, floor)
        } else {
            at += 4;
            continue;
        };
        debug_assert!(start <= at && end > at);
        floor = end;
        if let Some((kind, range)) = found {
            floor = floor.max(range.1);
            out.push(Found {
                start: range.0,
                end: range.1,
                kind,
            });
        }
        at = floor + 4;
    }
}

type Range = (usize, usize);

/// The bytes around `at` that `takes` takes, not before `floor`.
fn run(text: &[u8], at: usize, floor: usize, takes: impl Fn(u8) -> bool) -> Range {
    let mut start = at;
    while start > floor && takes(text[start - 1]) {
        start -= 1;
    }
    let mut end = at + 1;
    while text.get(end).is_some_and(|&b| takes(b)) {
        end += 1;
    }
    (start, end)
}

/// Whether digits beside this byte may be those of an IBAN.
fn may_be_iban(b: Option<u8>) -> bool {
    b.is_some_and(|b| !b.is_ascii_lowercase())
}

/// The word of capitals and digits around `at`, which may be an IBAN.
fn word(text: &[u8], at: usize, floor: usize) -> (usize, usize, Option<(Kind, Range)>) {
    let is_capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let (start, end) = run(text, at, floor, is_capital);
    let is_inside = before(text, start).is_some_and(|b| b.is_ascii_alphanumeric());
    let found = if is_inside || end - start < 4 {
        None
    } else {
        iban(text, start, end)
    };
    (start, end, found.map(|range| (Kind::Iban, range)))
}

/// Digits that are a word.
fn digits(text: &[u8], start: usize, end: usize, wants: Wants) -> Option<(Kind, Range)> {
    let len = end - start;
    if len != 4 && !(13..=19).contains(&len) {
        return None;
    }
    if wants.has(Kind::Card)
        && let Some(range) = card(text, start, end)
    {
        return Some((Kind::Card, range));
    }
    if wants.has(Kind::Phone) && len == 4 {
        return phone_groups(text, start, end).map(|range| (Kind::Phone, range));
    }
    None
}

fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|i| text.get(i)).copied()
}

/// Whether digits at this place are part of something longer: a decimal number, an
/// identifier with dashes.
fn is_joined(text: &[u8], start: usize, end: usize) -> bool {
    let joins = |b: Option<u8>| matches!(b, Some(b'.' | b'-' | b'_' | b'+'));
    let goes_on =
        joins(text.get(end).copied()) && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    joins(before(text, start)) || goes_on
}

/// A card's number that begins with the digits at `start..end`.
fn card(text: &[u8], start: usize, end: usize) -> Option<Range> {
    let mut digits = [0u8; 19];
    let len = end - start;
    if len >= 13 {
        if is_joined(text, start, end) {
            return None;
        }
        digits.get_mut(..len)?.copy_from_slice(&text[start..end]);
        return is_card(&digits[..len]).then_some((start, end));
    }
    let separator = *text.get(end)?;
    if !matches!(separator, b' ' | b'-') || matches!(before(text, start), Some(b'-' | b'.' | b'_'))
    {
        return None;
    }
    digits[..4].copy_from_slice(&text[start..end]);
    let second = group(text, end + 1)?;
    // Four groups of four, or four, six and five (four) as some issuers print.
    let lens: &[usize] = match second {
        4 => &[4, 4, 4],
        6 => &[6, 5],
        _ => return None,
    };
    let (mut used, mut at) = (4, end);
    for &wanted in lens {
        if text.get(at) != Some(&separator) {
            return None;
        }
        let found = group(text, at + 1)?;
        if found != wanted && !(wanted == 5 && found == 4) {
            return None;
        }
        digits
            .get_mut(used..used + found)?
            .copy_from_slice(&text[at + 1..at + 1 + found]);
        used += found;
        at += 1 + found;
    }
    let goes_on = text.get(at).is_some_and(|&b| {
        b.is_ascii_alphanumeric()
            || (b == b'-' && text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric))
    });
    (!goes_on && is_card(&digits[..used])).then_some((start, at))
}

/// How many digits there are at `at`, up to seven.
fn group(text: &[u8], at: usize) -> Option<usize> {
    let len = text
        .get(at..)?
        .iter()
        .take(7)
        .take_while(|b| b.is_ascii_digit())
        .count();
    (len > 0).then_some(len)
}

/// Whether ASCII digits are a number that an issuer may have given out.
fn is_card(digits: &[u8]) -> bool {
    is_issued(digits) && is_luhn(digits)
}

/// The check digit of ISO/IEC 7812-1.
fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &b)| {
            let digit = u32::from(b - b'0');
            match (i % 2, digit) {
                (0, d) => d,
                (_, d) if d > 4 => d * 2 - 9,
                (_, d) => d * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Ranges and lengths of the issuers; without them one number in ten would be a card,
/// such as times in nanoseconds.
fn is_issued(digits: &[u8]) -> bool {
    let Some(head) = digits.get(..4) else {
        return false;
    };
    if digits.iter().all(|&d| d == digits[0]) {
        return false;
    }
    let head = head.iter().fold(0u32, |n, &b| n * 10 + u32::from(b - b'0'));
    match digits.len() {
        13 => head / 1000 == 4,
        14 => matches!(head, 3000..=3059 | 3095 | 3600..=3699 | 3800..=3999),
        15 => matches!(head, 3400..=3499 | 3700..=3799),
        16 => matches!(
            head,
            4000..=4999 | 5100..=5599 | 2221..=2720 | 6011 | 6440..=6599 | 3528..=3589
                | 6200..=6299 | 2200..=2204 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763
        ),
        17 | 18 => matches!(head, 6200..=6299 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763),
        19 => matches!(
            head,
            4000..=4999 | 6200..=6299 | 6011 | 6440..=6599 | 5018 | 5020 | 5038 | 6304 | 6759
                | 6761..=6763
        ),
        _ => false,
    }
}

/// Lengths by country (registry of SWIFT).
const IBAN_LENGTHS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24\
DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27\
JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28\
PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

fn iban_len(country: &[u8]) -> Option<usize> {
    let (entries, _) = IBAN_LENGTHS.as_chunks::<4>();
    entries
        .iter()
        .find(|e| e[..2] == *country)
        .map(|e| usize::from(e[2] - b'0') * 10 + usize::from(e[3] - b'0'))
}

/// The IBAN that begins at `start`: one word, or words of four.
fn iban(text: &[u8], start: usize, end: usize) -> Option<Range> {
    let head = text.get(start..start + 4)?;
    let is_head =
        head[..2].iter().all(u8::is_ascii_uppercase) && head[2..].iter().all(u8::is_ascii_digit);
    if !is_head || (end - start != 4 && end - start < 15) {
        return None;
    }
    let len = iban_len(&head[..2])?;
    if matches!(before(text, start), Some(b'_' | b'-' | b'.')) {
        return None;
    }
    let mut letters = [0u8; 34];
    let mut at = start;
    for i in 0..len {
        if end - start == 4 && i > 0 && i % 4 == 0 {
            if text.get(at) != Some(&b' ') {
                return None;
            }
            at += 1;
        }
        let &b = text.get(at)?;
        if !(b.is_ascii_uppercase() || b.is_ascii_digit()) {
            return None;
        }
        *letters.get_mut(i)? = b;
        at += 1;
    }
    let goes_on = text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    (!goes_on && is_mod_97(&letters[..len])).then_some((start, at))
}

/// The check digits of ISO 13616: country and check digits go behind, letters count from
/// 10, and the rest of the division by 97 is 1.
fn is_mod_97(letters: &[u8]) -> bool {
    let (head, rest) = letters.split_at(4);
    let sum = rest.iter().chain(head).fold(0u32, |n, &b| match b {
        b'0'..=b'9' => (n * 10 + u32::from(b - b'0')) % 97,
        _ => (n * 100 + u32::from(b - b'A') + 10) % 97,
    });
    sum == 1
}

/// Digits of an international number: fewer are a time zone, more no number (E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

/// The number behind the `+` at `at`.
pub(super) fn phone_plus(text: &[u8], at: usize) -> Option<Range> {
    let is_inside = before(text, at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'.' | b'_'));
    if is_inside || !matches!(text.get(at + 1), Some(b'1'..=b'9')) {
        return None;
    }
    let (mut digits, mut end, mut next) = (0, at, at + 1);
    loop {
        let len = text
            .get(next..)
            .unwrap_or_default()
            .iter()
            .take(16)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let behind = text.get(next + len).copied();
        let is_word = behind.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b':' | b'_'));
        if len == 0 || is_word || digits + len > *PHONE_DIGITS.end() {
            break;
        }
        digits += len;
        end = next + len;
        next = match (behind, text.get(end + 1)) {
            (Some(b')'), Some(b' ' | b'-')) => end + 2,
            (Some(b' ' | b'-'), Some(b'(')) => end + 2,
            (Some(b' ' | b'-' | b'.' | b'(' | b')'), Some(b'0'..=b'9')) => end + 1,
            _ => break,
        };
    }
    let goes_on = text
        .get(end)
        .is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
    (PHONE_DIGITS.contains(&digits) && !goes_on).then_some((at, end))
}

/// `(555) 123-4567` or `555-123-4567`, of which the last four digits are at `start..end`.
fn phone_groups(text: &[u8], start: usize, end: usize) -> Option<Range> {
    let low = start.checked_sub("555-123-".len())?;
    let (from, area, exchange) = match text.get(low..start)? {
        [a @ .., b'-', b, c, d, b'-'] => (low, a, [*b, *c, *d]),
        [_, _, _, b')', b, c, d, b'-'] => {
            // Without a space.
            let from = low.checked_sub(1)?;
            (from, text.get(from + 1..from + 4)?, [*b, *c, *d])
        }
        [_, _, b')', b' ', b, c, d, b'-'] => {
            let from = low.checked_sub(2)?;
            (from, text.get(from + 1..from + 4)?, [*b, *c, *d])
        }
        _ => return None,
    };
    if text[start - 5] != b'-' && text[from] != b'(' {
        return None;
    }
    let is_group =
        |g: &[u8]| g.len() == 3 && g.iter().all(u8::is_ascii_digit) && matches!(g[0], b'2'..=b'9');
    let is_joined = |b: Option<u8>| {
        b.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
    };
    let goes_on = is_joined(text.get(end).copied().filter(|&b| b != b'.'));
    (is_group(area) && is_group(&exchange) && !is_joined(before(text, from)) && !goes_on)
        .then_some((from, end))
}
