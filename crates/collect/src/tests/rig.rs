//! One target within the process, scraped every ten seconds of paused time.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::labels::Labels;
use parking_lot::Mutex;
use tokio::time::sleep;

use super::engine::{Engine, TokioClock};
use crate::collector::Collector;
use crate::internal::InternalTarget;
use crate::scrape::Target;
use crate::settings::{CollectSettings, DiscoverySettings, ScrapeSettings};

/// The first scrape's time.
pub(super) const START_MS: i64 = 1_000_000;
const INTERVAL: Duration = Duration::from_secs(10);

/// A target that says what it is told to.
struct Speaker(Mutex<String>);

impl InternalTarget for Speaker {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.lock().as_bytes());
    }
}

/// The collector with one target, after its first scrape.
pub(super) struct Rig {
    pub(super) engine: Arc<Engine>,
    pub(super) collector: Collector,
    settings: CollectSettings,
    speaker: Arc<Speaker>,
}

impl Rig {
    pub(super) fn settings() -> ScrapeSettings {
        let mut settings = ScrapeSettings::new("j");
        settings.interval = INTERVAL;
        settings.timeout = INTERVAL;
        settings
    }

    pub(super) async fn start(mut settings: ScrapeSettings, labels: Labels, text: &str) -> Self {
        settings.discovery = vec![DiscoverySettings::Internal {
            name: "speaker".into(),
            address: "i".into(),
            labels,
        }];
        let settings = CollectSettings {
            scrapes: vec![settings],
            ..CollectSettings::default()
        };
        let engine = Arc::new(Engine::default());
        let speaker = Arc::new(Speaker(Mutex::new(text.to_owned())));
        let clock = Arc::new(TokioClock::new(START_MS));
        let internals: Vec<(String, Arc<dyn InternalTarget>)> =
            vec![("speaker".into(), speaker.clone())];
        let collector = Collector::start(&settings, engine.clone(), clock, internals)
            .await
            .unwrap();
        sleep(INTERVAL / 2).await;
        Self {
            engine,
            collector,
            settings,
            speaker,
        }
    }

    /// A target that is scraped with the usual settings.
    pub(super) async fn usual(text: &str) -> Self {
        Self::start(Self::settings(), Labels::empty(), text).await
    }

    /// The next scrape, which finds `text`.
    pub(super) async fn next(&self, text: &str) {
        text.clone_into(&mut self.speaker.0.lock());
        sleep(INTERVAL).await;
    }

    /// Changes the settings.
    pub(super) async fn reload(&mut self, change: impl FnOnce(&mut CollectSettings)) {
        change(&mut self.settings);
        self.collector.reload(&self.settings).await.unwrap();
    }

    /// All series but the reports, without the labels that all have.
    pub(super) fn shown(&self) -> Vec<String> {
        plain(self.engine.shown())
    }

    /// All series of one metric, without the labels that all have.
    pub(super) fn metric(&self, name: &str) -> Vec<String> {
        plain(self.engine.metric(name))
    }

    pub(super) fn target(&self) -> Arc<Target> {
        self.collector.pools(None)[0].active[0].clone()
    }

    /// The target's last error.
    pub(super) fn error(&self) -> String {
        self.target().status().last_error
    }
}

fn plain(lines: Vec<String>) -> Vec<String> {
    let strip = |line: String| {
        line.replace(r#", instance="i", job="j""#, "")
            .replace(r#"{instance="i", job="j"}"#, "{}")
    };
    lines.into_iter().map(strip).collect()
}
