//! Numbers, durations and sizes in labels, as Go and its libraries read them, with their
//! words for what is none.

/// As `strconv.ParseFloat`.
pub(super) fn float(text: &str) -> Result<f64, String> {
    let wrong = |what: &str| format!("strconv.ParseFloat: parsing {}: {what}", quote(text));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let value = match unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
        Some(digits) => {
            let value = hex_float(digits).ok_or_else(|| wrong("invalid syntax"))?;
            if text.starts_with('-') { -value } else { value }
        }
        None => text.parse().map_err(|_| wrong("invalid syntax"))?,
    };
    let is_word = unsigned.starts_with(['i', 'I']);
    if value.is_infinite() && !is_word {
        return Err(wrong("value out of range"));
    }
    Ok(value)
}

/// `1.8p3`: hexadecimal digits with a binary exponent.
fn hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars().chain(part.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let places = i32::try_from(part.len()).ok()?;
    exponent = exponent.saturating_sub(places.saturating_mul(4));
    Some(value * 2.0_f64.powi(exponent))
}

/// Nanoseconds, as `time.ParseDuration`.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("time: invalid duration {}", quote(text));
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, behind) = rest.split_at(digits(rest));
        let (part, behind) = match behind.strip_prefix('.') {
            Some(behind) => behind.split_at(digits(behind)),
            None => ("", behind),
        };
        if whole.is_empty() && part.is_empty() {
            return Err(wrong());
        }
        let end = behind
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let unit = unit_ns(unit).ok_or_else(|| {
            format!(
                "time: unknown unit {} in duration {}",
                quote(unit),
                quote(text)
            )
        })?;
        let whole: i128 = match whole {
            "" => 0,
            whole => whole.parse().map_err(|_| wrong())?,
        };
        total = whole
            .checked_mul(unit)
            .and_then(|ns| ns.checked_add(fraction_ns(part, unit)))
            .and_then(|ns| total.checked_add(ns))
            .ok_or_else(wrong)?;
        rest = behind;
    }
    let total = if is_negative { -total } else { total };
    i64::try_from(total).map_err(|_| wrong())
}

fn unit_ns(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The digits behind the point; more than eighteen say nothing that a nanosecond shows.
fn fraction_ns(digits: &str, unit: i128) -> i128 {
    let digits = digits.get(..18).unwrap_or(digits);
    let value: i128 = digits.parse().unwrap_or(0);
    value * unit / 10_i128.pow(digits.len() as u32)
}

/// As `humanize.ParseBytes`: powers of 1000, with an `i` of 1024.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let is_number = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b',');
    let (number, unit) = text.split_at(text.bytes().take_while(|b| is_number(b)).count());
    let number = float(&number.replace(',', ""))?;
    let unit = unit.trim().to_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "p" | "pb" => 1e15,
        "e" | "eb" => 1e18,
        "ki" | "kib" => 1_024.0,
        "mi" | "mib" => 1_048_576.0,
        "gi" | "gib" => 1_073_741_824.0,
        "ti" | "tib" => 1_099_511_627_776.0,
        "pi" | "pib" => 1_125_899_906_842_624.0,
        "ei" | "eib" => 1_152_921_504_606_846_976.0,
        _ => return Err(format!("unhandled size name: {unit}")),
    };
    let value = number * factor;
    if value >= 18_446_744_073_709_551_615.0 {
        return Err(format!("too large: {text}"));
    }
    Ok(value as u64)
}

/// A text in quotes, with what does not print escaped.
fn quote(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats() {
        for (text, want) in [
            ("1.5", 1.5),
            ("-2e3", -2000.0),
            ("0x1.8p1", 3.0),
            ("-0X10p-2", -4.0),
            ("+Inf", f64::INFINITY),
        ] {
            assert_eq!(float(text), Ok(want), "{text}");
        }
        let words = |text: &str| float(text).unwrap_err();
        assert_eq!(
            words("1e999"),
            "strconv.ParseFloat: parsing \"1e999\": value out of range"
        );
        assert_eq!(
            words(""),
            "strconv.ParseFloat: parsing \"\": invalid syntax"
        );
        assert_eq!(
            words("0x1"),
            "strconv.ParseFloat: parsing \"0x1\": invalid syntax"
        );
    }

    #[test]
    fn durations() {
        for (text, want) in [
            ("1h2m3.5s", 3_723_500_000_000),
            ("-1.5ms", -1_500_000),
            ("0", 0),
            (".5us", 500),
            ("1\u{b5}s", 1_000),
            ("2562047h47m16.854775807s", i64::MAX),
        ] {
            assert_eq!(duration(text), Ok(want), "{text}");
        }
        for (text, want) in [
            ("", "time: invalid duration \"\""),
            ("x", "time: invalid duration \"x\""),
            ("5", "time: missing unit in duration \"5\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("2562048h", "time: invalid duration \"2562048h\""),
            (".s", "time: invalid duration \".s\""),
        ] {
            assert_eq!(duration(text), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("1,024 KiB"), Ok(1_048_576));
        assert_eq!(bytes("1.5kB"), Ok(1_500));
        assert_eq!(bytes("7"), Ok(7));
        assert_eq!(bytes("5zz"), Err("unhandled size name: zz".to_owned()));
        assert_eq!(bytes("99 EB"), Err("too large: 99 EB".to_owned()));
        assert!(bytes("-5KB").is_err());
    }
}
