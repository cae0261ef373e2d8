use binnacle_wire::names::Escaping;
use binnacle_wire::negotiate::{
    BodyFormat, ScrapeProtocol, accept_header, answer_format, body_format,
};
use binnacle_wire::remote_write::check_headers;
use binnacle_wire::text::Dialect;

use crate::suite::{cases, text};

#[test]
fn accept_headers_of_scrapes() {
    for case in cases("prometheus/scrape_accept_header") {
        let words = case["scrape_protocols"].as_array().expect("a list");
        let protocols: Vec<_> = words
            .iter()
            .map(|w| ScrapeProtocol::parse(w.as_str().unwrap_or_default()).expect("a protocol"))
            .collect();
        let escaping = Escaping::parse(text(&case, "escaping")).expect("a scheme");
        assert_eq!(
            accept_header(&protocols, escaping),
            text(&case, "header"),
            "{case}"
        );
    }
}

#[test]
fn answers() {
    let check = |suite: &str, open_metrics: bool, escaping: Escaping| {
        for case in cases(suite) {
            let want = text(&case, "content_type");
            // Protobuf is not written.
            if !want.contains("protobuf") {
                let answer = answer_format(Some(text(&case, "accept")), open_metrics, escaping);
                assert_eq!(answer.content_type(), want, "{case}");
            }
        }
    };
    check("prometheus-common/negotiate", false, Escaping::Underscores);
    check(
        "prometheus-common/negotiate_openmetrics",
        true,
        Escaping::Values,
    );
}

#[test]
fn heavier_ranges_come_first() {
    let check = |accept: &str, want: &str| {
        let answer = answer_format(Some(accept), true, Escaping::AllowUtf8);
        assert_eq!(
            answer.content_type().split(';').next(),
            Some(want),
            "{accept}"
        );
    };
    check(
        "text/plain;q=0.5,application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text",
    );
    check("text/plain, application/openmetrics-text", "text/plain");
    check("application/openmetrics-text;q=0,*/*", "text/plain");
    check("garbage;;;=,\"", "text/plain");
    check("", "text/plain");
}

#[test]
fn bodies_are_read_by_content_type_or_fallback() {
    let text_format = BodyFormat::Text(Dialect::Prometheus);
    let fallback = Some(ScrapeProtocol::PrometheusText0_0_4);
    for (content_type, want) in [
        ("text/plain; version=0.0.4; charset=utf-8", text_format),
        (
            "application/openmetrics-text; version=1.0.0",
            BodyFormat::Text(Dialect::OpenMetrics),
        ),
        (
            "application/vnd.google.protobuf; encoding=delimited",
            BodyFormat::Protobuf,
        ),
    ] {
        let chosen = body_format(Some(content_type), None).expect(content_type);
        assert_eq!(
            (chosen.format, chosen.remark),
            (want, None),
            "{content_type}"
        );
    }
    for content_type in [None, Some(""), Some("text/html"), Some(";"), Some("text/")] {
        assert!(body_format(content_type, None).is_err(), "{content_type:?}");
        let chosen = body_format(content_type, fallback).expect("the fallback");
        assert!(
            chosen.format == text_format && chosen.remark.is_some(),
            "{content_type:?}"
        );
    }
}

#[test]
fn remote_write_headers() {
    for case in cases("prometheus/remote_write_headers_v1") {
        let header = |name: &str| case["reqHeaders"][name].as_str();
        let checked = check_headers(header("Content-Type"), header("Content-Encoding"));
        let code = checked.map_or_else(|e| u64::from(e.status), |()| 204);
        assert_eq!(Some(code), case["expectedCode"].as_u64(), "{case}");
    }
    let v2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    assert_eq!(
        check_headers(Some(v2), Some("snappy")).map_err(|e| e.status),
        Err(415)
    );
    assert_eq!(
        check_headers(None, Some("zstd")).map_err(|e| e.status),
        Err(415)
    );
    assert_eq!(
        check_headers(Some("application/json"), None).map_err(|e| e.status),
        Err(415)
    );
}
