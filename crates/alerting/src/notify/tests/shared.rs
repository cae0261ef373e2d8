//! The helpers that all kinds share, against the conformance data and a server that
//! misbehaves.

use std::time::Duration;

use binnacle_client::settings::{Auth, HttpSettings, SecretText, Source};

use crate::notify::http::{Deadline, Http};
use crate::notify::json::to_json;
use crate::notify::rendering::Rendering;
use crate::notify::retry::Retry;
use crate::notify::testing::{Answer, Server, Told};
use crate::notify::text::{key_hash, truncate_bytes, truncate_chars};
use crate::notify::tree::Tree;
use crate::notify::{FailureReason, NotifyError, http};
use crate::suite;

#[test]
fn texts_are_cut_as_in_the_suite() {
    for case in suite::cases("notify_truncate") {
        let text = suite::text(&case, "in");
        let max = case["n"].as_u64().and_then(|n| usize::try_from(n).ok());
        let max = max.expect("a limit");
        for (unit, (cut, was_cut)) in [
            ("runes", truncate_chars(text, max)),
            ("bytes", truncate_bytes(text, max)),
        ] {
            assert_eq!(cut, suite::text(&case[unit], "out"), "{case} {unit}");
            assert_eq!(case[unit]["trunc"], was_cut, "{case} {unit}");
        }
    }
}

#[test]
fn cut_texts_are_never_longer_than_allowed() {
    for text in ["", "abc", "äöüß…", "❤️✅🚀🔥❌", "\u{10ffff}\u{0}x"] {
        for max in 0..24 {
            let (cut, was_cut) = truncate_chars(text, max);
            assert!(cut.chars().count() <= max, "{text} {max}");
            assert_eq!(was_cut, text.chars().count() > max);
            let (cut, was_cut) = truncate_bytes(text, max);
            assert!(cut.len() <= max, "{text} {max}");
            assert_eq!(was_cut, text.len() > max);
        }
    }
}

#[test]
fn statuses_are_judged_as_in_the_suite() {
    const NAMED: [&[u16]; 2] = [&[], &[429]];
    for case in suite::cases("notify_retry") {
        // Some statuses were computed by code that the suite does not hold.
        let Some(status) = case["status"].as_u64().and_then(|s| u16::try_from(s).ok()) else {
            continue;
        };
        let codes = case["retrier"]["RetryCodes"].as_array();
        let retry = Retry {
            codes: NAMED[usize::from(codes.is_some())],
            details: None,
        };
        let answer = http::Answer {
            status,
            body: suite::text(&case, "body").as_bytes().to_vec(),
            ..http::Answer::default()
        };
        let judged = retry.check(&answer);
        let retried = judged.as_ref().is_err_and(|e| e.retry);
        assert_eq!(case["retry"], retried, "{case}");
        let message = judged.map_or_else(|e| e.message, |()| String::new());
        assert_eq!(message, suite::text(&case, "expectedErr"), "{case}");
    }
}

#[test]
fn reasons_of_statuses() {
    let check = |status: u16, want: &str| {
        assert_eq!(FailureReason::of_status(status).as_str(), want, "{status}");
    };
    check(101, "other");
    check(307, "other");
    check(400, "clientError");
    check(401, "authError");
    check(403, "authError");
    check(404, "clientError");
    check(429, "rateLimited");
    check(500, "serverError");
    check(599, "serverError");
}

#[test]
fn keys_are_hashed_with_sha_256() {
    // FIPS 180-2, B.1.
    assert_eq!(
        key_hash("abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn json_is_that_of_go() {
    let check = |value: serde_json::Value, want: &str| {
        assert_eq!(
            String::from_utf8_lossy(&to_json(&value)),
            format!("{want}\n")
        );
    };
    check(
        serde_json::json!("<a href=\"x\">&\u{2028}\u{2029}é\u{1}\n\u{8}\u{7f}"),
        "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u2028\\u2029é\\u0001\\n\\b\u{7f}\"",
    );
    check(
        serde_json::json!([1.0, 0.5, -2e-7, 1e21, 1e20, 0.0]),
        "[1,0.5,-2e-7,1e+21,100000000000000000000,0]",
    );
    check(
        serde_json::json!({"a": [null, true]}),
        r#"{"a":[null,true]}"#,
    );
}

async fn post(
    server: &Server,
    settings: &HttpSettings,
    told: &Told,
) -> Result<http::Answer, NotifyError> {
    let http = Http::new(settings).expect("a client");
    let url = format!("{}/secret?q=1", server.url);
    http.post_json(&url, "{}", Deadline::of(&told.notification()))
        .await
}

#[tokio::test]
async fn a_connection_is_kept_and_made_anew_when_it_was_closed() {
    let server = Server::start(vec![
        Answer::Status(200, "one"),
        Answer::Status(200, "two"),
        Answer::Close,
        Answer::Status(200, "four"),
    ])
    .await;
    let told = Told::firing(1);
    let http = Http::new(&HttpSettings::default()).expect("a client");
    for want in ["one", "two", "four"] {
        let deadline = Deadline::of(&told.notification());
        let answer = http.post_json(&server.url, "{}", deadline).await;
        assert_eq!(answer.map(|a| a.text().into_owned()), Ok(want.to_owned()));
    }
}

#[tokio::test]
async fn what_is_sent_says_who_we_are_and_what_the_settings_add() {
    let server = Server::saying("").await;
    let settings = HttpSettings {
        auth: Auth::Basic {
            username: Source::Text(SecretText::new("me")),
            password: Some(Source::Text(SecretText::new("pass"))),
        },
        headers: vec![(
            "X-Team".to_owned(),
            vec![
                Source::Text(SecretText::new("a")),
                Source::Text(SecretText::new("b")),
            ],
        )],
        ..HttpSettings::default()
    };
    post(&server, &settings, &Told::firing(1))
        .await
        .expect("taken");
    let got = server.one();
    assert_eq!(
        (got.method.as_str(), got.target.as_str()),
        ("POST", "/secret?q=1")
    );
    assert_eq!(got.header("user-agent"), binnacle_client::USER_AGENT);
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("authorization"), "Basic bWU6cGFzcw==");
    assert_eq!(format!("http://{}", got.header("host")), server.url);
    let teams: Vec<_> = got.headers.iter().filter(|(n, _)| n == "x-team").collect();
    assert_eq!(teams.len(), 2);
}

#[tokio::test]
async fn redirects_are_followed_unless_the_settings_say_no() {
    let target = Server::saying("moved").await;
    let location: &'static str = format!("Location: {}/new\r\n", target.url).leak();
    let server = Server::start(vec![Answer::With(307, location, "")]).await;
    let told = Told::firing(1);
    let answer = post(&server, &HttpSettings::default(), &told).await;
    assert_eq!(answer.map(|a| a.status), Ok(200));
    assert_eq!(target.one().text(), "{}");
    let stay = HttpSettings {
        follow_redirects: false,
        ..HttpSettings::default()
    };
    let answer = post(&server, &stay, &told).await;
    assert_eq!(answer.map(|a| a.status), Ok(307));
}

#[tokio::test]
async fn failures_say_whether_to_retry_and_show_no_url() {
    let told = Told::firing(1);
    let settings = HttpSettings::default();
    let server = Server::start(vec![Answer::Close]).await;
    let error = post(&server, &settings, &told).await.expect_err("closed");
    assert!(
        error.retry && error.message.starts_with("Post \"<redacted>\": "),
        "{error}"
    );
    assert_eq!(error.reason, FailureReason::Other);

    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = nowhere.local_addr().expect("an address");
    drop(nowhere);
    let http = Http::new(&settings).expect("a client");
    for (url, retry) in [
        (format!("http://{address}/token123"), true),
        (format!("http://user:token123@{address}/"), true),
        (format!("https://{address}/token123"), true),
        ("http:///token123".to_owned(), false),
        ("token123".to_owned(), false),
        ("ftp://token123/".to_owned(), false),
        (String::new(), false),
    ] {
        let deadline = Deadline::of(&told.notification());
        let error = http
            .post_json(&url, "{}", deadline)
            .await
            .expect_err("refused");
        assert_eq!(error.retry, retry, "{url}: {error}");
        assert!(!error.message.contains("token123"), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_in_time() {
    let server = Server::start(vec![Answer::Silence]).await;
    let told = Told::firing(1).within(Duration::from_millis(20));
    let error = post(&server, &HttpSettings::default(), &told)
        .await
        .expect_err("late");
    assert_eq!(error.reason, FailureReason::ContextDeadlineExceeded);
    assert!(error.retry);

    let told = Told::firing(1);
    let deadline =
        Deadline::with_timeout(&told.notification(), "webhook", Duration::from_millis(20));
    let http = Http::new(&HttpSettings::default()).expect("a client");
    let error = http
        .post_json(&server.url, "{}", deadline)
        .await
        .expect_err("late");
    assert_eq!(error.reason, FailureReason::Other);
    assert!(
        error.retry
            && error
                .message
                .contains("configured webhook timeout reached (20ms)"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_is_cut_and_its_status_counts_all_the_same() {
    let huge: &'static str = "x".repeat(http::ANSWER_BYTES_MAX + 1).leak();
    let server = Server::start(vec![Answer::Status(200, huge), Answer::Status(400, huge)]).await;
    let told = Told::firing(1);
    let settings = HttpSettings::default();
    let answer = post(&server, &settings, &told).await.expect("an answer");
    assert_eq!(answer.status, 200);
    let answer = post(&server, &settings, &told).await.expect("an answer");
    let error = Retry::default().check(&answer).expect_err("refused");
    assert!(error.message.len() < 3_000, "{}", error.message.len());
}

#[tokio::test]
async fn headers_cannot_be_smuggled_in() {
    let server = Server::saying("").await;
    let settings = HttpSettings {
        auth: Auth::Token {
            kind: "Bearer".to_owned(),
            credentials: Source::Text(SecretText::new("a\r\nX-Evil: 1")),
        },
        ..HttpSettings::default()
    };
    let error = post(&server, &settings, &Told::firing(1))
        .await
        .expect_err("refused");
    assert!(!error.retry && !error.message.contains("X-Evil"), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn retry_after_is_handed_on() {
    let server = Server::start(vec![Answer::With(429, "Retry-After: 7\r\n", "slow down")]).await;
    let answer = post(&server, &HttpSettings::default(), &Told::firing(1))
        .await
        .expect("an answer");
    let error = Retry {
        codes: &[429],
        details: None,
    }
    .check(&answer)
    .expect_err("refused");
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(error.message, "unexpected status code 429: slow down");
}

#[test]
fn a_template_that_fails_is_told_and_does_not_silence_the_alert() {
    let told = Told::firing(2);
    let notification = told.notification();
    let rendering = Rendering::new(&notification);
    let bad = "{{ .Nothing }}";
    let line = rendering.line("title", bad);
    assert!(
        line.starts_with("[FIRING:2] Down (template of title failed: "),
        "{line}"
    );
    let text = rendering.text("text", bad);
    assert!(text.contains("host0") && text.contains("summary"), "{text}");
    let html = rendering.html("html", bad);
    assert!(
        html.contains("&lt;host0&gt; &amp; co") && !html.contains("<host0>"),
        "{html}"
    );
    assert_eq!(rendering.value("color", bad), "");
    let error = rendering.address("url", bad).expect_err("no address");
    assert!(
        !error.retry && error.message.starts_with("template of url: "),
        "{error}"
    );
    let text = rendering.with_failures("said".to_owned());
    assert!(
        text.starts_with("said\n(template of color failed: ") && !text.contains("title"),
        "{text}"
    );
    assert_eq!(rendering.with_failures("said".to_owned()), "said");
    let fields: Vec<String> = rendering
        .failures()
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["title", "text", "html", "color"]);
}

#[test]
fn free_form_values_take_the_shape_of_what_they_say() {
    let told = Told::firing(2);
    let notification = told.notification();
    let rendering = Rendering::new(&notification);
    let check = |template: &str, want: &str| {
        let tree = Tree::Map(vec![("k".to_owned(), Tree::Text(template.to_owned()))]);
        let json = to_json(&tree.render(&rendering, "payload"));
        assert_eq!(
            String::from_utf8_lossy(&json).trim_end(),
            format!("{{\"k\":{want}}}"),
            "{template}"
        );
    };
    check("plain", r#""plain""#);
    check("{{ len .Alerts }}", "2");
    check("1.50", "1.5");
    check("1.0", "1");
    check("yes", "true");
    check("", "null");
    check("null", "null");
    check("0x10", "16");
    check("2020-01-01", r#""2020-01-01""#);
    check(
        "{{ .CommonLabels | toJson }}",
        r#"{"alertname":"Down","severity":"critical"}"#,
    );
    check(
        r#"["a: b", {"c": "{{ .Status }}"}]"#,
        r#"["a: b",{"c":"firing"}]"#,
    );
    check("a: [1, two]", r#"{"a":[1,"two"]}"#);
    check("- {{ .Status }}\n- 2", r#"["firing",2]"#);
    check("[unclosed", r#""[unclosed""#);
    check("a: b: c", r#""a: b: c""#);
    check("99999999999999999999", "100000000000000000000");
    check(".nan", r#"".nan""#);
}
