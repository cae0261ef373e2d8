//! Elasticsearch, as far as shippers need it: the bulk API, single documents, and the
//! questions that Fluentd, Fluent Bit, Filebeat, Logstash and Vector ask before they send.
//!
//! Templates, policies and pipelines are acknowledged and mean nothing here: there is no
//! mapping to set up. Whoever asks whether one is there is told yes, so that nothing waits.
//! Searching is not spoken.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use binnacle_model::event::EventBatch;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::sink::Taken;
use binnacle_wire::WireError;
use binnacle_wire::elastic::{
    Fault, Item, decode_bulk, decode_document, default_rules, push_answer,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::Intake;
use super::body::Pushed;
use crate::receive::PushError;

const PROTOCOL: &str = "elasticsearch";

/// The version that is spoken: new enough for data streams and `create`, old enough for
/// clients that ask for 8.
const VERSION: &str = "8.17.0";

/// Official clients look for this header and refuse to go on without it.
static PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");

/// The routes, from Elasticsearch's root on.
pub(super) fn routes() -> Router<Arc<Intake>> {
    Router::new()
        .route("/", get(root))
        .route("/_bulk", post(bulk).put(bulk))
        .route("/{index}/_bulk", post(bulk_into).put(bulk_into))
        .route("/{index}/_doc", post(document))
        .route("/{index}/_doc/{id}", post(document).put(document))
        .route("/{index}/_create/{id}", post(document).put(document))
        .route("/_license", get(license))
        .route("/_xpack", get(xpack))
        .route("/_cluster/health", get(health))
        .route("/_nodes", get(nodes))
        .route("/_nodes/{*rest}", get(nodes))
        .route("/_ilm/policy/{name}", any(named))
        .route("/_index_template/{name}", any(named))
        .route("/_component_template/{name}", any(named))
        .route("/_template/{name}", any(named))
        .route("/_ingest/pipeline/{name}", any(named))
        .route("/_data_stream/{name}", any(named))
        .route("/_alias/{name}", any(named))
        .route("/{index}", any(named))
        .fallback(unknown)
}

/// An answer with the product's header.
fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (PRODUCT.clone(), HeaderValue::from_static("Elasticsearch")),
    ];
    (status, headers, body.into()).into_response()
}

fn ok(body: &Value) -> Response {
    answer(StatusCode::OK, body.to_string())
}

fn failed(status: StatusCode, kind: &str, reason: &str) -> Response {
    let cause = json!({"type": kind, "reason": reason});
    let body = json!({
        "error": {"root_cause": [cause], "type": kind, "reason": reason},
        "status": status.as_u16(),
    });
    answer(status, body.to_string())
}

fn refused(error: &PushError) -> Response {
    let kind = match error.status {
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
        s if s.is_server_error() => "unavailable_shards_exception",
        _ => "illegal_argument_exception",
    };
    failed(error.status, kind, &error.message)
}

pub(super) async fn root() -> Response {
    ok(&json!({
        "name": "binnacle",
        "cluster_name": "binnacle",
        "cluster_uuid": "YmlubmFjbGUtY2x1c3Rlcg",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "tar",
            "build_snapshot": false,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }))
}

async fn license() -> Response {
    ok(&json!({"license": {
        "status": "active", "uid": "binnacle", "type": "basic", "issued_to": "binnacle",
        "issuer": "binnacle", "max_nodes": 1000,
    }}))
}

async fn xpack() -> Response {
    let feature = json!({"available": true, "enabled": true});
    ok(&json!({
        "license": {"uid": "binnacle", "type": "basic", "mode": "basic", "status": "active"},
        "features": {"ilm": feature, "data_streams": feature},
        "tagline": "You know, for X",
    }))
}

async fn health() -> Response {
    ok(&json!({
        "cluster_name": "binnacle", "status": "green", "timed_out": false,
        "number_of_nodes": 1, "number_of_data_nodes": 1, "unassigned_shards": 0,
    }))
}

async fn nodes(request: Request<Body>) -> Response {
    // Clients that sniff go on to whatever address stands here: the one they have used.
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|v| v.to_str().ok());
    ok(&json!({
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": "binnacle",
        "nodes": {"binnacle": {
            "name": "binnacle", "version": VERSION, "roles": ["data", "ingest", "master"],
            "http": {"publish_address": host.unwrap_or_default()},
        }},
    }))
}

/// A template, policy, pipeline, stream or index: it is there, and setting it up works.
async fn named(request: Request<Body>) -> Response {
    let path = request.uri().path();
    let (kind, name) = path
        .trim_matches('/')
        .rsplit_once('/')
        .unwrap_or(("", path));
    match *request.method() {
        Method::GET => ok(&match kind.rsplit('/').next() {
            Some(list @ ("_index_template" | "_component_template")) => {
                json!({format!("{}s", list.trim_start_matches('_')): [{"name": name}]})
            }
            Some("_data_stream") => json!({"data_streams": [{"name": name}]}),
            _ => json!({name: {}}),
        }),
        Method::HEAD => answer(StatusCode::OK, Body::empty()),
        Method::PUT | Method::POST => {
            ok(&json!({"acknowledged": true, "shards_acknowledged": true, "index": name}))
        }
        _ => failed(
            StatusCode::METHOD_NOT_ALLOWED,
            "illegal_argument_exception",
            "only GET, HEAD, PUT and POST are answered here",
        ),
    }
}

async fn unknown(request: Request<Body>) -> Response {
    let reason = format!(
        "no handler found for uri [{}] and method [{}]: only what shippers need is spoken here",
        request.uri().path(),
        request.method()
    );
    failed(StatusCode::NOT_FOUND, "illegal_argument_exception", &reason)
}

async fn bulk(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    take(&intake, None, request).await
}

async fn bulk_into(
    State(intake): State<Arc<Intake>>,
    Path(index): Path<String>,
    request: Request<Body>,
) -> Response {
    take(&intake, Some(index), request).await
}

async fn take(intake: &Intake, index: Option<String>, request: Request<Body>) -> Response {
    let started = Instant::now();
    let now_ns = (intake.now_ns)();
    let rules = default_rules();
    let items = store(intake, request, |body, batch| {
        decode_bulk(body, index.as_deref(), &rules, now_ns, batch)
    });
    match items.await {
        Ok(items) => {
            let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let mut out = Vec::with_capacity(64 + items.len() * 160);
            push_answer(&mut out, &items, took_ms, now_ns as u64);
            answer(StatusCode::OK, out)
        }
        Err(error) => refused(&error),
    }
}

/// One document: a bulk request of one.
async fn document(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let now_ns = (intake.now_ns)();
    let path = request.uri().path().trim_matches('/').to_owned();
    let mut segments = path.split('/').skip_while(|s| *s == "elasticsearch");
    let index = segments.next().unwrap_or_default().to_owned();
    let id = segments.nth(1).map(str::to_owned);
    let rules = default_rules();
    let items = store(&intake, request, |body, batch| {
        let fault = decode_document(body, &index, &rules, now_ns, batch).err();
        Ok(vec![Item {
            action: "create",
            index: index.clone(),
            id: id.clone(),
            fault,
        }])
    });
    match items
        .await
        .map(|items| items.into_iter().find_map(|item| item.fault))
    {
        Ok(None) => {
            let id = id.unwrap_or_else(|| format!("{now_ns:020x}"));
            let body = json!({
                "_index": index, "_id": id, "_version": 1, "result": "created",
                "_shards": {"total": 1, "successful": 1, "failed": 0},
            });
            answer(StatusCode::CREATED, body.to_string())
        }
        Ok(Some(fault)) => {
            let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_REQUEST);
            failed(status, fault.kind, &fault.reason)
        }
        Err(error) => refused(&error),
    }
}

async fn store(
    intake: &Intake,
    request: Request<Body>,
    decode: impl FnOnce(&[u8], &mut EventBatch) -> Result<Vec<Item>, WireError>,
) -> Result<Vec<Item>, PushError> {
    let pushed = Pushed::read(intake, PROTOCOL, request).await?;
    // The sink may wait for the disk.
    tokio::task::block_in_place(|| {
        let (mut items, taken) = intake.take(&pushed.source, |batch| {
            decode(&pushed.decoded(intake)?, batch)
        })?;
        let faulty = items.iter().filter(|item| item.fault.is_some()).count();
        if faulty > 0 {
            intake
                .way(PROTOCOL)
                .refuse_lines("malformed", faulty as u64);
        }
        mark_refused(&mut items, &taken);
        Ok(items)
    })
}

/// Marks the items that the sink refused. What privacy rules dropped is told as created:
/// sending it again would not help.
fn mark_refused(items: &mut [Item], taken: &Taken) {
    let mut refused = taken.refused_rows.iter().peekable();
    // The k-th item without a fault is the k-th row.
    let stored = items.iter_mut().filter(|item| item.fault.is_none());
    for (row, item) in (0u32..).zip(stored) {
        let Some((_, reason)) = refused.next_if(|(at, _)| *at == row) else {
            if refused.peek().is_none() {
                return;
            }
            continue;
        };
        item.fault = fault(*reason, taken);
    }
}

/// What Elasticsearch says of one document.
fn fault(reason: EventRefusal, taken: &Taken) -> Option<Fault> {
    let (status, kind) = match reason {
        EventRefusal::Dropped => return None,
        reason if reason.is_temporary() => (429, "es_rejected_execution_exception"),
        _ => (400, "illegal_argument_exception"),
    };
    let message = taken.message_of(reason).unwrap_or(reason.as_str());
    Some(Fault {
        status,
        kind,
        reason: message.to_owned(),
    })
}
