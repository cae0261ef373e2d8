//! `template`: an extracted value from a Go template.

use std::sync::OnceLock;

use binnacle_template::{Function, Functions, Limits, NoHost, Set, Type, Value};
use sha2::Digest as _;

use super::settings::StageError;
use super::{Change, Entry};

/// Largest output, bytes.
const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// Most nodes that one execution runs.
const STEPS_MAX: u64 = 100_000;

const NAME: &str = "pipeline_template";

fn text(arguments: &[Value], i: usize) -> &str {
    arguments.get(i).and_then(Value::as_str).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a text does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The functions of Loki's templates and those that only Promtail has.
fn functions() -> Functions {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            const TWO: &[Type] = &[Type::Str, Type::Str];
            binnacle_logql::stage::template_functions().with([
                Function::plain("Hash", TWO, |a| {
                    let salted = [text(a, 0), text(a, 1)].concat();
                    Ok(hex(&sha3::Sha3_256::digest(salted.as_bytes())).into())
                }),
                Function::plain("Sha2Hash", TWO, |a| {
                    let salted = [text(a, 0), text(a, 1)].concat();
                    Ok(hex(&sha2::Sha256::digest(salted.as_bytes())).into())
                }),
            ])
        })
        .clone()
}

/// A template over extracted values.
pub(super) struct Text(Set);

impl Text {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let limits = Limits {
            output_bytes: OUTPUT_BYTES_MAX,
            steps: STEPS_MAX,
            ..Limits::default()
        };
        let mut set = Set::new(functions()).with_limits(limits);
        set.parse(NAME, text).map_err(|e| e.to_string())?;
        Ok(Self(set))
    }

    /// Executes it; `None` when that fails.
    pub(super) fn run(&self, values: Vec<(std::sync::Arc<str>, Value)>) -> Option<String> {
        let mut out = String::new();
        let dot = Value::map(values);
        self.0.execute(NAME, &dot, &NoHost, &mut out).ok()?;
        Some(out)
    }
}

/// The extracted values that are texts, for a template.
pub(super) fn values_of(entry: &Entry) -> Vec<(std::sync::Arc<str>, Value)> {
    let texts = entry.extracted.iter();
    texts
        .filter_map(|(name, value)| Some((name.as_str().into(), Value::from(&*value.text()?))))
        .collect()
}

pub(super) struct Template {
    source: String,
    template: Text,
}

impl Template {
    pub(super) fn new(source: &str, template: &str) -> Result<Self, StageError> {
        if source.is_empty() {
            return Err(StageError::new(
                "source",
                "template source value is required",
            ));
        }
        let template = Text::new(template).map_err(|e| StageError::new("template", e))?;
        Ok(Self {
            source: source.to_owned(),
            template,
        })
    }
}

impl Change for Template {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let mut values = values_of(entry);
        if let Some(value) = entry.extracted.get(&self.source).and_then(|v| v.text()) {
            values.push(("Value".into(), Value::from(&*value)));
        }
        let line = String::from_utf8_lossy(&entry.line);
        values.push(("Entry".into(), Value::from(&*line)));
        match self.template.run(values) {
            Some(text) if text.is_empty() => {
                entry.extracted.remove(&self.source);
            }
            Some(text) => entry.extract(&self.source, text),
            None => {}
        }
        true
    }
}
