//! Durations and sizes as LogQL and log lines write them.

/// Nanoseconds of a duration in a line: as Go's `time.ParseDuration`, which knows no unit
/// longer than the hour.
#[must_use]
pub fn go_duration(text: &str) -> Option<i64> {
    if text.contains(['d', 'w', 'y']) {
        return None;
    }
    duration(text)
}

/// Nanoseconds of a duration such as `1h30m`, `250ms`, `1.5s`, `2d`; a sign may stand in
/// front. As Go's `time.ParseDuration`, with `d`, `w` and `y` besides.
#[must_use]
pub fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.')
                .len();
        let unit = match &rest[..letters] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            "d" => 8.64e13,
            "w" => 6.048e14,
            "y" => 3.1536e16,
            _ => return None,
        };
        total += value * unit;
        rest = &rest[letters..];
    }
    if total >= 9.223_372_036_854_775e18 {
        return None;
    }
    let ns = total.round() as i64;
    Some(if negative { -ns } else { ns })
}

/// Bytes of a size such as `5KB`, `1.5 MiB`, `10`: powers of 1000, with an `i` of 1024.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
            .len();
    let value: f64 = text[..digits].replace(',', "").parse().ok()?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "p" | "pb" => 1e15,
        "e" | "eb" => 1e18,
        "ki" | "kib" => 1024.0,
        "mi" | "mib" => 1_048_576.0,
        "gi" | "gib" => 1_073_741_824.0,
        "ti" | "tib" => 1_099_511_627_776.0,
        "pi" | "pib" => 1_125_899_906_842_624.0,
        "ei" | "eib" => 1_152_921_504_606_846_976.0,
        _ => return None,
    };
    let value = value * factor;
    (value < 1.844_674_407_370_955e19).then_some(value as u64)
}

/// A duration as Go prints it: `1h30m0s`, `250ms`.
#[must_use]
pub fn print_duration(ns: i64) -> String {
    if ns == 0 {
        return "0s".to_owned();
    }
    let sign = if ns < 0 { "-" } else { "" };
    let whole = ns.unsigned_abs();
    let fraction = |value: u64, unit: u64, name: &str| {
        let text = format!(
            "{}.{:0width$}",
            value / unit,
            value % unit,
            width = digits(unit)
        );
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        format!("{sign}{text}{name}")
    };
    if whole < 1_000 {
        return format!("{sign}{whole}ns");
    }
    if whole < 1_000_000 {
        return fraction(whole, 1_000, "µs");
    }
    if whole < 1_000_000_000 {
        return fraction(whole, 1_000_000, "ms");
    }
    let seconds = whole / 1_000_000_000;
    let (h, m) = (seconds / 3600, seconds / 60 % 60);
    let rest = whole - (h * 3600 + m * 60) * 1_000_000_000;
    let text = format!("{}.{:09}", rest / 1_000_000_000, rest % 1_000_000_000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match (h, m) {
        (0, 0) => format!("{sign}{text}s"),
        (0, m) => format!("{sign}{m}m{text}s"),
        (h, m) => format!("{sign}{h}h{m}m{text}s"),
    }
}

fn digits(unit: u64) -> usize {
    unit.to_string().len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration("1.5s"), Some(1_500_000_000));
        assert_eq!(duration("-2d"), Some(-172_800_000_000_000));
        assert_eq!(duration("5x"), None);
        assert_eq!(duration(""), None);
        for text in ["1h30m0s", "250ms", "1.5s", "5ns", "2m0s", "1.25µs"] {
            assert_eq!(print_duration(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("5KB"), Some(5_000));
        assert_eq!(bytes("1.5 MiB"), Some(1_572_864));
        assert_eq!(bytes("17"), Some(17));
        assert_eq!(bytes("5zz"), None);
    }
}
