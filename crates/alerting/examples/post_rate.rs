//! What an alert costs from the post to the answer, journal and history included, and how
//! long it takes from the post to a receiver: `cargo run --profile fast --example post_rate`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use binnacle_alerting::config;
use binnacle_alerting::matchers::Language;
use binnacle_alerting::notify::{Notification, Notifier, NotifyError, Sent};
use binnacle_alerting::policy::Policy;
use binnacle_alerting::service::{NotifierFactory, Options, Service};
use binnacle_model::Labels;
use binnacle_model::alert::{Alert, AlertSink, BoxFuture, Texts};
use binnacle_stdx::clock::SystemClock;
use tokio_util::sync::CancellationToken;

const CONFIG: &str = "
route:
  receiver: default
  group_by: [alertname, cluster]
  group_wait: 1ms
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/
";

struct Count(tokio::sync::mpsc::UnboundedSender<Instant>);

impl Notifier for Count {
    fn notify<'a>(&'a self, _: &'a Notification<'a>) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        // Nobody listens any more when the example ends.
        let _ = self.0.send(Instant::now());
        Box::pin(std::future::ready(Ok(Sent::default())))
    }
    fn render(&self, _: &Notification<'_>) -> Texts {
        Texts::new()
    }
    fn destination(&self) -> String {
        String::new()
    }
}

struct Factory(tokio::sync::mpsc::UnboundedSender<Instant>);

impl NotifierFactory for Factory {
    fn build(&self, _: &str, _: &config::Integration) -> Result<Arc<dyn Notifier>, String> {
        Ok(Arc::new(Count(self.0.clone())))
    }
}

/// CPU seconds of this process, all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn alert(i: usize) -> Alert {
    let text = |s: String| s;
    Alert {
        labels: Labels::from_pairs([
            ("alertname", text(format!("Alert{}", i % 100))),
            ("cluster", text(format!("c{}", i % 7))),
            ("instance", text(format!("host-{i}:9100"))),
            ("job", "node".into()),
            ("severity", "warning".into()),
            ("team", text(format!("team-{}", i % 10))),
        ]),
        annotations: vec![
            (
                "description".into(),
                format!("host-{i} has been down for 5 minutes."),
            ),
            ("summary".into(), "a host is down".into()),
        ],
        generator_url: "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0".into(),
        ..Alert::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let settings = config::parse(Path::new("alertmanager.yml"), CONFIG, Language::default())?;
    let clock = Arc::new(SystemClock);
    let state = binnacle_state::State::open(
        dir.path(),
        binnacle_state::Settings::default(),
        Arc::clone(&clock) as _,
    )
    .await?;
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let service = Service::open(Options {
        settings: Arc::new(settings),
        policy: Policy::default(),
        external_url: "http://localhost".into(),
        ledger: Arc::new(state),
        dir: PathBuf::from(dir.path()).join("alerts"),
        files: binnacle_store::disk::files(),
        clock,
        notifiers: Arc::new(Factory(told)),
    })
    .await?;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&service).run(shutdown.clone()));

    // Latency first, while the machine is quiet.
    let mut latencies = Vec::new();
    for i in 0..200 {
        let mut one = alert(i);
        one.labels = Labels::from_pairs([("alertname", format!("Latency{i}"))]);
        let began = Instant::now();
        service.post(vec![one]).await?;
        if let Some(at) = hear.recv().await {
            latencies.push(at - began);
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    latencies.sort();
    println!(
        "post to receiver, group_wait 1 ms: p50 {:?} p99 {:?}",
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100]
    );

    const ALERTS: usize = 20_000;
    for round in ["new", "again", "again"] {
        let batches: Vec<Vec<Alert>> = (0..ALERTS / 100)
            .map(|b| (b * 100..b * 100 + 100).map(alert).collect())
            .collect();
        let (cpu, began) = (cpu_seconds(), Instant::now());
        for batch in batches {
            service.post(batch).await?;
        }
        let posted = began.elapsed();
        while service.counters().history_waiting > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!(
            "{round}: {:.2} us an alert to the answer; {:.2} us of CPU all in",
            posted.as_secs_f64() * 1e6 / ALERTS as f64,
            (cpu_seconds() - cpu) * 1e6 / ALERTS as f64,
        );
    }
    shutdown.cancel();
    running.await?;
    Ok(())
}
