//! The parameters of a publication, within what SNS takes.
//!
//! Source: the Amazon SNS API Reference, "Publish".

use super::super::rendering::Rendering;
use super::super::text::{key_hash, truncate_chars};
use super::super::{FailureReason, Notification, NotifyError};
use super::Settings;
use super::request::Form;

/// Bytes of a message.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a message to a telephone.
const SMS_BYTES_MAX: usize = 1600;
/// Characters of a subject; a longer one is refused.
const SUBJECT_CHARS_MAX: usize = 99;

/// What is published.
#[derive(Debug)]
pub struct Publication {
    /// The parameters.
    pub form: Form,
    /// Subject as it is sent.
    pub subject: String,
    /// Message as it is sent.
    pub message: String,
}

/// Subject and message, and whether the message was cut.
pub fn texts(settings: &Settings, rendering: &Rendering<'_>) -> (String, String, bool) {
    let subject = rendering.line("subject", &settings.subject);
    let subject = subject.replace(|c: char| c.is_control(), " ");
    let mut message = rendering.text("message", &settings.message);
    message = rendering.with_failures(message);
    let max = match settings.phone_number.is_empty() {
        true => MESSAGE_BYTES_MAX,
        false => SMS_BYTES_MAX,
    };
    let cut = message.len() > max;
    message.truncate(message.floor_char_boundary(max));
    (truncate_chars(&subject, SUBJECT_CHARS_MAX).0, message, cut)
}

/// The publication of `notification`.
///
/// # Errors
/// When the template of whom it goes to fails.
pub fn publication(
    settings: &Settings,
    notification: &Notification<'_>,
    rendering: &Rendering<'_>,
) -> Result<Publication, NotifyError> {
    let address = |field: &str, template: &str| {
        rendering
            .address(field, template)
            .map_err(|e| e.because(FailureReason::ClientError))
    };
    let mut form = Form::new("Publish", "2010-03-31");
    if !settings.topic_arn.is_empty() {
        let topic = address("topic_arn", &settings.topic_arn)?;
        if topic.ends_with(".fifo") {
            let hash = key_hash(notification.group_key);
            form.push("MessageDeduplicationId", hash.clone());
            form.push("MessageGroupId", hash);
        }
        form.push("TopicArn", topic);
    }
    if !settings.phone_number.is_empty() {
        form.push(
            "PhoneNumber",
            address("phone_number", &settings.phone_number)?,
        );
    }
    if !settings.target_arn.is_empty() {
        form.push("TargetArn", address("target_arn", &settings.target_arn)?);
    }
    let mut attributes = attributes(settings, rendering);
    let (subject, message, cut) = texts(settings, rendering);
    if cut {
        attributes.push(("truncated".to_owned(), "true".to_owned()));
    }
    if !settings.subject.is_empty() {
        form.push("Subject", &subject);
    }
    form.push("Message", &message);
    for (i, (name, value)) in attributes.into_iter().enumerate() {
        let entry = format!("MessageAttributes.entry.{}", i + 1);
        form.push(format!("{entry}.Name"), name);
        form.push(format!("{entry}.Value.DataType"), "String");
        form.push(format!("{entry}.Value.StringValue"), value);
    }
    Ok(Publication {
        form,
        subject,
        message,
    })
}

/// Those that have a name and a value: SNS refuses a message with any other.
fn attributes(settings: &Settings, rendering: &Rendering<'_>) -> Vec<(String, String)> {
    let rendered = settings.attributes.iter().map(|(name, value)| {
        let field = format!("attributes.{name}");
        (
            rendering.value(&field, name),
            rendering.value(&field, value),
        )
    });
    rendered
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .collect()
}
