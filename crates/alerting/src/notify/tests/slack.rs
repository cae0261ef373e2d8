//! `slack_configs`

use crate::notify::slack::{self, Slack};
use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, slack::read);
    let slack = Slack::new(&settings).expect("a client");
    slack.notify(&told.notification()).await
}

#[tokio::test]
async fn the_body_is_alertmanagers() {
    let server = Server::saying("ok").await;
    let yaml = "
api_url: '{url}/services/T/B/x'
channel: '#{{ .CommonLabels.severity }}'
username: bot
icon_emoji: ''
icon_url: ''
title: '{{ .Status }} <&>'
title_link: http://l/
pretext: ''
text: body
fallback: fell
callback_id: id
footer: ''
color: danger
link_names: true
short_fields: true
fields:
  - {title: T, value: '{{ .Status }}'}
  - {title: U, value: v, short: false}
actions:
  - {type: button, text: Go, url: 'http://go/', name: dropped, value: dropped, confirm: {text: dropped}}
  - {type: button, text: Ack, name: ack, value: '{{ .Status }}', style: primary, confirm: {text: sure, title: t, ok_text: y, dismiss_text: n}}
";
    let sent = tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    let want = concat!(
        r##"{"channel":"#critical","username":"bot","link_names":true,"attachments":["##,
        r#"{"title":"firing \u003c\u0026\u003e","title_link":"http://l/","text":"body","fallback":"fell","#,
        r#""callback_id":"id","fields":[{"title":"T","value":"firing","short":true},"#,
        r#"{"title":"U","value":"v","short":false}],"#,
        r#""actions":[{"type":"button","text":"Go","url":"http://go/"},"#,
        r#"{"type":"button","text":"Ack","style":"primary","name":"ack","value":"firing","#,
        r#""confirm":{"text":"sure","title":"t","ok_text":"y","dismiss_text":"n"}}],"#,
        r#""footer":"","color":"danger","mrkdwn_in":["fallback","pretext","text"]}]}"#,
        "\n"
    );
    let got = server.one();
    assert_eq!(got.text(), want);
    assert_eq!(got.target, "/services/T/B/x");
    assert_eq!(
        (sent.title.as_str(), sent.text.as_str()),
        ("firing <&>", "body")
    );
    assert_eq!(sent.store, []);
}

#[tokio::test]
async fn the_defaults_are_alertmanagers() {
    let server = Server::saying("ok").await;
    let told = Told::firing(1).with_graph("http://x/y.png");
    tell("{api_url: '{url}', message_text: 'top'}", &server, &told)
        .await
        .expect("taken");
    let body = server.one().json();
    let link = "http://alerts.example/#/alerts?receiver=team";
    assert_eq!(
        body,
        serde_json::json!({
            "username": "Alertmanager",
            "text": "top",
            "attachments": [{
                "title": "[FIRING:1] Down (host0 critical)",
                "title_link": link,
                "text": "",
                "fallback": format!("[FIRING:1] Down (host0 critical) | {link}"),
                "callback_id": "",
                "image_url": "http://x/y.png",
                "footer": "",
                "color": "danger",
                "mrkdwn_in": ["fallback", "pretext", "text"],
            }],
        })
    );
}

#[tokio::test]
async fn a_picture_of_ones_own_stays() {
    let server = Server::saying("ok").await;
    let told = Told::firing(1).with_graph("http://x/y.png");
    tell(
        "{api_url: '{url}', image_url: 'http://mine/'}",
        &server,
        &told,
    )
    .await
    .expect("taken");
    assert_eq!(
        server.one().json()["attachments"][0]["image_url"],
        "http://mine/"
    );
}

#[tokio::test]
async fn an_app_posts_with_its_token_and_edits_what_it_posted() {
    let server = Server::start(vec![
        Answer::With(200, JSON, r#"{"ok":true,"channel":"C1","ts":"17.5"}"#),
        Answer::With(200, JSON, r#"{"ok":true,"channel":"C1","ts":"17.5"}"#),
    ])
    .await;
    let yaml = "{app_token: xoxb-1, app_url: '{url}/api/chat.postMessage', channel: '#a'}";
    let mut settings = settings(&server, yaml, slack::read);
    // The field is only allowed with Slack's own address.
    settings.update_message = true;
    let slack = Slack::new(&settings).expect("a client");
    let mut told = Told::firing(1);
    let sent = slack.notify(&told.notification()).await.expect("taken");
    let want =
        [("channelId", "C1"), ("threadTs", "17.5")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(sent.store, want);
    told = told.with_store(sent.store);
    slack.notify(&told.notification()).await.expect("taken");
    let received = server.received();
    assert_eq!(received[0].target, "/api/chat.postMessage");
    assert_eq!(received[0].header("authorization"), "Bearer xoxb-1");
    assert_eq!(received[0].json()["channel"], "#a");
    assert!(received[0].json().get("ts").is_none());
    assert_eq!(received[1].target, "/api/chat.update");
    let edited = received[1].json();
    assert_eq!(
        (&edited["channel"], &edited["ts"]),
        (&"C1".into(), &"17.5".into())
    );
}

#[tokio::test]
async fn answers_are_judged() {
    let told = Told::firing(1);
    let cases = [
        (
            Answer::Status(200, "no_channel"),
            false,
            FailureReason::ClientError,
            "received an error response from Slack: no_channel",
        ),
        (
            Answer::With(200, JSON, r#"{"ok":false,"error":"not_in_channel"}"#),
            false,
            FailureReason::ClientError,
            "error response from Slack: not_in_channel",
        ),
        (
            Answer::With(200, JSON, r#"{"not valid json"}"#),
            true,
            FailureReason::ClientError,
            "could not unmarshal JSON response",
        ),
        (
            Answer::With(200, JSON, "[]"),
            false,
            FailureReason::ClientError,
            "error response from Slack: ",
        ),
        (
            Answer::Status(401, ""),
            false,
            FailureReason::AuthError,
            "unexpected status code 401",
        ),
        (
            Answer::Status(429, "rate_limited"),
            false,
            FailureReason::RateLimited,
            "unexpected status code 429: rate_limited",
        ),
        (
            Answer::Status(500, ""),
            true,
            FailureReason::ServerError,
            "unexpected status code 500",
        ),
    ];
    for (answer, retry, reason, message) in cases {
        let server = Server::start(vec![answer]).await;
        let error = tell("{api_url: '{url}', channel: there}", &server, &told)
            .await
            .expect_err("refused");
        let want = format!("channel \"there\": {message}");
        assert!(error.message.starts_with(&want), "{error}");
        assert_eq!((error.retry, error.reason), (retry, reason), "{message}");
    }
}

#[tokio::test]
async fn templates_that_fail_are_told() {
    let server = Server::saying("ok").await;
    let yaml = "{api_url: '{url}', title: '{{ .A }}', text: '{{ .B }}', color: '{{ .C }}', channel: '{{ .D }}'}";
    let sent = tell(yaml, &server, &Told::firing(2)).await.expect("taken");
    let body = server.one().json();
    let attachment = &body["attachments"][0];
    assert!(body.get("channel").is_none() && attachment.get("color").is_none());
    let text = attachment["text"].as_str().expect("text");
    for part in [
        "template of text failed",
        "host1",
        "template of color failed",
        "template of channel failed",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        attachment["title"]
            .as_str()
            .is_some_and(|t| t.starts_with("[FIRING:2] Down (template of title failed"))
    );
    let mut fields: Vec<&str> = sent
        .template_errors
        .iter()
        .map(|(f, _)| f.as_str())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["channel", "color", "text", "title"]);
}

#[tokio::test]
async fn a_title_has_1024_characters() {
    let server = Server::saying("ok").await;
    let title = "ü".repeat(2000);
    tell(
        &format!("{{api_url: '{{url}}', title: {title}}}"),
        &server,
        &Told::firing(1),
    )
    .await
    .expect("taken");
    let body = server.one().json();
    let title = body["attachments"][0]["title"].as_str().expect("title");
    assert_eq!(title.chars().count(), 1024);
    assert!(title.ends_with("ü…"));
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &str| {
        let errors = read(global, yaml, slack::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check(
        "",
        "channel: a",
        "no Slack API URL nor App token set either inline or in a file",
    );
    check(
        "",
        "{api_url: 'http://a/', api_url_file: b}",
        "at most one of api_url & api_url_file must be configured",
    );
    check(
        "",
        "{app_token: a, app_token_file: b}",
        "at most one of app_token & app_token_file must be configured",
    );
    check(
        "",
        "{api_url: 'http://a/', app_token: b}",
        "at most one of api_url/api_url_file & app_token/app_token_file must be configured",
    );
    check(
        "",
        "{app_token: a, http_config: {authorization: {credentials: x}}}",
        "http authorization can't be set when using Slack App tokens",
    );
    check(
        "",
        "{api_url: 'http://a/', update_message: true}",
        "update_message can only be used with bot tokens",
    );
    check(
        "slack_app_url:",
        "app_token: a",
        "no global Slack App URL set",
    );
    check(
        "",
        "{api_url: 'http://a/', fields: [{value: a}]}",
        "missing title in Slack field configuration",
    );
    check(
        "",
        "{api_url: 'http://a/', fields: [{title: a}]}",
        "missing value in Slack field configuration",
    );
    check(
        "",
        "{api_url: 'http://a/', actions: [{text: a, url: b}]}",
        "missing type in Slack action configuration",
    );
    check(
        "",
        "{api_url: 'http://a/', actions: [{type: a, url: b}]}",
        "missing text in Slack action configuration",
    );
    check(
        "",
        "{api_url: 'http://a/', actions: [{type: a, text: b}]}",
        "missing name or url in Slack action configuration",
    );
    check(
        "",
        "{api_url: 'http://a/', actions: [{type: a, text: b, name: c, confirm: {title: d}}]}",
        "missing text in Slack confirmation configuration",
    );
    let url = "https://slack.com/api/chat.postMessage";
    read(
        "",
        &format!("{{api_url: '{url}', update_message: true}}"),
        slack::read,
    )
    .expect("a bot");
    let global = "slack_app_token: xoxb-9";
    let settings = read(global, "channel: a", slack::read).expect("the global token");
    assert_eq!(settings.api_url.read().ok().as_deref(), Some(url));
    let settings = read(global, "api_url: 'http://own/'", slack::read).expect("an own URL");
    assert_eq!(settings.api_url.read().ok().as_deref(), Some("http://own/"));
}
