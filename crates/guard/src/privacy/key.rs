//! Values that their keys give away: `password=…`, `"api_key":"…"`, `Authorization: …`,
//! `://user:password@host`, and user ids.

use super::rule::Kind;
use super::scan::Wants;

/// Longest key that is looked at.
const KEY_MAX: usize = 48;

/// What a value must be to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secret {
    /// Anything.
    Any,
    /// Eight bytes and more with a digit: the word means other things too.
    Long,
    /// A header: a scheme may stand in front of it.
    Header,
    /// Anything up to the end of the text or quote.
    Rest,
}

/// Endings of keys, in lower case without `_`, `-` and `.`.
const SECRETS: [(&str, Secret); 27] = [
    ("password", Secret::Any),
    ("passwd", Secret::Any),
    ("pwd", Secret::Any),
    ("passphrase", Secret::Any),
    ("clientsecret", Secret::Any),
    ("appsecret", Secret::Any),
    ("secretkey", Secret::Any),
    ("secretaccesskey", Secret::Any),
    ("sharedaccesskey", Secret::Any),
    ("accountkey", Secret::Any),
    ("apikey", Secret::Any),
    ("privatekey", Secret::Any),
    ("signingkey", Secret::Any),
    ("encryptionkey", Secret::Any),
    ("accesstoken", Secret::Any),
    ("authtoken", Secret::Any),
    ("refreshtoken", Secret::Any),
    ("sessiontoken", Secret::Any),
    ("apitoken", Secret::Any),
    ("csrftoken", Secret::Any),
    ("xsrftoken", Secret::Any),
    ("idtoken", Secret::Long),
    ("token", Secret::Long),
    ("secret", Secret::Long),
    ("proxyauthorization", Secret::Header),
    ("authorization", Secret::Header),
    ("cookie", Secret::Rest),
];

/// Keys that end like secrets and are none.
const NOT_SECRETS: [&str; 6] = [
    "nexttoken",
    "pagetoken",
    "continuetoken",
    "continuationtoken",
    "unexpectedtoken",
    "publicapikey",
];

/// Keys that name a person.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyNames {
    users: Vec<Vec<u8>>,
}

impl KeyNames {
    pub(crate) fn new(users: &[String]) -> Self {
        let users = users
            .iter()
            .map(|name| {
                let mut key = Normal::default();
                key.fill(name.as_bytes());
                key.as_bytes().to_vec()
            })
            .collect();
        Self { users }
    }
}

/// A key in lower case without `_`, `-` and `.`.
struct Normal {
    bytes: [u8; KEY_MAX],
    len: usize,
}

impl Default for Normal {
    fn default() -> Self {
        Self {
            bytes: [0; KEY_MAX],
            len: 0,
        }
    }
}

impl Normal {
    fn fill(&mut self, key: &[u8]) {
        let tail = &key[key.len().saturating_sub(KEY_MAX)..];
        for &b in tail {
            if !matches!(b, b'_' | b'-' | b'.')
                && let Some(slot) = self.bytes.get_mut(self.len)
            {
                *slot = b.to_ascii_lowercase();
                self.len += 1;
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Whether a key may be one of [`SECRETS`], by its last bytes.
fn may_be_secret(key: &[u8]) -> bool {
    let [.., a, b, c] = key else { return false };
    let tail = [a, b, c].map(u8::to_ascii_lowercase);
    match &tail {
        b"ord" | b"swd" | b"pwd" | b"ret" | b"key" | b"ken" | b"kie" => true,
        b"ase" => ends_with(key, b"rase"),
        b"ion" => ends_with(key, b"zation"),
        _ => false,
    }
}

fn ends_with(key: &[u8], tail: &[u8]) -> bool {
    key.len()
        .checked_sub(tail.len())
        .is_some_and(|from| key[from..].eq_ignore_ascii_case(tail))
}

fn secret_of(key: &[u8]) -> Option<Secret> {
    if !may_be_secret(key) {
        return None;
    }
    let mut normal = Normal::default();
    normal.fill(key);
    let normal = normal.as_bytes();
    if NOT_SECRETS.iter().any(|n| normal.ends_with(n.as_bytes())) {
        return None;
    }
    SECRETS
        .iter()
        .find(|(name, _)| normal.ends_with(name.as_bytes()))
        .map(|&(_, secret)| secret)
}

/// What the value of a field or a label is by its name.
pub(super) fn of_name(name: &str, value: &[u8], wants: Wants, names: &KeyNames) -> Option<Kind> {
    if wants.has(Kind::Password)
        && let Some(secret) = secret_of(name.as_bytes())
        && is_secret(value, secret)
    {
        return Some(Kind::Password);
    }
    (wants.has(Kind::UserId)
        && is_user(name.as_bytes(), names)
        && !value.is_empty()
        && !is_masked(value))
    .then_some(Kind::UserId)
}

fn is_user(key: &[u8], names: &KeyNames) -> bool {
    let mut normal = Normal::default();
    normal.fill(key);
    names
        .users
        .iter()
        .any(|n| n.as_slice() == normal.as_bytes())
}

/// The value behind the `=` or `:` at `at`, when the key before it gives it away.
pub(super) fn pair(
    text: &[u8],
    at: usize,
    wants: Wants,
    names: &KeyNames,
) -> Option<(Kind, (usize, usize))> {
    let end = key_end(text, at)?;
    if !wants.has(Kind::UserId) && !may_be_secret(&text[..end]) {
        return None;
    }
    let key = (key_start(text, end), end);
    if key.0 > 0 && text[key.0 - 1] == b'<' {
        // A mask with a hash.
        return None;
    }
    let secret = if wants.has(Kind::Password) {
        secret_of(&text[key.0..key.1])
    } else {
        None
    };
    if let Some(secret) = secret {
        if key.0 > 0 && matches!(text[key.0 - 1], b'/' | b'\\') && text[at] == b':' {
            // `/etc/passwd: no such file`
            return None;
        }
        let is_pwd = text[key.0..key.1].eq_ignore_ascii_case(b"pwd");
        if is_pwd && text.get(at + 1) == Some(&b'/') {
            // The working directory of a shell.
            return None;
        }
        let range = value_behind(text, at, secret)?;
        return is_secret(&text[range.0..range.1], secret).then_some((Kind::Password, range));
    }
    if !wants.has(Kind::UserId) || !is_user(&text[key.0..key.1], names) {
        return None;
    }
    let range = value_behind(text, at, Secret::Any)?;
    (!is_masked(&text[range.0..range.1])).then_some((Kind::UserId, range))
}

fn is_key_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// Where the key before `at` ends, without quotes.
fn key_end(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    // One space, a colon of `:=`, a quote and what escapes it.
    if end > 0 && matches!(text[end - 1], b' ' | b':') {
        end -= 1;
    }
    if end > 0 && matches!(text[end - 1], b'"' | b'\'') {
        end -= 1;
        if end > 0 && text[end - 1] == b'\\' {
            end -= 1;
        }
    }
    if end == 0 || !is_key_byte(text[end - 1]) {
        return None;
    }
    Some(end)
}

/// Where the key that ends at `end` begins.
fn key_start(text: &[u8], end: usize) -> usize {
    let low = end.saturating_sub(KEY_MAX);
    low + text[low..end]
        .iter()
        .rposition(|&b| !is_key_byte(b))
        .map_or(0, |i| i + 1)
}

/// The value behind the sign at `at`, without its quotes; never empty.
fn value_behind(text: &[u8], at: usize, secret: Secret) -> Option<(usize, usize)> {
    let sign = text[at];
    let mut from = at + 1;
    match (sign, text.get(from)) {
        (b'=', Some(b'>')) => from += 1,
        (b'=', Some(b'=')) | (b':', Some(b':' | b'=')) => return None,
        (b':', Some(b'/')) if text.get(from + 1) == Some(&b'/') => return None,
        _ => {}
    }
    // Spaces stand behind a colon; behind an equals sign they end an empty value, unless
    // there is one before it, too.
    let may_skip = sign == b':'
        || at
            .checked_sub(1)
            .is_some_and(|i| text[i] == b' ' || text[i] == b':');
    while may_skip && from - at < 4 && text.get(from) == Some(&b' ') {
        from += 1;
    }
    let escape = usize::from(text.get(from) == Some(&b'\\'));
    if let Some(&quote @ (b'"' | b'\'')) = text.get(from + escape) {
        let from = from + escape + 1;
        let end = quoted_end(text, from, quote, escape == 1);
        return (end > from).then_some((from, end));
    }
    // What is no value is known by its beginning, so that a text full of keys is not read
    // to its end again and again.
    let rest = text.get(from..).unwrap_or_default();
    let is_place = rest.starts_with(b"${") || rest.starts_with(b"$(");
    if is_place || matches!(rest.first(), None | Some(b'{' | b'[' | b'(' | b'<')) {
        return None;
    }
    let beginning = rest.get(..LONG_BEGINNING).unwrap_or(rest);
    if secret == Secret::Long && !beginning.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let end = match secret {
        Secret::Any | Secret::Long => word_end(text, from),
        Secret::Header => header_end(text, from),
        Secret::Rest if sign == b'=' => word_end(text, from),
        Secret::Rest => line_end(text, from),
    };
    (end > from).then_some((from, end))
}

/// A long secret without quotes has a digit that early.
const LONG_BEGINNING: usize = 64;

/// Where a quoted value ends: before its quote, or with the text.
fn quoted_end(text: &[u8], from: usize, quote: u8, is_escaped: bool) -> usize {
    let mut at = from;
    while let Some(&b) = text.get(at) {
        if b == b'\\' {
            if is_escaped && text.get(at + 1) == Some(&quote) {
                return at;
            }
            at += 2;
        } else if b == quote {
            return at;
        } else {
            at += 1;
        }
    }
    text.len()
}

fn end_at(text: &[u8], from: usize, ends: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|&b| ends(b)).unwrap_or(rest.len())
}

fn word_end(text: &[u8], from: usize) -> usize {
    end_at(text, from, |b| {
        b.is_ascii_whitespace()
            || matches!(b, b',' | b';' | b'&' | b'"' | b'\'' | b')' | b']' | b'}')
    })
}

fn line_end(text: &[u8], from: usize) -> usize {
    end_at(text, from, |b| matches!(b, b'"' | b'\'' | b'\n' | b'\r'))
}

/// Schemes of `Authorization` (IANA's registry, and what vendors add).
const SCHEMES: [&[u8]; 8] = [
    b"basic",
    b"bearer",
    b"digest",
    b"negotiate",
    b"token",
    b"apikey",
    b"hawk",
    b"aws4-hmac-sha256",
];

/// Whether a value begins with a scheme and a space.
fn has_scheme(value: &[u8]) -> bool {
    let scheme = value.split(|&b| b == b' ').next().unwrap_or_default();
    scheme.len() < value.len() && SCHEMES.iter().any(|s| scheme.eq_ignore_ascii_case(s))
}

/// `Basic dXNlcjpwYXNz` is one value.
fn header_end(text: &[u8], from: usize) -> usize {
    let end = word_end(text, from);
    let next = text.len().min(end + 1);
    if has_scheme(text.get(from..next).unwrap_or_default()) {
        word_end(text, next)
    } else {
        end
    }
}

fn is_secret(value: &[u8], secret: Secret) -> bool {
    const WORDS: [&[u8]; 10] = [
        b"true",
        b"false",
        b"null",
        b"nil",
        b"none",
        b"undefined",
        b"yes",
        b"no",
        b"-",
        b"redacted",
    ];
    if value.is_empty() || is_masked(value) || WORDS.iter().any(|w| value.eq_ignore_ascii_case(w)) {
        return false;
    }
    match secret {
        Secret::Long => value.len() >= 8 && value.iter().any(u8::is_ascii_digit),
        // A sentence, such as `authorization: failed`, has no digit and no padding.
        Secret::Header => {
            has_scheme(value)
                || value.len() >= 6
                    && value
                        .iter()
                        .any(|b| b.is_ascii_digit() || matches!(b, b'=' | b'+' | b'/' | b'_'))
                || (value.len() >= 24 && !value.contains(&b' '))
        }
        Secret::Any | Secret::Rest => true,
    }
}

/// Whether somebody masked it already, or it is a place for a value.
pub(super) fn is_masked(value: &[u8]) -> bool {
    let is_repeated = match value {
        [b'*', ..] => true,
        [b'x' | b'X' | b'.', ..] => value.len() >= 3,
        _ => false,
    };
    (is_repeated && value.iter().all(|b| *b == value[0]))
        || matches!(
            value,
            [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', b'{', ..] | [b'%', _]
        )
        || value.starts_with(b"${")
        || value.starts_with(b"$(")
}

/// Longest user and password in a URL.
const USER_INFO_MAX: usize = 256;

/// The password of the URL whose user ends at the `@` at `at`.
pub(super) fn url_password(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let low = at.saturating_sub(USER_INFO_MAX);
    let before = &text[low..at];
    let slash = before
        .iter()
        .rposition(|&b| b == b'/' || b == b'"' || b == b'@' || b.is_ascii_whitespace())?;
    if !before[..=slash].ends_with(b"://") {
        return None;
    }
    let user = &before[slash + 1..];
    let colon = user.iter().position(|&b| b == b':')?;
    let start = low + slash + 1 + colon + 1;
    (start < at && !is_masked(&text[start..at])).then_some((start, at))
}
