//! Pictures of alerts' expressions: asked of the metrics signal, drawn, and kept for a
//! while for services that show a picture by its address.
//!
//! The address holds 128 random bits and is told to nobody but the receivers, who know
//! no password.

mod expression;
mod lines;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use binnacle::config::Settings;
use binnacle_alerting::graph::Chart;
use binnacle_alerting::notify::Graph;
use binnacle_alerting::service;
use binnacle_model::alert::{Alert, BoxFuture};
use binnacle_model::query::{MetricsQuery, QueryOptions, QueryValue, RangeQuery};
use binnacle_server::state;
use binnacle_stdx::clock::Clock;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use url::{Host, Url};

use expression::Shown;

/// Pictures that are kept, the newest. Most have 5 to 10 kB, none much over 30.
const PICTURES_MAX: usize = 500;
/// Pictures that are drawn at the same time: a storm of alerts must not become a storm
/// of queries.
const DRAWN_AT_ONCE: usize = 2;
/// How long a query may take. Nobody waits longer for the picture.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
/// What a picture shows, milliseconds.
const RANGE_MS: i64 = 3_600_000;
/// Points of a series in it, but for the first.
const POINTS: i64 = 120;
/// Time between two of them, milliseconds.
const STEP_MS: i64 = RANGE_MS / POINTS;
const NS_PER_MS: i64 = 1_000_000;
/// Where the server answers with them.
const PATH: &str = "/api/binnacle/v1/alerts/graphs";

/// Draws pictures and keeps them.
pub(super) struct Graphs {
    metrics: Arc<dyn MetricsQuery>,
    clock: Arc<dyn Clock>,
    is_on: AtomicBool,
    /// Below which address others find pictures; `None`: they cannot reach us.
    base: Option<String>,
    drawing: Semaphore,
    pictures: Mutex<Pictures>,
}

impl Graphs {
    /// With the settings of the start.
    pub(super) fn new(
        settings: &Settings,
        metrics: Arc<dyn MetricsQuery>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            metrics,
            clock,
            is_on: AtomicBool::new(settings.alerting.graphs),
            base: settings.listen.external_url.as_deref().and_then(base_of),
            drawing: Semaphore::new(DRAWN_AT_ONCE),
            pictures: Mutex::default(),
        }
    }

    /// Takes new settings.
    pub(super) fn configure(&self, settings: &Settings) {
        self.is_on.store(settings.alerting.graphs, Relaxed);
    }

    async fn picture(&self, alerts: &[Arc<Alert>]) -> Option<Graph> {
        let first = alerts.iter().find(|alert| alert.ends_at_ns == 0);
        let first = first.or(alerts.first())?;
        let shown = Shown::of(&first.generator_url)?;
        // Fails only when it is closed, which nobody does.
        let _permit = self.drawing.acquire().await.ok()?;
        let end_ms = self.clock.now_ms();
        let query = RangeQuery {
            text: shown.text.clone(),
            start_ms: end_ms.saturating_sub(RANGE_MS),
            end_ms,
            step_ms: STEP_MS,
            options: QueryOptions {
                timeout: Some(QUERY_TIMEOUT),
                client: "graphs".to_owned(),
                ..QueryOptions::default()
            },
        };
        let (start_ms, end_ms) = (query.start_ms, query.end_ms);
        let answer = match self.metrics.range(query).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(alert = first.name(), %error, "no graph");
                return None;
            }
        };
        let QueryValue::Matrix(matrix) = answer.value else {
            return None;
        };
        // Alerts of other rules may be in the same group.
        let told = alerts
            .iter()
            .filter(|alert| alert.generator_url == first.generator_url);
        let told: Vec<&Alert> = told.map(|alert| &**alert).collect();
        let side = shown.thresholds.first().map(|threshold| threshold.side);
        let times: Vec<i64> = (0..=POINTS).map(|i| start_ms + i * STEP_MS).collect();
        let lines = lines::choose(&matrix, &told, side, &times)?;
        let fires_since_ms = told
            .iter()
            .filter(|alert| alert.ends_at_ns == 0)
            .map(|alert| alert.starts_at_ns / NS_PER_MS)
            .min();
        let chart = Chart {
            title: first.name().to_owned(),
            subtitle: shown.text,
            series: lines.series,
            more: lines.more,
            thresholds: shown.thresholds,
            fires_since_ms,
            start_ms,
            end_ms,
            unit: shown.unit,
        };
        let png = tokio::task::spawn_blocking(move || chart.png())
            .await
            .ok()?;
        let url = self.base.as_ref().and_then(|base| {
            let id = new_id()?;
            let url = format!("{base}/{id}.png");
            self.pictures.lock().put(id, Bytes::from(png.clone()));
            Some(url)
        });
        Some(Graph { png, url })
    }
}

impl service::Graphs for Graphs {
    fn draw<'a>(&'a self, alerts: &'a [Arc<Alert>]) -> BoxFuture<'a, Option<Graph>> {
        Box::pin(async move {
            if !self.is_on.load(Relaxed) {
                return None;
            }
            self.picture(alerts).await
        })
    }
}

impl state::Graphs for Graphs {
    fn png(&self, id: &str) -> Option<Bytes> {
        self.pictures.lock().get(id)
    }
}

/// The newest pictures, by their ids.
#[derive(Default)]
struct Pictures(VecDeque<(String, Bytes)>);

impl Pictures {
    fn put(&mut self, id: String, png: Bytes) {
        if self.0.len() >= PICTURES_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id, png));
    }

    fn get(&self, id: &str) -> Option<Bytes> {
        let found = self.0.iter().rev().find(|(known, _)| known == id);
        found.map(|(_, png)| png.clone())
    }
}

/// Where pictures are below the address of this server; `None`: it is one that only this
/// machine knows.
fn base_of(external_url: &str) -> Option<String> {
    let url = Url::parse(external_url).ok()?;
    let is_own = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unspecified(),
    };
    (!is_own).then(|| format!("{}{PATH}", external_url.trim_end_matches('/')))
}

/// 128 bits that nobody can guess, in hexadecimal; `None`: the system has none to give.
fn new_id() -> Option<String> {
    let mut bytes = [0; 16];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_others_know_are_told() {
        let check = |url: &str, want: Option<&str>| {
            let want = want.map(|base| format!("{base}/api/binnacle/v1/alerts/graphs"));
            assert_eq!(base_of(url), want, "{url}");
        };
        check("http://binnacle.example", Some("http://binnacle.example"));
        check(
            "https://example.org/binnacle/",
            Some("https://example.org/binnacle"),
        );
        check("http://10.0.0.1:9090", Some("http://10.0.0.1:9090"));
        check("http://localhost:9090", None);
        check("http://127.0.0.5:9090", None);
        check("http://[::1]:9090/", None);
        check("http://0.0.0.0:9090", None);
        check("nonsense", None);
    }

    #[test]
    fn old_pictures_go_first() {
        let mut pictures = Pictures::default();
        for n in 0..=PICTURES_MAX {
            pictures.put(n.to_string(), Bytes::from(n.to_string()));
        }
        assert_eq!(pictures.get("0"), None);
        assert_eq!(pictures.get("1"), Some(Bytes::from("1")));
        let last = PICTURES_MAX.to_string();
        assert_eq!(pictures.get(&last), Some(Bytes::from(last.clone())));
        assert_eq!(pictures.0.len(), PICTURES_MAX);
    }

    #[test]
    fn ids_are_128_bits() {
        let (a, b) = (new_id().expect("an id"), new_id().expect("an id"));
        assert_eq!((a.len(), b.len()), (32, 32));
        assert_ne!(a, b);
    }
}
