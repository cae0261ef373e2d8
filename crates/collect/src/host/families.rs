//! The page that collectors write on: one family after the other.

use binnacle_model::metadata::MetricType;

/// Writes exposition text (format 0.0.4).
pub(crate) struct Families<'a> {
    out: &'a mut Vec<u8>,
}

/// One family whose samples are being written.
pub(crate) struct Family<'a> {
    out: &'a mut Vec<u8>,
    name: &'a str,
}

impl<'a> Families<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Opens a family; a family is opened once in an exposition.
    pub(crate) fn family<'b>(
        &'b mut self,
        name: &'b str,
        kind: MetricType,
        help: &str,
    ) -> Family<'b> {
        let kind = match kind {
            MetricType::Unknown => "untyped",
            kind => kind.as_str(),
        };
        for part in ["# HELP ", name, " "] {
            self.out.extend_from_slice(part.as_bytes());
        }
        escape(self.out, help, false);
        for part in ["\n# TYPE ", name, " ", kind, "\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
        Family {
            out: self.out,
            name,
        }
    }

    /// A family with one gauge without labels.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, MetricType::Gauge, help)
            .sample(&[], value);
    }

    /// A family with one counter without labels.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, MetricType::Counter, help)
            .sample(&[], value);
    }

    /// Text that is an exposition already.
    pub(crate) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        if !text.ends_with('\n') {
            self.out.push(b'\n');
        }
    }
}

impl Family<'_> {
    /// One sample of the family.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.out.extend_from_slice(self.name.as_bytes());
        if !labels.is_empty() {
            for (i, (name, value)) in labels.iter().enumerate() {
                self.out.push(if i == 0 { b'{' } else { b',' });
                self.out.extend_from_slice(name.as_bytes());
                self.out.extend_from_slice(b"=\"");
                escape(self.out, value, true);
                self.out.push(b'"');
            }
            self.out.push(b'}');
        }
        self.out.push(b' ');
        push_value(self.out, value);
        self.out.push(b'\n');
    }
}

fn escape(out: &mut Vec<u8>, text: &str, quotes: bool) {
    for &b in text.as_bytes() {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' if quotes => out.extend_from_slice(b"\\\""),
            b => out.push(b),
        }
    }
}

fn push_value(out: &mut Vec<u8>, value: f64) {
    use std::io::Write as _;
    // Every integer below 2^53 is exact, and most values here are such.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else {
        // Writing to a vector cannot fail.
        let _ = write!(out, "{value}");
    }
}
