//! Other Alertmanagers: they are found like targets, and every one of them is sent
//! every alert, as Prometheus does, because they sort out among themselves who tells.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use binnacle::config::Alertmanagers as Configured;
use binnacle_client::{Client, Method, Request};
use binnacle_collect::finder::Finder;
use binnacle_model::Labels;
use binnacle_model::alert::{Accepted, Alert, AlertSink, AlertingError, BoxFuture};
use binnacle_model::relabel::{RelabelRule, relabel};
use binnacle_server::state::{Alertmanagers, format_rfc3339};
use bytes::Bytes;
use serde_json::json;
use url::Url;

/// Alerts of a request at most, as in Prometheus.
const BATCH_MAX: usize = 256;

/// All other Alertmanagers.
#[derive(Default)]
pub(super) struct Others(ArcSwap<Vec<Set>>);

/// Those that one entry of the configuration names.
struct Set {
    finder: Finder,
    client: Client,
    timeout: Duration,
    alert_relabel: Vec<RelabelRule>,
}

impl Others {
    /// Takes a new configuration.
    ///
    /// # Errors
    /// When the settings of an entry cannot be used; then everything stays.
    pub(super) fn configure(&self, configured: &[Configured]) -> Result<()> {
        let sets = configured
            .iter()
            .map(Set::new)
            .collect::<Result<Vec<_>>>()?;
        self.0.store(Arc::new(sets));
        Ok(())
    }
}

impl Set {
    fn new(configured: &Configured) -> Result<Self> {
        let finder = Finder::start(
            "alertmanagers",
            &configured.discovery,
            configured.labels.clone(),
            configured.relabel.clone(),
        );
        Ok(Self {
            finder: finder.context("find alertmanagers")?,
            client: Client::new(&configured.http).context("client for alertmanagers")?,
            timeout: configured.timeout,
            alert_relabel: configured.alert_relabel.clone(),
        })
    }

    fn urls(&self) -> Vec<String> {
        self.finder.found().active.iter().map(url_of).collect()
    }

    /// Sends to all of the set; how many took them, and why others did not.
    async fn send(&self, alerts: &[Alert]) -> (usize, Vec<String>) {
        let alerts = self.relabelled(alerts);
        if alerts.is_empty() {
            return (1, Vec::new());
        }
        let urls = self.urls();
        let bodies: Vec<Bytes> = alerts.chunks(BATCH_MAX).map(encode).collect();
        let sends = urls.iter().map(|url| self.send_to(url, &bodies));
        let mut taken = 0;
        let mut errors = Vec::new();
        for (result, url) in futures::future::join_all(sends)
            .await
            .into_iter()
            .zip(&urls)
        {
            match result {
                Ok(()) => taken += 1,
                Err(error) => errors.push(format!("{url}: {error}")),
            }
        }
        (taken, errors)
    }

    async fn send_to(&self, url: &str, bodies: &[Bytes]) -> Result<(), String> {
        let url = Url::parse(url).map_err(|e| e.to_string())?;
        for body in bodies {
            let request = Request {
                method: Method::POST,
                url: &url,
                headers: &[("Content-Type", "application/json")],
                body: Some(body.clone()),
            };
            let answer = tokio::time::timeout(self.timeout, self.client.send(request))
                .await
                .map_err(|_| format!("no answer within {:?}", self.timeout))?
                .map_err(|e| e.to_string())?;
            if !answer.status().is_success() {
                return Err(format!("bad response status {}", answer.status()));
            }
        }
        Ok(())
    }

    fn relabelled(&self, alerts: &[Alert]) -> Vec<Alert> {
        let mut kept = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let mut builder = alert.labels.to_builder();
            if relabel(&self.alert_relabel, &mut builder) {
                let labels = builder.build();
                if !labels.is_empty() {
                    kept.push(Alert {
                        labels,
                        ..alert.clone()
                    });
                }
            }
        }
        kept
    }
}

/// Where alerts are posted to a server with these labels.
fn url_of(labels: &Labels) -> String {
    let get = |name| labels.get(name).unwrap_or("");
    let scheme = Some(get("__scheme__")).filter(|s| !s.is_empty());
    let path = get("__alerts_path__").trim_start_matches('/');
    format!(
        "{}://{}/{path}",
        scheme.unwrap_or("http"),
        get("__address__")
    )
}

fn encode(alerts: &[Alert]) -> Bytes {
    let time = |ns: i64| format_rfc3339(ns.div_euclid(1_000_000));
    let list: Vec<_> = alerts
        .iter()
        .map(|alert| {
            let labels: serde_json::Map<_, _> = alert
                .labels
                .iter()
                .map(|(n, v)| (n.to_owned(), v.into()))
                .collect();
            let annotations: serde_json::Map<_, _> = alert
                .annotations
                .iter()
                .map(|(n, v)| (n.clone(), v.as_str().into()))
                .collect();
            json!({
                "labels": labels,
                "annotations": annotations,
                "startsAt": time(alert.starts_at_ns),
                "endsAt": time(alert.ends_at_ns),
                "generatorURL": alert.generator_url,
            })
        })
        .collect();
    Bytes::from(serde_json::Value::Array(list).to_string())
}

impl AlertSink for Others {
    fn post(&self, alerts: Vec<Alert>) -> BoxFuture<'_, Result<Accepted, AlertingError>> {
        Box::pin(async move {
            let sets = self.0.load_full();
            let sends = sets.iter().map(|set| set.send(&alerts));
            let mut taken = 0;
            let mut errors = Vec::new();
            for (count, failed) in futures::future::join_all(sends).await {
                taken += count;
                errors.extend(failed);
            }
            for error in &errors {
                tracing::warn!(%error, count = alerts.len(), "sending alerts failed");
            }
            if taken > 0 || sets.is_empty() {
                return Ok(Accepted {
                    taken: alerts.len(),
                    refused: Vec::new(),
                });
            }
            Err(AlertingError::Unavailable(match errors.first() {
                Some(error) => error.clone(),
                None => "no alertmanager is known: discovery has found none".to_owned(),
            }))
        })
    }
}

impl Alertmanagers for Others {
    fn active(&self) -> Vec<String> {
        self.0.load().iter().flat_map(Set::urls).collect()
    }

    fn dropped(&self) -> Vec<String> {
        let sets = self.0.load();
        let dropped = sets.iter().flat_map(|set| set.finder.found().dropped);
        dropped.map(|labels| url_of(&labels)).collect()
    }
}
