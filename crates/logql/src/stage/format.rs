//! Templates of `line_format` and `label_format`.

mod fields;

use std::sync::Arc;

use binnacle_template::{Host, Limits, Map, MissingKey, Set, Time, Value};

use self::fields::Fields;
use super::functions::functions;
use super::labels::RowLabels;

/// Largest output of a template, bytes.
const OUTPUT_BYTES_MAX: usize = 16 << 20;

/// Most nodes that one execution runs.
const STEPS_MAX: u64 = 100_000;

/// A compiled template.
pub struct Template {
    set: Set,
    name: &'static str,
    fields: Fields,
}

/// Whether the text is one.
///
/// # Errors
/// What is wrong.
pub fn check(text: &str) -> Result<(), String> {
    Template::new("line", text).map(drop)
}

/// What a template is run on.
#[derive(Clone, Copy)]
pub(super) struct Row<'l> {
    pub(super) t_ns: i64,
    pub(super) line: &'l [u8],
    /// The time of the query, when it is known.
    pub(super) now_ns: Option<i64>,
}

impl Template {
    /// Compiles a text; its name is in messages.
    pub(super) fn new(name: &'static str, text: &str) -> Result<Self, String> {
        let limits = Limits {
            output_bytes: OUTPUT_BYTES_MAX,
            steps: STEPS_MAX,
            ..Limits::default()
        };
        let mut set = Set::new(functions())
            .with_missing_key(MissingKey::Zero)
            .with_limits(limits);
        set.parse(name, text)
            .map_err(|e| format!("invalid {name} template: {e}"))?;
        let fields = set.tree(name).map(|t| Fields::of(t)).unwrap_or_default();
        Ok(Self { set, name, fields })
    }

    /// Names of the labels that it looks at, in order.
    pub(super) fn required_labels(&self) -> &[String] {
        &self.fields.names
    }

    /// Whether it looks at the line.
    pub(super) fn needs_line(&self) -> bool {
        self.fields.needs_line
    }

    /// The label that is all there is to it: `{{.a}}`.
    pub(super) fn only_label(&self) -> Option<&str> {
        self.fields.only.as_deref()
    }

    /// What templates see of a row's labels: those that one of them may look at.
    pub(super) fn view(templates: &[&Self], labels: &RowLabels) -> Value {
        let map = if templates.iter().any(|t| t.fields.needs_all) {
            Map::of_strings(labels.all())
        } else {
            let names = templates.iter().flat_map(|t| &t.fields.seen);
            Map::of_strings(names.filter_map(|name| Some((name, labels.get(name)?))))
        };
        Value::Map(Arc::new(map))
    }

    /// Executes it on what [`Self::view`] shows.
    pub(super) fn run(&self, row: Row<'_>, view: &Value) -> Result<String, String> {
        let mut out = String::new();
        self.set
            .execute(self.name, view, &row, &mut out)
            .map_err(|e| e.to_string())?;
        Ok(out)
    }
}

impl Host for Row<'_> {
    fn call(&self, name: &str, _: &[Value]) -> Result<Value, String> {
        let time = |ns: i64| Value::Time(Time::from_unix_ns(i128::from(ns)));
        match name {
            "__line__" => Ok(String::from_utf8_lossy(self.line).as_ref().into()),
            "__timestamp__" => Ok(time(self.t_ns)),
            "now" => match self.now_ns {
                Some(now_ns) => Ok(time(now_ns)),
                None => Err("the time of the query is not known here".to_owned()),
            },
            _ => Err(format!("function {name:?} is not defined here")),
        }
    }
}
