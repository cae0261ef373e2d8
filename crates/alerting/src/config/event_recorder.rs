//! `event_recorder`: where Alertmanager writes down what it does. Checked; nothing is
//! written there, because the product keeps its own history.

use binnacle_config::http::{self, tls};
use binnacle_config::reader::Reader;

use super::fields;

/// Takes the fields of the section.
pub(super) fn read(r: &mut Reader<'_>) {
    let empty = |kind: &str| format!("empty or null event_recorder {kind} output");
    r.sections("file_outputs", &empty("file"), read_file);
    r.sections("webhook_outputs", &empty("webhook"), read_webhook);
    r.sections("kafka_outputs", &empty("kafka"), read_kafka);
    r.sections("stdout_outputs", &empty("stdout"), |_| ());
}

fn read_file(r: &mut Reader<'_>) {
    if r.path("path").is_none() {
        r.refuse("path", "event_recorder file output requires a path");
    }
}

fn read_webhook(r: &mut Reader<'_>) {
    match fields::secret_url(r, "url") {
        None => r.refuse("url", "event_recorder webhook output requires a url"),
        Some(url) if fields::check_url(url.reveal()).is_err() => r.refuse(
            "url",
            "event_recorder webhook output requires an absolute http(s) url",
        ),
        Some(_) => {}
    }
    r.section("http_config", http::read);
    r.duration("timeout");
    r.int_or("workers", 0);
    r.int_or("max_retries", 0);
    r.duration("retry_backoff");
    let batch = r.bool("batch");
    let events = r.int_or("batch_max_events", 0);
    let bytes = r.int_or("batch_max_bytes", 0);
    let flush = r.duration("batch_flush_interval");
    if events < 0 || bytes < 0 {
        r.refuse_all("event_recorder webhook batch settings cannot be negative");
    } else if !batch && (events != 0 || bytes != 0 || !flush.is_zero()) {
        r.refuse_all("event_recorder webhook batch settings require batch: true");
    }
}

fn read_kafka(r: &mut Reader<'_>) {
    let brokers = r.texts("brokers");
    if brokers.is_empty() {
        r.refuse(
            "brokers",
            "event_recorder kafka: at least one broker is required",
        );
    }
    for broker in brokers.iter().filter(|b| b.value.is_empty()) {
        let message = "event_recorder kafka: broker entries must be non-empty";
        r.refuse_at(broker.at, message);
    }
    if r.text("topic").is_empty() {
        r.refuse("topic", "event_recorder kafka output requires a topic");
    }
    r.text("client_id");
    one_of(r, "format", &["json", "protobuf"]);
    one_of(r, "acks", &["none", "leader", "all"]);
    one_of(r, "compression", &["none", "gzip", "snappy", "lz4", "zstd"]);
    r.int_or("buffer_size", 0);
    tls::section(r);
}

fn one_of(r: &mut Reader<'_>, key: &'static str, known: &[&str]) {
    let text = r.text(key);
    if !text.is_empty() && !known.contains(&text.as_str()) {
        let known = known.join(", ");
        let message =
            format!("event_recorder kafka: unknown {key} {text:?}, must be one of {known}");
        r.refuse(key, message);
    }
}
