//! Templates of `line_format` and `label_format`.

use std::sync::Arc;

use binnacle_template::{Host, Limits, Map, MissingKey, Set, Time, Value};

use super::functions::functions;
use super::labels::RowLabels;

/// A compiled template.
pub struct Template {
    set: Set,
}

const NAME: &str = "";

/// Whether the text is one.
///
/// # Errors
/// What is wrong.
pub fn check(text: &str) -> Result<(), String> {
    Template::new(text).map(drop)
}

impl Template {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let limits = Limits {
            output_bytes: 16 << 20,
            steps: 100_000,
            ..Limits::default()
        };
        let mut set = Set::new(functions())
            .with_missing_key(MissingKey::Zero)
            .with_limits(limits);
        set.parse(NAME, text)
            .map_err(|e| format!("invalid template {text:?}: {e}"))?;
        Ok(Self { set })
    }

    pub(super) fn run(&self, t_ns: i64, line: &[u8], labels: &RowLabels) -> Result<String, String> {
        let data = Value::Map(Arc::new(Map::of_strings(labels.all())));
        let host = Row { t_ns, line };
        let mut out = String::new();
        self.set
            .execute(NAME, &data, &host, &mut out)
            .map_err(|e| e.to_string())?;
        Ok(out)
    }
}

/// What templates ask of the row.
struct Row<'l> {
    t_ns: i64,
    line: &'l [u8],
}

impl Host for Row<'_> {
    fn call(&self, name: &str, _: &[Value]) -> Result<Value, String> {
        match name {
            "__line__" => Ok(String::from_utf8_lossy(self.line).as_ref().into()),
            "__timestamp__" => Ok(Value::Time(Time::from_unix_ns(i128::from(self.t_ns)))),
            _ => Err(format!("function {name:?} is not defined here")),
        }
    }
}
