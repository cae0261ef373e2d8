//! Pictures of expressions in notifications.

use std::sync::Arc;
use std::time::Duration;

use binnacle_alerting::notify::Graph;
use binnacle_alerting::service::Graphs;
use binnacle_model::alert::{Alert, BoxFuture};
use parking_lot::Mutex;

use crate::support::World;

/// Two integrations that show pictures and one that does not.
const CONFIG: &str = "
route:
  receiver: default
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/a
  slack_configs:
  - {api_url: 'http://127.0.0.1:1/b', channel: b}
  - {api_url: 'http://127.0.0.1:1/c', channel: c}
";

/// Draws after a while, and remembers for whom.
struct Painter {
    takes: Duration,
    asked: Mutex<Vec<String>>,
}

impl Graphs for Painter {
    fn draw<'a>(&'a self, alerts: &'a [Arc<Alert>]) -> BoxFuture<'a, Option<Graph>> {
        let names: Vec<&str> = alerts.iter().map(|alert| alert.name()).collect();
        self.asked.lock().push(names.join(" "));
        Box::pin(async {
            tokio::time::sleep(self.takes).await;
            Some(Graph {
                png: vec![0],
                url: Some("http://g/1.png".to_owned()),
            })
        })
    }
}

/// What was told by then: when, to whom, with which picture; and for whom was drawn.
async fn told(config: &str, takes: Duration) -> (Vec<String>, Vec<String>) {
    let world = World::begin(config).await;
    let asked = Mutex::default();
    let painter = Arc::new(Painter { takes, asked });
    world.service.set_graphs(painter.clone());
    world.fire(&["A", "A,x=2"]).await;
    world.until(60.0).await;
    let told = world.recorder.told.lock();
    let mut lines: Vec<String> = told
        .iter()
        .map(|told| {
            let graph = told.graph.as_deref().unwrap_or("none");
            format!("{:.1} {} {graph}", told.at_ms as f64 / 1000.0, told.to)
        })
        .collect();
    lines.sort();
    let asked = painter.asked.lock().clone();
    (lines, asked)
}

#[tokio::test(start_paused = true)]
async fn one_picture_is_drawn_for_all_who_show_it() {
    let (told, asked) = told(CONFIG, Duration::from_millis(500)).await;
    let want = [
        "30.0 default/webhook/0 none",
        "30.5 default/slack/0 http://g/1.png",
        "30.5 default/slack/1 http://g/1.png",
    ];
    assert_eq!(told, want);
    assert_eq!(asked, ["A A"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_picture_that_takes_too_long() {
    let (told, asked) = told(CONFIG, Duration::from_secs(50)).await;
    let want = [
        "30.0 default/webhook/0 none",
        "32.0 default/slack/0 none",
        "32.0 default/slack/1 none",
    ];
    assert_eq!(told, want);
    assert_eq!(asked, ["A A"]);
}

#[tokio::test(start_paused = true)]
async fn none_is_drawn_where_nobody_shows_it() {
    let slack = CONFIG.find("  slack_configs").expect("it is there");
    let (told, asked) = told(&CONFIG[..slack], Duration::ZERO).await;
    assert_eq!(told, ["30.0 default/webhook/0 none"]);
    assert_eq!(asked, Vec::<String>::new());
}
