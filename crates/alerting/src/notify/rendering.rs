//! Templates of one notification, and what becomes of those that fail.
//!
//! Alertmanager drops a notification when one of its templates fails on the data at
//! hand: nobody is told, because somebody wrote `{{ .Foo }}`. Here the notification
//! goes out all the same. What it says then depends on what the field is for:
//!
//! | the field is | method | when it fails |
//! |---|---|---|
//! | a title, a line | [`Rendering::line`] | names the alerts, and the error |
//! | the text, the page | [`Rendering::text`], [`Rendering::html`] | tells every alert with its labels and annotations, and the error |
//! | a colour, an icon, a name | [`Rendering::value`] | empty, so that the service's default holds |
//! | an address, a key | [`Rendering::address`] | an error: there is no place to send it to |
//!
//! Every failure is in [`Sent::template_errors`](super::Sent), too.

use std::fmt::Write as _;

use binnacle_model::alert::{Alert, Texts};
use binnacle_template::Time;
use binnacle_template::alertmanager::Data;
use parking_lot::Mutex;

use super::{Notification, NotifyError};

/// Alerts that a text in the place of a failed one tells.
const TOLD_MAX: usize = 20;

/// Renders the fields of one notification and gathers what fails.
#[derive(Debug)]
pub struct Rendering<'n> {
    notification: &'n Notification<'n>,
    data: &'n Data,
    /// Locked, so that a rendering can be lent to a task; nobody waits for it.
    errors: Mutex<Vec<Failure>>,
}

#[derive(Debug)]
struct Failure {
    field: String,
    error: String,
    /// Whether a text that is sent says so.
    shown: bool,
}

impl<'n> Rendering<'n> {
    /// For one attempt to send `notification`.
    #[must_use]
    pub fn new(notification: &'n Notification<'n>) -> Self {
        Self::with_data(notification, notification.data)
    }

    /// The same on other data than the notification's.
    #[must_use]
    pub fn with_data(notification: &'n Notification<'n>, data: &'n Data) -> Self {
        Self {
            notification,
            data,
            errors: Mutex::default(),
        }
    }

    /// The data that templates see.
    #[must_use]
    pub fn data(&self) -> &'n Data {
        self.data
    }

    /// One line that people read: a title, a subject, a summary.
    #[must_use]
    pub fn line(&self, field: &str, template: &str) -> String {
        self.run(template)
            .unwrap_or_else(|error| self.stand_in_line(field, error))
    }

    /// The text that people read.
    #[must_use]
    pub fn text(&self, field: &str, template: &str) -> String {
        self.run(template).unwrap_or_else(|error| {
            let mut text = self.stand_in_line(field, error);
            text.push_str("\n\n");
            self.tell(&mut text);
            text
        })
    }

    /// As [`Rendering::text`], with everything that alerts bring in escaped for HTML.
    #[must_use]
    pub fn html(&self, field: &str, template: &str) -> String {
        self.run_html(template).unwrap_or_else(|error| {
            let mut text = self.stand_in_line(field, error);
            text.push_str("\n\n");
            self.tell(&mut text);
            format!("<pre>{}</pre>", escape_html(&text))
        })
    }

    /// A value that the service can do without; empty when its template fails.
    #[must_use]
    pub fn value(&self, field: &str, template: &str) -> String {
        self.run(template).unwrap_or_else(|error| {
            self.note(field, error, false);
            String::new()
        })
    }

    /// A value without which there is nothing to send.
    ///
    /// # Errors
    /// When its template fails; not to be retried.
    pub fn address(&self, field: &str, template: &str) -> Result<String, NotifyError> {
        self.run(template)
            .map_err(|error| NotifyError::fatal(format!("template of {field}: {error}")))
    }

    /// A template's text, for those who know better what to do about a failure.
    ///
    /// # Errors
    /// The template's error in words.
    pub fn run(&self, template: &str) -> Result<String, String> {
        // Most fields of most receivers have no template in them.
        if !template.contains("{{") {
            return Ok(template.to_owned());
        }
        let templates = self.notification.templates;
        templates
            .text(template, self.data, &self.now())
            .map_err(|e| e.to_string())
    }

    /// As [`Rendering::run`], escaping for HTML.
    ///
    /// # Errors
    /// The template's error in words.
    pub fn run_html(&self, template: &str) -> Result<String, String> {
        let templates = self.notification.templates;
        templates
            .html(template, self.data, &self.now())
            .map_err(|e| e.to_string())
    }

    fn now(&self) -> Time {
        Time::from_unix_ms(self.notification.now_ms)
    }

    /// Notes that the template of `field` failed. `shown`: a text that is sent says so.
    pub fn note(&self, field: &str, error: String, shown: bool) {
        self.errors.lock().push(Failure {
            field: field.to_owned(),
            error,
            shown,
        });
    }

    /// `text` with the failures that no text has told yet at its end.
    #[must_use]
    pub fn with_failures(&self, mut text: String) -> String {
        for failure in self.errors.lock().iter_mut().filter(|f| !f.shown) {
            failure.shown = true;
            let separator = if text.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "{separator}(template of {} failed: {})",
                failure.field, failure.error
            );
        }
        text
    }

    /// The failures so far: field and error, for [`Sent`](super::Sent).
    #[must_use]
    pub fn failures(&self) -> Texts {
        let errors = self.errors.lock();
        errors
            .iter()
            .map(|f| (f.field.clone(), f.error.clone()))
            .collect()
    }

    fn stand_in_line(&self, field: &str, error: String) -> String {
        let (firing, resolved): (Vec<&Alert>, Vec<_>) = self
            .notification
            .alerts
            .iter()
            .map(|a| &**a)
            .partition(|a| !self.resolved(a));
        let mut names: Vec<&str> = Vec::new();
        for alert in firing.iter().chain(&resolved) {
            if !names.contains(&alert.name()) {
                names.push(alert.name());
            }
        }
        names.truncate(TOLD_MAX);
        let status = if firing.is_empty() {
            "RESOLVED".to_owned()
        } else {
            format!("FIRING:{}", firing.len())
        };
        let line = format!(
            "[{status}] {} (template of {field} failed: {error})",
            names.join(", ")
        );
        self.note(field, error, true);
        line
    }

    /// Tells the alerts without any template.
    fn tell(&self, text: &mut String) {
        let alerts = self.notification.alerts;
        for alert in alerts.iter().take(TOLD_MAX) {
            let status = if self.resolved(alert) {
                "resolved"
            } else {
                "firing"
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{status}: {}", alert.labels);
            for (name, value) in &alert.annotations {
                let _ = writeln!(text, "  {name}: {value}");
            }
        }
        if alerts.len() > TOLD_MAX {
            let _ = writeln!(text, "and {} more", alerts.len() - TOLD_MAX);
        }
    }

    fn resolved(&self, alert: &Alert) -> bool {
        alert.resolved_at(self.notification.now_ms.saturating_mul(1_000_000))
    }
}

impl Notification<'_> {
    /// Whether all of its alerts have ended.
    #[must_use]
    pub fn resolved(&self) -> bool {
        let now_ns = self.now_ms.saturating_mul(1_000_000);
        self.alerts.iter().all(|a| a.resolved_at(now_ns))
    }
}

/// `text` with the characters that mean something in HTML escaped.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
