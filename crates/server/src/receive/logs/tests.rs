//! Requests through the routes into a sink that keeps what it gets.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use binnacle_model::append::AppendError;
use binnacle_model::event::EventBatch;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::sink::{LogSink, SinkError, Source, Taken};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use tower::ServiceExt;

use super::{Intake, IntakeLimits, routes};

/// What the sink says next.
#[derive(Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Takes,
    RefusesAll(EventRefusal),
    /// Rows whose line holds the word.
    Refuses(EventRefusal, &'static str),
    RateLimited,
    Closed,
}

/// Keeps rows as `sender labels time line`.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) rows: Mutex<Vec<String>>,
    pub(crate) mood: Mutex<Mood>,
}

impl LogSink for Recorder {
    fn push(&self, source: &Source, batch: &mut EventBatch) -> Result<Taken, SinkError> {
        let rows = batch.len() as u64;
        match self.mood.lock().clone() {
            Mood::Takes => {}
            Mood::RefusesAll(refusal) => {
                return Ok(Taken {
                    rows: 0,
                    refused: vec![(refusal, rows)],
                    refused_rows: (0..rows as u32).map(|row| (row, refusal)).collect(),
                    messages: vec!["all refused".to_owned()],
                });
            }
            Mood::Refuses(refusal, word) => {
                let has_word = |row: &u32| {
                    let line = batch.line(*row as usize);
                    String::from_utf8_lossy(line).contains(word)
                };
                let refused: Vec<_> = (0..rows as u32).filter(has_word).collect();
                return Ok(Taken {
                    rows: rows - refused.len() as u64,
                    refused: vec![(refusal, refused.len() as u64)],
                    refused_rows: refused.iter().map(|row| (*row, refusal)).collect(),
                    messages: vec![format!("{} refused", refused.len())],
                });
            }
            Mood::RateLimited => return Err(SinkError::RateLimited("too fast".to_owned())),
            Mood::Closed => return Err(AppendError::Closed.into()),
        }
        for (at, stream) in batch.streams.iter().enumerate() {
            let labels = binnacle_model::Labels::from_canonical(batch.stream_labels(at));
            let labels = labels.expect("canonical");
            for row in stream.rows.start as usize..stream.rows.end as usize {
                let line = String::from_utf8_lossy(batch.line(row)).into_owned();
                let text = format!("{} {labels} {} {line}", source.sender, batch.times_ns[row]);
                self.rows.lock().push(text);
            }
        }
        Ok(Taken {
            rows,
            ..Taken::default()
        })
    }
}

pub(crate) fn intake() -> (Arc<Intake>, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let intake = Intake {
        sink: recorder.clone(),
        counters: Arc::default(),
        limits: IntakeLimits {
            body_bytes_max: 4096,
            decoded_bytes_max: 8192,
        },
        otlp: binnacle_wire::otlp::LogMapping::default(),
        tenant_required: false,
        now_ns: Box::new(|| 9),
    };
    (Arc::new(intake), recorder)
}

struct Bench {
    router: Router,
    recorder: Arc<Recorder>,
    intake: Arc<Intake>,
}

impl Bench {
    fn new() -> Self {
        let (intake, recorder) = intake();
        Self {
            router: routes(&intake),
            recorder,
            intake,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, http::HeaderMap, Vec<u8>) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.expect("a body");
        let mut headers = parts.headers;
        if let Some(trailers) = collected.trailers() {
            headers.extend(trailers.clone());
        }
        (parts.status, headers, collected.to_bytes().to_vec())
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut request = Request::post(path).header("x-scope-orgid", "t");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        let (status, _, body) = self.send(request).await;
        (status.as_u16(), String::from_utf8_lossy(&body).into_owned())
    }

    fn rows(&self) -> Vec<String> {
        std::mem::take(&mut *self.recorder.rows.lock())
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const PUSH: &str = "/loki/api/v1/push";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn loki() {
    let bench = Bench::new();
    let body = br#"{"streams":[{"stream":{"a":"b"},"values":[["5","hi"]]}]}"#;
    assert_eq!(bench.post(PUSH, &[JSON], body).await, (204, String::new()));
    assert_eq!(bench.rows(), [r#"t {a="b"} 5 hi"#]);
    let packed = gzip(body);
    let answer = bench
        .post(PUSH, &[JSON, ("content-encoding", "gzip")], &packed)
        .await;
    assert_eq!(answer.0, 204);
    assert_eq!(bench.rows().len(), 1);
    // Timestamp of 0 s, one entry.
    let message = b"\x0a\x12\x0a\x07{a=\"b\"}\x12\x07\x0a\x00\x12\x03one";
    let mut snappy = vec![message.len() as u8, (message.len() as u8 - 1) << 2];
    snappy.extend_from_slice(message);
    for path in [PUSH, "/api/prom/push"] {
        assert_eq!(
            bench.post(path, &[PROTOBUF], &snappy).await.0,
            204,
            "{path}"
        );
        assert_eq!(bench.rows(), [r#"t {a="b"} 0 one"#]);
    }
    let check = async |headers: &[(&str, &str)], body: &[u8], status: u16, text: &str| {
        let (got, answer) = bench.post(PUSH, headers, body).await;
        assert_eq!(got, status, "{answer}");
        assert!(answer.contains(text), "{answer}");
    };
    check(&[JSON], b"", 400, "JSON").await;
    check(&[JSON], br#"{"streams":[]}"#, 422, "at least one valid").await;
    check(
        &[("content-type", "application/jsonn")],
        body,
        400,
        "snappy",
    )
    .await;
    check(
        &[("content-type", "application/json; charsetutf-8")],
        body,
        400,
        "mime",
    )
    .await;
    check(&[JSON, ("content-encoding", "br")], body, 415, "br").await;
    check(&[JSON], &[b' '; 5000], 413, "4096").await;
    let bomb = gzip(&[b' '; 100_000]);
    check(&[JSON, ("content-encoding", "gzip")], &bomb, 413, "8192").await;
    let labels = br#"{"streams":[{"stream":{"a-b":"c"},"values":[["5","no"]]},
        {"stream":{"a":"c"},"values":[["5","yes"]]}]}"#;
    check(&[JSON], labels, 400, "a-b").await;
    assert_eq!(bench.rows(), [r#"t {a="c"} 5 yes"#]);
    *bench.recorder.mood.lock() = Mood::RateLimited;
    check(&[JSON], body, 429, "too fast").await;
    *bench.recorder.mood.lock() = Mood::RefusesAll(EventRefusal::LineTooLong);
    check(&[JSON], body, 400, "all refused").await;
    *bench.recorder.mood.lock() = Mood::RefusesAll(EventRefusal::Dropped);
    check(&[JSON], body, 204, "").await;
    *bench.recorder.mood.lock() = Mood::Closed;
    check(&[JSON], body, 503, "closing").await;
    let way = bench.intake.way("loki");
    assert_eq!(way.lines.load(std::sync::atomic::Ordering::Relaxed), 5);
    let requests = way.refused_requests();
    assert!(requests.contains(&("too_large", 2)), "{requests:?}");
    let lines = way.refused_lines();
    assert!(lines.contains(&("line_too_long", 1)), "{lines:?}");
    assert!(lines.contains(&("invalid_labels", 1)), "{lines:?}");
}

const OTLP_JSON: &[u8] = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
    {"body":{"stringValue":"hi"}}]}],"resource":{"attributes":[
    {"key":"service.name","value":{"stringValue":"s"}}]}}]}"#;
/// The same without a resource.
const OTLP_PROTOBUF: &[u8] = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi";

#[tokio::test(flavor = "multi_thread")]
async fn otlp() {
    let bench = Bench::new();
    for path in ["/v1/logs", "/otlp/v1/logs"] {
        let answer = bench.post(path, &[JSON], OTLP_JSON).await;
        assert_eq!(answer, (200, r#"{"partialSuccess":{}}"#.to_owned()));
        assert_eq!(bench.rows(), [r#"t {service_name="s"} 9 hi"#]);
    }
    assert_eq!(
        bench.post("/v1/logs", &[PROTOBUF], OTLP_PROTOBUF).await,
        (200, String::new())
    );
    assert_eq!(bench.rows(), ["t {} 9 hi"]);
    let (status, text) = bench.post("/v1/logs", &[JSON], b"{").await;
    assert_eq!(status, 400);
    assert!(text.starts_with(r#"{"code":3,"message":"JSON"#), "{text}");
    assert_eq!(bench.post("/v1/logs", &[], OTLP_JSON).await.0, 415);
    *bench.recorder.mood.lock() = Mood::RefusesAll(EventRefusal::TooOld);
    let (status, text) = bench.post("/v1/logs", &[JSON], OTLP_JSON).await;
    assert_eq!(status, 200);
    assert!(
        text.contains(r#""rejectedLogRecords":"1","errorMessage":"all refused""#),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_over_grpc() {
    let bench = Bench::new();
    let call = async |encoding: &str, flag: u8, message: &[u8]| {
        let mut frame = vec![flag];
        frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
        frame.extend_from_slice(message);
        let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
        let request = Request::post(path)
            .header("content-type", "application/grpc+proto")
            .header("grpc-encoding", encoding)
            .body(Body::from(frame))
            .expect("a request");
        let (status, headers, body) = bench.send(request).await;
        assert_eq!(status, 200);
        let text = |name: &str| {
            let value = headers.get(name).and_then(|v| v.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        (text("grpc-status"), text("grpc-message"), body)
    };
    assert_eq!(
        call("", 0, OTLP_PROTOBUF).await,
        ("0".into(), String::new(), vec![0; 5])
    );
    assert_eq!(call("gzip", 1, &gzip(OTLP_PROTOBUF)).await.0, "0");
    assert_eq!(bench.rows().len(), 2);
    assert_eq!(call("", 0, b"\xff").await.0, "3");
    assert_eq!(call("gzip", 1, &gzip(&[0; 100_000])).await.0, "8");
    *bench.recorder.mood.lock() = Mood::Closed;
    let (code, message, _) = call("", 0, OTLP_PROTOBUF).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("14", "storage is closing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch() {
    let bench = Bench::new();
    let body = b"{\"create\":{\"_index\":\"k-2024.01.02\",\"_id\":\"x\"}}\n{\"message\":\"hi\",\"@timestamp\":\"1970-01-01T00:00:01Z\"}\n\
        {\"index\":{}}\n{\"n\":1}\n{\"delete\":{\"_id\":\"1\"}}\n{\"index\":{}}\nbroken\n";
    let (status, text) = bench.post("/elasticsearch/logs/_bulk", &[JSON], body).await;
    assert_eq!(status, 200);
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(answer["errors"], true);
    let items = answer["items"].as_array().expect("items");
    let statuses: Vec<_> = items
        .iter()
        .map(|item| {
            let (action, item) = item.as_object().and_then(|o| o.iter().next()).expect("one");
            (action.as_str(), item["status"].as_u64().expect("a status"))
        })
        .collect();
    assert_eq!(
        statuses,
        [
            ("create", 201),
            ("index", 201),
            ("delete", 400),
            ("index", 400)
        ]
    );
    assert_eq!(items[0]["create"]["_id"], "x");
    assert_eq!(
        bench.rows(),
        [
            r#"t {index="k"} 1000000000 hi"#,
            r#"t {index="logs"} 9 {"n":1}"#
        ]
    );
    let post = "/elasticsearch/logs/_doc";
    assert_eq!(
        bench.post(post, &[JSON], br#"{"message":"one"}"#).await.0,
        201
    );
    assert_eq!(bench.rows(), [r#"t {index="logs"} 9 one"#]);
    assert_eq!(
        bench
            .post("/elasticsearch/_bulk", &[JSON], b"nonsense\n")
            .await
            .0,
        400
    );
    *bench.recorder.mood.lock() = Mood::RefusesAll(EventRefusal::RateLimited);
    let line = b"{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"b\"}\n";
    let (status, text) = bench.post("/elasticsearch/_bulk", &[JSON], line).await;
    assert_eq!(status, 200);
    assert!(text.contains(r#""status":429"#), "{text}");
    let mixed = b"{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"good\"}\n\
        {\"index\":{\"_index\":\"a\"}}\nbroken\n\
        {\"index\":{\"_index\":\"a\"}}\n{\"message\":\"bad\"}\n\
        {\"index\":{\"_index\":\"a\"}}\n{\"message\":\"good\"}\n";
    let check = async |refusal, want: [u64; 4], errors: bool| {
        *bench.recorder.mood.lock() = Mood::Refuses(refusal, "bad");
        let (status, text) = bench.post("/elasticsearch/_bulk", &[JSON], mixed).await;
        assert_eq!(status, 200);
        let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let items = answer["items"].as_array().expect("items").iter();
        let got: Vec<_> = items.map(|item| item["index"]["status"].as_u64()).collect();
        assert_eq!(got, want.map(Some), "{text}");
        assert_eq!(answer["errors"], errors, "{text}");
    };
    check(EventRefusal::LineTooLong, [201, 400, 400, 201], true).await;
    check(EventRefusal::StreamRateLimited, [201, 400, 429, 201], true).await;
    check(EventRefusal::Dropped, [201, 400, 201, 201], true).await;
    for (method, path, status) in [
        ("GET", "/elasticsearch", 200),
        ("GET", "/elasticsearch/", 200),
        ("HEAD", "/elasticsearch/_index_template/x", 200),
        ("PUT", "/elasticsearch/_ilm/policy/x", 200),
        ("GET", "/elasticsearch/_license", 200),
        ("GET", "/elasticsearch/_xpack", 200),
        ("GET", "/elasticsearch/_nodes/http", 200),
        ("GET", "/elasticsearch/_cluster/health", 200),
        ("GET", "/elasticsearch/_search/x/y", 404),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).expect("a request");
        let (got, headers, _) = bench.send(request).await;
        assert_eq!(got, status, "{method} {path}");
        assert!(headers.contains_key("x-elastic-product"), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_and_journald() {
    let bench = Bench::new();
    let path = "/api/binnacle/v1/logs/jsonl?stream_fields=app,host&time_field=t&message_field=m";
    let body = b"{\"t\":1,\"m\":\"hi\",\"app\":\"x\"}\n";
    assert_eq!(
        bench.post(path, &[], body).await,
        (200, r#"{"lines":1}"#.to_owned())
    );
    assert_eq!(bench.rows(), [r#"t {app="x"} 1000000000 hi"#]);
    let (status, text) = bench.post(path, &[], b"{\"m\":\"a\"}\nno\n").await;
    assert_eq!(status, 400);
    assert!(
        text.contains("1 lines were stored") && text.contains("line 2"),
        "{text}"
    );
    assert_eq!(bench.rows().len(), 1);
    let unknown = bench
        .post("/api/binnacle/v1/logs/jsonl?x=y", &[], body)
        .await;
    assert_eq!(unknown.0, 400);

    let export = ("content-type", "application/vnd.fdo.journal");
    let entries = b"MESSAGE=one\n__REALTIME_TIMESTAMP=2\n\nMESSAGE=two\n\nMESSAGE=three\n";
    assert_eq!(bench.post("/upload", &[export], entries).await.0, 202);
    assert_eq!(
        bench.rows(),
        ["t {} 2000 one", "t {} 9 two", "t {} 9 three"]
    );
    assert_eq!(
        bench
            .post("/upload", &[JSON], br#"{"MESSAGE":"x"}"#)
            .await
            .0,
        202
    );
    assert_eq!(bench.rows(), ["t {} 9 x"]);
    assert_eq!(bench.post("/upload", &[export], b"broken\nx").await.0, 400);
}
