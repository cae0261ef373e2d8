//! What Slack and PagerDuty say back: somebody has pressed a button there.
//!
//! Both sign what they send with a secret that they share with this server, so these
//! paths need no password, and answer nothing but 404 while no secret is configured.
//! A signed request is good for five minutes, so that nobody can send it again later.
//!
//! Slack's buttons carry the fingerprints of their alerts in `value`; PagerDuty's
//! incidents carry the hash of the group's key, as Alertmanager makes it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use binnacle_model::alert::{Acknowledgement, AlertFilter, Fingerprint};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::whole;
use crate::http::error::{ApiError, ErrorType};
use crate::http::params::Params;
use crate::state::App;

/// How old a signed request of Slack may be, seconds.
const AGE_MAX_SECONDS: i64 = 300;
/// How long the button "snooze" keeps an alert quiet when it names no time.
const SNOOZE_MS: i64 = 3_600_000;

/// The button that acknowledges; its `value` lists fingerprints.
const ACKNOWLEDGE: &str = "binnacle_acknowledge";
/// The button that keeps quiet for a while: `value` may begin with seconds.
const SNOOZE: &str = "binnacle_snooze";

fn refused(message: &str) -> ApiError {
    ApiError {
        kind: ErrorType::NotFound,
        message: message.to_owned(),
    }
}

/// Whether `signature` (hexadecimal) is that of `parts` under `secret`.
fn is_signed(secret: &[u8], parts: &[&[u8]], signature: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    let Some(bytes) = unhex(signature) else {
        return false;
    };
    // Compares in constant time.
    mac.verify_slice(&bytes).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok())
        .collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("")
}

/// `POST /alerts/callbacks/slack`
pub(super) async fn slack(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Some(secret) = &app.settings.callbacks.slack_signing_secret else {
        return Err(refused(
            "no signing secret of Slack is configured: alerting.callbacks.slack_signing_secret",
        ));
    };
    let body = whole(&app, body).await?;
    let stamp = header(&headers, "x-slack-request-timestamp");
    let now_s = app.process.now_ms() / 1000;
    let is_fresh = stamp
        .parse::<i64>()
        .is_ok_and(|t| (now_s - t).abs() <= AGE_MAX_SECONDS);
    let signature = header(&headers, "x-slack-signature");
    let signature = signature.strip_prefix("v0=").unwrap_or("");
    let parts = [b"v0:", stamp.as_bytes(), b":", &body[..]];
    if !is_fresh || !is_signed(secret.as_bytes(), &parts, signature) {
        return Ok(unsigned());
    }
    let mut form = Params::default();
    form.parse(&String::from_utf8_lossy(&body))?;
    let payload: Value = serde_json::from_str(form.get("payload"))
        .map_err(|e| ApiError::bad_data(format!("payload: {e}")))?;
    let user = &payload["user"];
    let by = [&user["username"], &user["name"], &user["id"]]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or("somebody on Slack");
    let mut done = 0;
    for action in payload["actions"].as_array().into_iter().flatten() {
        let name = action["action_id"].as_str().or(action["name"].as_str());
        let value = action["value"].as_str().unwrap_or_default();
        done += press(&app, name.unwrap_or_default(), value, by).await;
    }
    let text = match done {
        0 => "None of these alerts fires any more.".to_owned(),
        n => format!("{by} has seen {n} alerts."),
    };
    let answer = serde_json::json!({
        "response_type": "in_channel",
        "replace_original": false,
        "text": text,
    });
    let kind = [(http::header::CONTENT_TYPE, "application/json")];
    Ok((kind, answer.to_string()).into_response())
}

fn unsigned() -> Response {
    let message = "the signature is wrong or too old\n";
    (StatusCode::UNAUTHORIZED, message).into_response()
}

/// Does what a button says; how many alerts it met.
async fn press(app: &App, name: &str, value: &str, by: &str) -> usize {
    let mut words: Vec<&str> = value
        .split([' ', ',', '\n'])
        .filter(|w| !w.is_empty())
        .collect();
    let now_ms = app.process.now_ms();
    let until_ms = match name {
        ACKNOWLEDGE => 0,
        SNOOZE => {
            // A fingerprint has 16 digits; a number of seconds has fewer.
            let seconds = words
                .first()
                .filter(|w| w.len() < 10)
                .and_then(|w| w.parse::<i64>().ok());
            if seconds.is_some() {
                words.remove(0);
            }
            now_ms + seconds.map_or(SNOOZE_MS, |s| s.clamp(60, 31_536_000) * 1000)
        }
        _ => return 0,
    };
    let mut done = 0;
    for print in words.iter().filter_map(|w| w.parse::<Fingerprint>().ok()) {
        let acknowledgement = Acknowledgement {
            by: by.to_owned(),
            at_ms: now_ms,
            comment: String::new(),
            until_ms,
            via: "slack".to_owned(),
        };
        // One that has ended meanwhile needs nobody any more.
        done += usize::from(
            app.alerting
                .acknowledge(print, acknowledgement)
                .await
                .is_ok(),
        );
    }
    done
}

/// `POST /alerts/callbacks/pagerduty`: version 3 webhooks.
pub(super) async fn pagerduty(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Some(secret) = &app.settings.callbacks.pagerduty_secret else {
        return Err(refused(
            "no secret of PagerDuty's webhook is configured: alerting.callbacks.pagerduty_secret",
        ));
    };
    let body = whole(&app, body).await?;
    let is_ours = header(&headers, "x-pagerduty-signature")
        .split(',')
        .filter_map(|s| s.trim().strip_prefix("v1="))
        .any(|s| is_signed(secret.as_bytes(), &[&body], s));
    if !is_ours {
        return Ok(unsigned());
    }
    let payload: Value = serde_json::from_slice(&body)
        .map_err(|e| ApiError::bad_data(format!("the body is not valid: {e}")))?;
    incident(&app, &payload["event"]).await;
    Ok(StatusCode::OK.into_response())
}

/// Does to the alerts of an incident what was done to the incident.
async fn incident(app: &App, event: &Value) {
    let data = &event["data"];
    let key = data["incident_key"].as_str().unwrap_or_default();
    let by = event["agent"]["summary"].as_str().unwrap_or("PagerDuty");
    let kind = event["event_type"].as_str().unwrap_or_default();
    for print in alerts_of(app, key) {
        // One that has ended meanwhile needs nobody any more.
        let _ = match kind {
            "incident.acknowledged" => {
                let acknowledgement = Acknowledgement {
                    by: by.to_owned(),
                    at_ms: app.process.now_ms(),
                    comment: String::new(),
                    until_ms: 0,
                    via: "pagerduty".to_owned(),
                };
                app.alerting.acknowledge(print, acknowledgement).await
            }
            "incident.unacknowledged" => app.alerting.unacknowledge(print, by.to_owned()).await,
            "incident.reassigned" | "incident.delegated" => {
                let to = data["assignees"][0]["summary"].as_str().map(str::to_owned);
                app.alerting.assign(print, to, by.to_owned()).await
            }
            _ => return,
        };
    }
}

/// The alerts of the group whose key has this hash.
fn alerts_of(app: &App, hash: &str) -> Vec<Fingerprint> {
    if hash.is_empty() {
        return Vec::new();
    }
    let groups = app.alerting.groups(&AlertFilter::default());
    groups
        .iter()
        .filter(|group| hex(&Sha256::digest(group.key.as_bytes())) == hash)
        .flat_map(|group| group.alerts.iter().map(|alert| alert.fingerprint))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_own_example_is_signed() {
        // From "Verifying requests from Slack" in its documentation.
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let secret = b"8f742231b10e8888abcd99yyyzzz85a5";
        let signature = "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        let parts: [&[u8]; 4] = [b"v0:", b"1531420618", b":", body];
        assert!(is_signed(secret, &parts, signature));
        assert!(!is_signed(b"other", &parts, signature));
        for wrong in ["", "a2", "zz", "ü"] {
            assert!(!is_signed(secret, &parts, wrong), "{wrong}");
        }
    }
}
