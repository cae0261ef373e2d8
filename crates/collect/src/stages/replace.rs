//! `replace`: what groups of an expression match is replaced by a template's output.

use std::collections::HashMap;

use binnacle_model::event::LineRegex;
use binnacle_template::Value;

use super::regex::{check_source, compile};
use super::settings::{ReplaceSettings, StageError};
use super::template::{Text, values_of};
use super::{Change, Entry};

pub(super) struct Replace {
    regex: LineRegex,
    source: Option<String>,
    replace: Text,
}

impl Replace {
    pub(super) fn new(settings: &ReplaceSettings) -> Result<Self, StageError> {
        let regex = compile(&settings.expression)?;
        check_source(settings.source.as_deref(), "empty source in replace stage")?;
        let replace = Text::new(&settings.replace).map_err(|e| StageError::new("replace", e))?;
        Ok(Self {
            regex,
            source: settings.source.clone(),
            replace,
        })
    }
}

impl Change for Replace {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(input) = entry.input_bytes(self.source.as_deref()) else {
            return true;
        };
        let values = values_of(entry);
        let mut out = Vec::with_capacity(input.len());
        let mut kept = 0;
        let mut replaced: HashMap<Vec<u8>, String> = HashMap::new();
        let mut first: Vec<(usize, Vec<u8>)> = Vec::new();
        for (n, captures) in self.regex.regex().captures_iter(&input).enumerate() {
            for (group, found) in captures.iter().enumerate().skip(1) {
                let text = found.map_or(&b""[..], |m| m.as_bytes());
                if n == 0 {
                    first.push((group, text.to_vec()));
                }
                let Some(found) = found else { continue };
                let mut values = values.clone();
                let shown = String::from_utf8_lossy(text);
                values.retain(|(name, _)| &**name != "Value");
                values.push(("Value".into(), Value::from(&*shown)));
                let Some(new) = self.replace.run(values) else {
                    return true;
                };
                if kept == 0 || kept <= found.start() {
                    if found.start() < kept {
                        continue;
                    }
                    out.extend_from_slice(&input[kept..found.start()]);
                    out.extend_from_slice(new.as_bytes());
                    kept = found.end();
                }
                replaced.insert(text.to_vec(), new);
            }
        }
        if replaced.is_empty() {
            return true;
        }
        out.extend_from_slice(&input[kept..]);
        drop(input);
        match &self.source {
            Some(name) => entry.extract(name, String::from_utf8_lossy(&out)),
            None => entry.line = out,
        }
        for (group, text) in first {
            let name = &self.regex.groups()[group - 1];
            if let Some(new) = replaced.get(&text).filter(|_| !name.is_empty()) {
                entry.extract(name, new.clone());
            }
        }
        true
    }
}
