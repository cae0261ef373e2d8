//! Parameters that choose alerts.

use binnacle_model::Matcher;
use binnacle_model::alert::{AlertFilter, Alerting};
use binnacle_model::pattern::Pattern;

use super::Refusal;
use crate::http::params::Params;

/// `filter`, `receiver`, `receiver_matchers`, `active`, `silenced`, `inhibited`,
/// `muted`, `unprocessed`.
pub(super) fn read(alerting: &dyn Alerting, params: &Params) -> Result<AlertFilter, Refusal> {
    let receiver = params
        .some("receiver")
        .map(|text| {
            Pattern::new(text)
                .map_err(|e| Refusal::bad(format!("failed to parse receiver param: {e}")))
        })
        .transpose()?;
    Ok(AlertFilter {
        matchers: matchers(alerting, params, "filter")?,
        receiver,
        receiver_matchers: receiver_matchers(alerting, params)?,
        active: truth(params, "active")?,
        silenced: truth(params, "silenced")?,
        inhibited: truth(params, "inhibited")?,
        muted: truth(params, "muted")?,
        unprocessed: truth(params, "unprocessed")?,
    })
}

/// All values of `name` as matchers.
pub(super) fn matchers(
    alerting: &dyn Alerting,
    params: &Params,
    name: &str,
) -> Result<Vec<Matcher>, Refusal> {
    params
        .all(name)
        .map(|text| alerting.matcher(text).map_err(Refusal::from))
        .collect()
}

/// `receiver_matchers`
pub(super) fn receiver_matchers(
    alerting: &dyn Alerting,
    params: &Params,
) -> Result<Vec<Matcher>, Refusal> {
    matchers(alerting, params, "receiver_matchers").map_err(|e| Refusal {
        message: format!("failed to parse receiver_matchers param: {}", e.message),
        ..e
    })
}

/// A truth value that is true when it is not given.
pub(super) fn truth(params: &Params, name: &str) -> Result<bool, Refusal> {
    match params.some(name) {
        None => Ok(true),
        Some(_) => Ok(params.boolean(name)?),
    }
}
