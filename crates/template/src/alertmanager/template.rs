//! The default templates, the user's over them, and texts that use both.

use std::sync::{Arc, OnceLock};

use super::data::Data;
use super::functions::functions;
use super::host::NotificationHost;
use crate::set::{MissingKey, Set};
use crate::value::{Time, Value};
use crate::{Error, Limits};

/// The default templates: parts, and then one file for each kind of receiver.
const DEFAULTS: [&str; 4] = [
    include_str!("defaults/parts.tmpl"),
    include_str!("defaults/chat.tmpl"),
    include_str!("defaults/incidents.tmpl"),
    include_str!("defaults/email.tmpl"),
];

/// How what is printed is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    Text,
    /// For HTML.
    Html,
}

/// Templates of notifications. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Template {
    set: Set,
    external_url: Arc<str>,
}

/// The parsed defaults, which are the same for all.
fn defaults() -> Result<Set, Error> {
    static PARSED: OnceLock<Result<Set, Error>> = OnceLock::new();
    let parse = || {
        let mut set = Set::new(functions()).with_missing_key(MissingKey::Zero);
        for text in DEFAULTS {
            set.parse("", text)?;
        }
        Ok(set)
    };
    PARSED.get_or_init(parse).clone()
}

impl Template {
    /// The default templates alone.
    ///
    /// # Errors
    /// None that depend on anything given here.
    pub fn new(external_url: &str) -> Result<Self, Error> {
        Ok(Self {
            set: defaults()?,
            external_url: Arc::from(external_url),
        })
    }

    /// The default templates with files over them, by name (of the file, without its
    /// folder) and text, in the order in which they are read.
    ///
    /// # Errors
    /// [`Error::Parse`] of the first file that cannot be parsed.
    pub fn with_files<N: AsRef<str>, T: AsRef<str>>(
        external_url: &str,
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, Error> {
        let mut template = Self::new(external_url)?;
        for (name, text) in files {
            template.set.parse(name.as_ref(), text.as_ref())?;
        }
        Ok(template)
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.set = self.set.with_limits(limits);
        self
    }

    /// The address of this instance, for [`Data::assemble`].
    #[must_use]
    pub fn external_url(&self) -> &str {
        &self.external_url
    }

    /// Names of the templates, ascending.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.set.names()
    }

    /// Expands a text.
    ///
    /// # Errors
    /// [`Error`]
    pub fn text(&self, text: &str, data: &Data, now: &Time) -> Result<String, Error> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        self.expand(text, data, now, Mode::Text)
    }

    /// Expands a text to HTML.
    ///
    /// # Errors
    /// [`Error`]
    pub fn html(&self, text: &str, data: &Data, now: &Time) -> Result<String, Error> {
        self.expand(text, data, now, Mode::Html)
    }

    fn expand(&self, text: &str, data: &Data, now: &Time, mode: Mode) -> Result<String, Error> {
        let dot = data.to_value();
        let host = NotificationHost::new(self, Some(data), &dot, now, mode);
        self.run(text, &dot, &host, mode)
    }

    /// Expands a text with any dot, without route labels.
    ///
    /// # Errors
    /// [`Error`]
    pub fn execute(
        &self,
        text: &str,
        dot: &Value,
        now: &Time,
        mode: Mode,
    ) -> Result<String, Error> {
        let host = NotificationHost::new(self, None, dot, now, mode);
        self.run(text, dot, &host, mode)
    }

    /// The value of a route's label.
    ///
    /// # Errors
    /// [`Error::Execute`], also when labels refer to each other in a circle.
    pub fn route_label(&self, name: &str, data: &Data, now: &Time) -> Result<String, Error> {
        let dot = data.to_value();
        let host = NotificationHost::new(self, Some(data), &dot, now, Mode::Text);
        host.route_label(name)
            .map_err(|message| Error::Execute { message })
    }

    /// Checks that a text can be parsed, and the templates that it names exist.
    ///
    /// # Errors
    /// [`Error::Parse`]
    pub fn check(&self, text: &str) -> Result<(), Error> {
        self.set.with_text("", text).map(drop)
    }

    pub(super) fn run(
        &self,
        text: &str,
        dot: &Value,
        host: &NotificationHost<'_>,
        mode: Mode,
    ) -> Result<String, Error> {
        if text.is_empty() {
            return Ok(String::new());
        }
        let set = self.set.with_text("", text)?;
        let mut out = String::new();
        match mode {
            Mode::Text => set.execute("", dot, host, &mut out)?,
            Mode::Html => set.execute_html("", dot, host, &mut out)?,
        }
        Ok(out)
    }
}
