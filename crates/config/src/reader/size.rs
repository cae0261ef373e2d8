//! Sizes in bytes, as Prometheus' files write them: `15MB`, `1GiB`, `1.5GB`.

/// Names of units and the power of 1024; with and without the `i` they are the
/// same, which is what Prometheus' files mean by `MB`.
const UNITS: [(&str, u32); 13] = [
    ("B", 0),
    ("KB", 1),
    ("KiB", 1),
    ("MB", 2),
    ("MiB", 2),
    ("GB", 3),
    ("GiB", 3),
    ("TB", 4),
    ("TiB", 4),
    ("PB", 5),
    ("PiB", 5),
    ("EB", 6),
    ("EiB", 6),
];

/// Reads a size in bytes; it may have a sign, a fraction and several parts
/// (`1GB512MB`). A number needs its unit, but for `0`.
///
/// # Errors
/// When `text` is no size; the error says why.
pub fn parse_size(text: &str) -> Result<i64, String> {
    let bad = |why: &str| {
        Err(format!(
            "{text:?} is no size in bytes: {why}, such as 512MB or 1GiB"
        ))
    };
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return bad("it wants a number with a unit");
    }
    let mut total = 0f64;
    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let Ok(number) = rest[..digits].parse::<f64>() else {
            return bad("it wants a number with a unit");
        };
        rest = &rest[digits..];
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let Some((_, power)) = UNITS.iter().find(|(name, _)| *name == &rest[..letters]) else {
            return bad("it wants a unit");
        };
        rest = &rest[letters..];
        total += number * 1024f64.powi(i32::try_from(*power).unwrap_or(0));
    }
    if total > i64::MAX as f64 {
        return bad("it is too large");
    }
    let bytes = total as i64;
    Ok(if negative { -bytes } else { bytes })
}

/// The shortest way to write `bytes` with one unit.
#[must_use]
pub fn print_size(bytes: i64) -> String {
    if bytes == 0 {
        return "0".to_owned();
    }
    let units = [
        (60, "EiB"),
        (50, "PiB"),
        (40, "TiB"),
        (30, "GiB"),
        (20, "MiB"),
        (10, "KiB"),
    ];
    for (shift, name) in units {
        let unit = 1i64 << shift;
        if bytes % unit == 0 {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |text: &str, want: i64| {
            assert_eq!(parse_size(text), Ok(want), "{text}");
            assert_eq!(parse_size(&print_size(want)), Ok(want), "{text} printed");
        };
        check("0", 0);
        check("15MB", 15 << 20);
        check("1GiB", 1 << 30);
        check("1.5GB", 3 << 29);
        check("1GB512MB", 3 << 29);
        check("-1GB", -(1 << 30));
        check("100B", 100);
        for bad in ["", "100", "MB", "1XB", "-", "1.2.3MB", "1 GB", "99999999EB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
