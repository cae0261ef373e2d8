//! Numbers as Prometheus' JSON has them.

use std::fmt;

use binnacle_model::number::write_json;

/// Bytes that texts are written into.
struct Bytes<'a>(&'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Appends a sample's value as text.
pub fn push_value(out: &mut Vec<u8>, value: f64) {
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    if value.abs() < 1e15 && value.fract() == 0.0 && !is_negative_zero {
        // Most counters: an integer is written faster than a float.
        let mut buffer = itoa::Buffer::new();
        out.extend_from_slice(buffer.format(value as i64).as_bytes());
        return;
    }
    // Writing to a vector never fails.
    let _ = write_json(&mut Bytes(out), value);
}

/// Appends a float as a JSON number.
pub fn push_json_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        // JSON has no such number; Prometheus never writes one here.
        out.extend_from_slice(b"null");
        return;
    }
    push_value(out, value);
}

/// Appends a time as seconds with up to three decimals: `1435781430.781`.
pub fn push_time(out: &mut Vec<u8>, t_ms: i64) {
    if t_ms < 0 {
        out.push(b'-');
    }
    let magnitude = t_ms.unsigned_abs();
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(magnitude / 1000).as_bytes());
    let fraction = magnitude % 1000;
    if fraction != 0 {
        let digits = [
            b'.',
            b'0' + (fraction / 100) as u8,
            b'0' + (fraction / 10 % 10) as u8,
            b'0' + (fraction % 10) as u8,
        ];
        let used = if fraction.is_multiple_of(100) {
            2
        } else if fraction.is_multiple_of(10) {
            3
        } else {
            4
        };
        out.extend_from_slice(&digits[..used]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_go_writes_them() {
        let check = |value: f64, want: &str| {
            let mut out = Vec::new();
            push_value(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), want);
        };
        check(0.0, "0");
        check(-0.0, "-0");
        check(1.0, "1");
        check(-3.0, "-3");
        check(0.333, "0.333");
        check(1e15, "1000000000000000");
        check(1e21, "1e+21");
        check(123_456_789_012_345_680_000.0, "123456789012345680000");
        check(1.5e-7, "1.5e-07");
        check(1e-6, "0.000001");
        check(f64::MIN_POSITIVE, "2.2250738585072014e-308");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
    }

    #[test]
    fn times_have_up_to_three_decimals() {
        let check = |t_ms: i64, want: &str| {
            let mut out = Vec::new();
            push_time(&mut out, t_ms);
            assert_eq!(String::from_utf8_lossy(&out), want);
        };
        check(0, "0");
        check(123_400, "123.4");
        check(1_435_781_430_781, "1435781430.781");
        check(10, "0.01");
        check(-1_500, "-1.5");
        check(7, "0.007");
    }
}
