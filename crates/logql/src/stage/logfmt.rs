//! `| logfmt`: `key=value key="quoted value" flag`.

use super::labels::RowLabels;
use super::sanitize;
use crate::ast::Extraction;

/// The parser with its flags.
pub(super) struct Logfmt {
    strict: bool,
    keep_empty: bool,
    /// Label and key.
    wanted: Vec<(String, String)>,
}

impl Logfmt {
    pub(super) fn new(
        strict: bool,
        keep_empty: bool,
        extractions: &[Extraction],
    ) -> Result<Self, String> {
        let mut wanted = Vec::new();
        for extraction in extractions {
            let key = &extraction.expression;
            if key
                .chars()
                .any(|c| c.is_whitespace() || c == '=' || c == '"')
            {
                return Err(format!(
                    "cannot parse expression {key:?}: it is no key of logfmt"
                ));
            }
            wanted.push((extraction.label.clone(), key.clone()));
        }
        Ok(Self {
            strict,
            keep_empty,
            wanted,
        })
    }

    pub(super) fn run(&self, line: &[u8], labels: &mut RowLabels) {
        let text = String::from_utf8_lossy(line);
        let mut seen: Vec<String> = Vec::new();
        let mut found: Vec<Option<String>> = vec![None; self.wanted.len()];
        for pair in Pairs::new(&text) {
            let (key, value) = match pair {
                Ok(pair) => pair,
                Err(message) => {
                    if self.strict {
                        labels.set_error("LogfmtParserErr", &message);
                        return;
                    }
                    continue;
                }
            };
            if !self.wanted.is_empty() {
                for (i, (_, wanted)) in self.wanted.iter().enumerate() {
                    if wanted == key {
                        found[i] = Some(value.replace('\u{fffd}', " "));
                    }
                }
                continue;
            }
            if value.is_empty() && !self.keep_empty {
                continue;
            }
            let name = sanitize(key);
            if name.is_empty() || seen.contains(&name) {
                continue;
            }
            labels.set_parsed(&name, &value.replace('\u{fffd}', " "));
            seen.push(name);
        }
        for ((label, _), value) in self.wanted.iter().zip(found) {
            labels.set_parsed(label, &value.unwrap_or_default());
        }
    }
}

/// The pairs of a line.
pub(super) struct Pairs<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Pairs<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn skip_word(&mut self) {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| c <= ' ').unwrap_or(rest.len());
        self.at += len;
    }

    fn quoted(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut escaped = false;
        for (i, c) in self.text[start + 1..].char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                let end = start + 1 + i + 1;
                let raw = &self.text[start..end];
                self.at = end;
                // Escapes are those of JSON; what is none stands as it is.
                let clean = raw.replace(|c: char| c.is_control(), " ");
                return Ok(serde_json::from_str(&clean)
                    .unwrap_or_else(|_| raw[1..raw.len() - 1].to_owned()));
            }
        }
        self.at = self.text.len();
        Err(format!(
            "logfmt syntax error at pos {} : unterminated quoted value",
            self.text.len() + 1
        ))
    }
}

impl<'t> Iterator for Pairs<'t> {
    type Item = Result<(&'t str, String), String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(|c: char| c <= ' ').len();
        let from = self.at;
        let rest = &self.text[from..];
        if rest.is_empty() {
            return None;
        }
        let len = rest
            .find(|c: char| c <= ' ' || c == '=' || c == '"')
            .unwrap_or(rest.len());
        let key = &rest[..len];
        self.at += len;
        let stop = self.text[self.at..].chars().next();
        if key.is_empty() || stop == Some('"') {
            let at = self.at + 1;
            let c = stop.unwrap_or(' ');
            self.at += c.len_utf8().min(self.text.len() - self.at);
            self.skip_word();
            return Some(Err(format!(
                "logfmt syntax error at pos {at} : unexpected '{c}'"
            )));
        }
        if stop != Some('=') {
            return Some(Ok((key, String::new())));
        }
        self.at += 1;
        if self.text[self.at..].starts_with('"') {
            return Some(self.quoted().map(|value| (key, value)));
        }
        let rest = &self.text[self.at..];
        let len = rest
            .find(|c: char| c <= ' ' || c == '=' || c == '"')
            .unwrap_or(rest.len());
        let value = &rest[..len];
        self.at += len;
        match self.text[self.at..].chars().next() {
            Some(c @ ('=' | '"')) => {
                let at = self.at + 1;
                self.skip_word();
                Some(Err(format!(
                    "logfmt syntax error at pos {at} : unexpected '{c}'"
                )))
            }
            _ => Some(Ok((key, value.to_owned()))),
        }
    }
}
