//! The address of an incoming webhook. Whoever knows it can post, so it is a secret
//! as a whole, and only its host is ever told.

use binnacle_client::settings::{SecretText, Source};
use binnacle_config::reader::Reader;

use super::{NotifyError, host_of};
use crate::config::fields;

/// Reads `webhook_url` or `webhook_url_file`, one of which must be there.
pub fn read(r: &mut Reader<'_>) -> Source {
    let url = fields::secret_url_or_file(r, "webhook_url", "webhook_url_file");
    if url.is_none() {
        r.refuse_all("one of webhook_url or webhook_url_file must be configured");
    }
    url.unwrap_or(Source::Text(SecretText::default()))
}

/// The address as it is now.
///
/// # Errors
/// When its file cannot be read; not to be retried.
pub fn current(source: &Source) -> Result<String, NotifyError> {
    source
        .read()
        .map_err(|e| NotifyError::from(e).during("webhook_url_file"))
}

/// The host of the address; a file that holds it is named instead.
#[must_use]
pub fn host(source: &Source) -> String {
    match source {
        Source::Text(url) => host_of(url.reveal()),
        Source::File(path) => path.display().to_string(),
    }
}
