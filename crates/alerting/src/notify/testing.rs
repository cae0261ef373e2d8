//! What the tests of receivers share: a server that records what arrives and answers
//! by a script, a notification to be told, and settings from YAML.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use binnacle_config::reader::{Context, Reader, read_file};
use binnacle_config::yaml;
use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Texts};
use binnacle_template::Time;
use binnacle_template::alertmanager::{self, Data, Kv, Template};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Graph, Notification};
use crate::config::{Global, global};

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status and a body.
    Status(u16, &'static str),
    /// The same with further headers, each with its line's end.
    With(u16, &'static str, &'static str),
    /// Nothing, for ever.
    Silence,
    /// The connection is closed.
    Close,
}

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Verb.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(n, _)| n == name);
        header.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The parameters of the body or, without one, of the query, sorted.
    pub fn form(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = match self.body.is_empty() {
            true => query.to_owned(),
            false => self.text(),
        };
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let mut pairs: Vec<(String, String)> = pairs.into_owned().collect();
        pairs.sort();
        pairs
    }
}

/// A server on a port of its own.
pub struct Server {
    /// Its URL, without a slash at its end.
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers one request after the other by `script`, whose last line repeats.
    pub async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), Arc::clone(&recorded)));
            }
        });
        Self {
            url: format!("http://{address}"),
            received,
        }
    }

    /// Answers everything with status 200 and `body`.
    pub async fn saying(body: &'static str) -> Self {
        Self::start(vec![Answer::Status(200, body)]).await
    }

    /// Everything that arrived.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// The only request that arrived.
    pub fn one(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().expect("one")
    }
}

async fn serve(mut stream: TcpStream, script: Vec<Answer>, recorded: Arc<Mutex<Vec<Received>>>) {
    let mut buf = Vec::new();
    while let Some(request) = receive(&mut stream, &mut buf).await {
        let number = {
            let mut recorded = recorded.lock();
            recorded.push(request);
            recorded.len() - 1
        };
        let answer = script.get(number).or(script.last()).cloned();
        let (status, headers, body) = match answer {
            Some(Answer::Status(status, body)) => (status, "", body),
            Some(Answer::With(status, headers, body)) => (status, headers, body),
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Close) | None => return,
        };
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn receive(stream: &mut TcpStream, buf: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some((received, used)) = parse(buf) {
            buf.drain(..used);
            return Some(received);
        }
        if stream.read_buf(buf).await.ok()? == 0 {
            return None;
        }
    }
}

/// The request at the start of `buf`, when it is whole, and its length.
fn parse(buf: &[u8]) -> Option<(Received, usize)> {
    let end = buf.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buf[..end]).expect("a head in UTF-8");
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let mut received = Received {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length: usize = received.header("content-length").parse().unwrap_or(0);
    let body = buf.get(end..end + length)?;
    received.body = body.to_vec();
    Some((received, end + length))
}

/// All that a notification borrows from.
pub struct Told {
    alerts: Vec<Arc<Alert>>,
    group_labels: Labels,
    data: Data,
    templates: Template,
    store: Texts,
    graph: Option<Graph>,
    timeout: Duration,
}

/// Milliseconds since the Unix epoch.
const NOW_MS: i64 = 1_700_000_000_000;

impl Told {
    /// `count` alerts named `Down` that fire.
    pub fn firing(count: usize) -> Self {
        Self::of(count, 0)
    }

    /// `count` alerts named `Down` that have ended.
    pub fn resolved(count: usize) -> Self {
        Self::of(count, NOW_MS - 1000)
    }

    fn of(count: usize, ended_ms: i64) -> Self {
        let alerts = (0..count).map(|i| {
            Arc::new(Alert {
                labels: Labels::from_pairs([
                    ("alertname", "Down"),
                    ("instance", format!("host{i}").as_str()),
                    ("severity", "critical"),
                ]),
                annotations: vec![("summary".to_owned(), format!("<host{i}> & co is \"dün\""))],
                starts_at_ns: (NOW_MS - 60_000) * 1_000_000,
                ends_at_ns: ended_ms * 1_000_000,
                generator_url: format!("http://prometheus/graph?i={i}"),
                ..Alert::default()
            })
        });
        let alerts: Vec<Arc<Alert>> = alerts.collect();
        let group_labels = Labels::from_pairs([("alertname", "Down")]);
        let kv = |labels: &Labels| -> Kv {
            let pairs = labels.iter();
            pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
        };
        let shown = alerts.iter().map(|alert| alertmanager::Alert {
            status: if ended_ms == 0 { "firing" } else { "resolved" }.to_owned(),
            labels: kv(&alert.labels),
            annotations: alert.annotations.iter().cloned().collect(),
            starts_at: Time::from_unix_ms(alert.starts_at_ns / 1_000_000),
            ends_at: match ended_ms {
                0 => Time::default(),
                ended_ms => Time::from_unix_ms(ended_ms),
            },
            generator_url: alert.generator_url.clone(),
            fingerprint: alert.fingerprint().to_string(),
        });
        let external_url = "http://alerts.example";
        let data = Data::assemble(
            "team",
            kv(&group_labels),
            Kv::default(),
            "first notification",
            shown.collect(),
            external_url,
        );
        Self {
            alerts,
            group_labels,
            data,
            templates: Template::new(external_url).expect("the default templates"),
            store: Texts::new(),
            graph: None,
            timeout: Duration::from_secs(30),
        }
    }

    /// With a picture that others can fetch.
    pub fn with_graph(mut self, url: &str) -> Self {
        self.graph = Some(Graph {
            png: b"\x89PNG\r\n\x1a\n".to_vec(),
            url: Some(url.to_owned()),
        });
        self
    }

    /// After a notification that stored this.
    pub fn with_store(mut self, store: Texts) -> Self {
        self.store = store;
        self
    }

    /// Which nobody waits for longer than that.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The notification.
    pub fn notification(&self) -> Notification<'_> {
        Notification {
            receiver: "team",
            group_key: "{}:{alertname=\"Down\"}",
            group_labels: &self.group_labels,
            alerts: &self.alerts,
            data: &self.data,
            templates: &self.templates,
            now_ms: NOW_MS,
            timeout: self.timeout,
            store: &self.store,
            graph: self.graph.as_ref(),
        }
    }
}

/// Reads `text`, an element of a kind's list, under the section `global` of `global`.
/// The mistakes come in the order of the file.
pub fn read<T>(
    global: &str,
    text: &str,
    read: impl FnOnce(&mut Reader<'_>, &Global) -> T,
) -> Result<T, Vec<String>> {
    let file = Path::new("alertmanager.yml");
    let context = Context::new(file);
    let parse = |text: &str| yaml::parse(file, text).expect("YAML");
    let (global, _) = read_file(&context, parse(global).as_deref(), global::read);
    let (settings, _) = read_file(&context, parse(text).as_deref(), |r| read(r, &global));
    let errors: Vec<String> = context
        .take_errors()
        .into_iter()
        .map(|error| error.message)
        .collect();
    if errors.is_empty() {
        Ok(settings)
    } else {
        Err(errors)
    }
}

/// Reads settings that are right, with `{url}` in `text` for a server's.
pub fn settings<T>(
    server: &Server,
    text: &str,
    kind: impl FnOnce(&mut Reader<'_>, &Global) -> T,
) -> T {
    match read("", &text.replace("{url}", &server.url), kind) {
        Ok(settings) => settings,
        Err(errors) => panic!("{errors:?}"),
    }
}
