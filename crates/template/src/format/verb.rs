//! `printf`: directives, flags, and each kind of value in each verb.

use super::number::{digits, float};
use super::write_quoted;
use crate::value::{Value, time};

/// Largest width and precision, as Go's.
const NUMBER_MAX: usize = 1_000_000;

/// Flags, width and precision of a directive.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
}

/// Go's `fmt.Sprintf`. Mistakes show in the text: `%!d(string=x)`, `%!s(MISSING)`,
/// `%!(EXTRA int=1)`.
#[must_use]
pub(crate) fn printf(format: &str, args: &[Value]) -> String {
    let mut out = String::with_capacity(format.len() + 16 * args.len());
    let mut printer = Printer {
        args,
        next: 0,
        reordered: false,
        good_index: true,
    };
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = printer.directive(&mut out, &rest[at + 1..]);
    }
    out.push_str(rest);
    if !printer.reordered && printer.next < args.len() {
        out.push_str("%!(EXTRA ");
        for (at, value) in args[printer.next..].iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            write_typed(&mut out, value, &Flags::default());
        }
        out.push(')');
    }
    out
}

/// `int=1`, or `<nil>`.
fn write_typed(out: &mut String, value: &Value, flags: &Flags) {
    if value.is_nil() {
        out.push_str("<nil>");
        return;
    }
    out.push_str(value.type_name());
    out.push('=');
    write_value(out, value, 'v', flags, 0);
}

struct Printer<'v> {
    args: &'v [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
}

impl<'v> Printer<'v> {
    /// One directive, after its percent sign; what follows it.
    fn directive<'t>(&mut self, out: &mut String, mut rest: &'t str) -> &'t str {
        let mut flags = Flags::default();
        self.good_index = true;
        let mut after_index = false;
        while let Some(c) = rest.chars().next() {
            match c {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        rest = self.index(rest, &mut after_index);
        if let Some(tail) = rest.strip_prefix('*') {
            rest = tail;
            match self.number_arg() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            let (number, tail) = number(rest);
            if after_index && number.is_some() {
                self.good_index = false;
            }
            flags.width = number;
            rest = tail;
        }
        if let Some(tail) = rest.strip_prefix('.') {
            if after_index {
                self.good_index = false;
            }
            rest = self.index(tail, &mut after_index);
            if let Some(tail) = rest.strip_prefix('*') {
                rest = tail;
                match self.number_arg() {
                    Some(precision) => flags.precision = usize::try_from(precision).ok(),
                    None => out.push_str("%!(BADPREC)"),
                }
                after_index = false;
            } else {
                let (number, tail) = number(rest);
                flags.precision = Some(number.unwrap_or(0));
                rest = tail;
            }
        }
        if !after_index {
            rest = self.index(rest, &mut after_index);
        }
        if flags.minus {
            flags.zero = false;
        }
        let mut chars = rest.chars();
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            return "";
        };
        self.verb(out, verb, &flags);
        chars.as_str()
    }

    fn verb(&mut self, out: &mut String, verb: char, flags: &Flags) {
        if verb == '%' {
            out.push('%');
        } else if !self.good_index {
            out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(BADINDEX)"]);
        } else if let Some(value) = self.args.get(self.next) {
            self.next += 1;
            write_value(out, value, verb, flags, 0);
        } else {
            out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(MISSING)"]);
        }
    }

    /// `[n]`: the argument that is next.
    fn index<'t>(&mut self, rest: &'t str, found: &mut bool) -> &'t str {
        let Some(inner) = rest.strip_prefix('[') else {
            return rest;
        };
        self.reordered = true;
        let Some((text, tail)) = inner.split_once(']') else {
            self.good_index = false;
            return inner;
        };
        let index: Option<usize> = text.parse().ok();
        match index {
            Some(at) if (1..=self.args.len()).contains(&at) => {
                self.next = at - 1;
                *found = true;
            }
            _ => self.good_index = false,
        }
        tail
    }

    /// The next argument as a width or precision.
    fn number_arg(&mut self) -> Option<i64> {
        let value = self.args.get(self.next)?;
        self.next += 1;
        let number = time::number_of(value)?;
        let bounded = number.unsigned_abs() <= NUMBER_MAX as u64;
        bounded.then_some(number)
    }
}

/// Digits at the front.
fn number(text: &str) -> (Option<usize>, &str) {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..count].parse().ok();
    // Too large a number is none.
    (number.filter(|n| *n <= NUMBER_MAX), &text[count..])
}

/// Appends `text`, filled to the width.
fn pad(out: &mut String, text: &str, flags: &Flags) {
    let Some(width) = flags.width else {
        out.push_str(text);
        return;
    };
    let fill = width.saturating_sub(text.chars().count());
    if flags.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', fill));
    } else {
        let filler = if flags.zero { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(filler, fill));
        out.push_str(text);
    }
}

/// `%!d(string=x)`
fn bad_verb(out: &mut String, value: &Value, verb: char, flags: &Flags) {
    out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "("]);
    write_typed(out, value, flags);
    out.push(')');
}

/// Appends a value; `depth` is how deep it lies in lists and the like.
pub(super) fn write_value(out: &mut String, value: &Value, verb: char, flags: &Flags, depth: u8) {
    match (verb, value) {
        ('T', Value::Missing | Value::Nil) => pad(out, "<nil>", flags),
        ('T', value) => pad(out, value.type_name(), flags),
        ('v', Value::Missing | Value::Nil) => pad(out, "<nil>", flags),
        (_, Value::Missing | Value::Nil) if depth > 0 => out.push_str("<nil>"),
        (_, Value::Missing | Value::Nil) => bad_verb(out, value, verb, flags),
        (_, Value::Bool(b)) if matches!(verb, 't' | 'v') => {
            pad(out, if *b { "true" } else { "false" }, flags);
        }
        (_, Value::Int(int)) => write_int(out, *int, verb, flags, value),
        (_, Value::Float(f)) => write_float(out, *f, verb, flags, value),
        (_, Value::Str(text) | Value::Safe(_, text)) => {
            write_text(out, text, verb, flags, value);
        }
        (_, Value::Function(_)) if verb == 'v' => out.push_str("<func>"),
        (_, Value::Bool(_) | Value::Function(_)) => bad_verb(out, value, verb, flags),
        _ => write_structure(out, value, verb, flags, depth),
    }
}

/// A value with a class: by its `String` method, or part by part.
fn write_structure(out: &mut String, value: &Value, verb: char, flags: &Flags, depth: u8) {
    let texts = matches!(verb, 'v' | 's' | 'q' | 'x' | 'X');
    if texts && let Some(name) = time::name_of(value) {
        return write_text(out, name, verb, flags, value);
    }
    if texts
        && !(verb == 'v' && flags.sharp)
        && let Some(print) = value.class().and_then(|c| c.string)
    {
        return write_text(out, &print(value), verb, flags, value);
    }
    if let Some(number) = time::number_of(value) {
        return write_int(out, number, verb, flags, value);
    }
    let part = |out: &mut String, value: &Value| write_value(out, value, verb, flags, depth + 1);
    match value {
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.items().iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                part(out, item);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push_str("map[");
            for (at, (name, item)) in map.entries().iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                part(out, &Value::Str(name.clone()));
                out.push(':');
                part(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            if object.pointer() && depth == 0 && verb == 'v' {
                out.push('&');
            }
            out.push('{');
            for (at, (name, _, item)) in object.fields().iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                if flags.plus || flags.sharp {
                    out.push_str(name);
                    out.push(':');
                }
                part(out, item);
            }
            out.push('}');
        }
        other => bad_verb(out, other, verb, flags),
    }
}

fn write_int(out: &mut String, int: i64, verb: char, flags: &Flags, value: &Value) {
    match verb {
        'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => write_integer(out, int, verb, flags),
        'c' => pad(out, character(int).encode_utf8(&mut [0; 4]), flags),
        'q' => {
            let mut text = String::new();
            let c = character(int);
            write_quoted(&mut text, c.encode_utf8(&mut [0; 4]), '\'', flags.plus);
            pad(out, &text, flags);
        }
        'U' => {
            let mut text = format!("U+{int:04X}");
            if flags.sharp {
                text.push_str(&format!(" '{}'", character(int)));
            }
            pad(
                out,
                &text,
                &Flags {
                    zero: false,
                    ..*flags
                },
            );
        }
        _ => bad_verb(out, value, verb, flags),
    }
}

fn character(int: i64) -> char {
    u32::try_from(int)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}')
}

fn write_integer(out: &mut String, int: i64, verb: char, flags: &Flags) {
    let sign = match int {
        ..0 => "-",
        _ if flags.plus => "+",
        _ if flags.space => " ",
        _ => "",
    };
    let mut text = digits(int.unsigned_abs(), verb);
    let mut least = 0;
    if let Some(precision) = flags.precision {
        if precision == 0 && int == 0 {
            pad(
                out,
                "",
                &Flags {
                    zero: false,
                    ..*flags
                },
            );
            return;
        }
        least = precision;
    } else if let (true, Some(width)) = (flags.zero, flags.width) {
        least = width.saturating_sub(sign.len());
    }
    if text.len() < least {
        text = "0".repeat(least - text.len()) + &text;
    }
    let prefix = match verb {
        'O' => "0o",
        'b' if flags.sharp => "0b",
        'o' if flags.sharp && !text.starts_with('0') => "0",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        _ => "",
    };
    let whole = [sign, prefix, &text].concat();
    pad(
        out,
        &whole,
        &Flags {
            zero: false,
            ..*flags
        },
    );
}

fn write_float(out: &mut String, value: f64, verb: char, flags: &Flags, whole: &Value) {
    if !matches!(
        verb,
        'v' | 'b' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'x' | 'X'
    ) {
        return bad_verb(out, whole, verb, flags);
    }
    let text = float(value, verb, flags.precision);
    let (sign, magnitude) = match text.strip_prefix(['-', '+']) {
        Some(magnitude) => (&text[..1], magnitude),
        None => ("+", &text[..]),
    };
    let shown = match sign {
        "+" if flags.space && !flags.plus => " ",
        // An infinity has its sign always, but after a space.
        "+" if flags.plus || value == f64::INFINITY => "+",
        "+" => "",
        _ => "-",
    };
    let zero = flags.zero && value.is_finite();
    if let (true, Some(width)) = (zero, flags.width) {
        let fill = width.saturating_sub(shown.len() + magnitude.len());
        out.push_str(shown);
        out.extend(std::iter::repeat_n('0', fill));
        out.push_str(magnitude);
        return;
    }
    pad(out, &[shown, magnitude].concat(), &Flags { zero, ..*flags });
}

fn write_text(out: &mut String, text: &str, verb: char, flags: &Flags, value: &Value) {
    let cut = |text: &str| -> String {
        match flags.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    };
    match verb {
        'v' if flags.sharp => {
            let mut quoted = String::new();
            write_quoted(&mut quoted, text, '"', false);
            pad(out, &quoted, flags);
        }
        'v' | 's' => pad(out, &cut(text), flags),
        'q' => {
            let text = cut(text);
            let mut quoted = String::new();
            let raw = !text.contains(['`', '\u{feff}'])
                && text.chars().all(|c| c == '\t' || !c.is_control());
            if flags.sharp && raw {
                quoted = format!("`{text}`");
            } else {
                write_quoted(&mut quoted, &text, '"', flags.plus);
            }
            pad(out, &quoted, flags);
        }
        'x' | 'X' => pad(out, &hex_bytes(text, verb, flags), flags),
        _ => bad_verb(out, value, verb, flags),
    }
}

/// Two digits for each byte; a space flag parts them, a sharp flag has `0x` in front.
fn hex_bytes(text: &str, verb: char, flags: &Flags) -> String {
    let prefix = match (flags.sharp, verb) {
        (false, _) => "",
        (true, 'x') => "0x",
        (true, _) => "0X",
    };
    let bytes = text.as_bytes();
    let shown = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let mut out = String::with_capacity(shown.len() * 2);
    for (at, byte) in shown.iter().enumerate() {
        if flags.space && at > 0 {
            out.push(' ');
        }
        if flags.space || at == 0 {
            out.push_str(prefix);
        }
        let pair = format!("{byte:02x}");
        out.push_str(&if verb == 'X' {
            pair.to_uppercase()
        } else {
            pair
        });
    }
    out
}
