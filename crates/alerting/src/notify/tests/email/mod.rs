//! `email_configs`

mod server;

use std::time::Duration;

use super::KEY_HASH;
use crate::notify::email::{self, Email, Threading};
use crate::notify::testing::{Told, read};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};
use server::{MailServer, Manners};

async fn tell(yaml: &str, server: &MailServer, told: &Told) -> Result<Sent, NotifyError> {
    let ca = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(ca.path(), &server.certificate).expect("written");
    let yaml = format!(
        "smarthost: 'localhost:{}'\ntls_config: {{ca_file: {}}}\n{yaml}",
        server.port,
        ca.path().display()
    );
    let settings = match read("", &yaml, email::read) {
        Ok(settings) => settings,
        Err(errors) => panic!("{errors:?}"),
    };
    let email = Email::new(&settings).expect("ready");
    email.notify(&told.notification()).await
}

const CLEAR: Manners = Manners {
    starttls: false,
    implicit_tls: false,
    auth: "",
    old: false,
    refuse: None,
    smuggle: false,
};

/// The part of `message` between the headers that name `kind` and the next boundary.
fn part<'a>(message: &'a str, kind: &str) -> &'a str {
    let head = format!("Content-Type: {kind}");
    let (_, rest) = message
        .split_once(&head)
        .unwrap_or_else(|| panic!("{kind} in {message}"));
    let (_, body) = rest.split_once("\r\n\r\n").expect("a body");
    body.split_once("\r\n--").expect("an end").0
}

#[tokio::test]
async fn a_mail_has_headers_text_and_page() {
    let server = MailServer::start(CLEAR).await;
    let yaml = "
to: 'Ops <ops@a.example>, \"On, call\" <oc@b.example>'
from: '{{ .CommonLabels.severity }}@c.example'
require_tls: false
headers: {x-team: 'größe {{ len .Alerts }}', subject: 'Hi {{ .Status }}'}
text: |
  .dot = {{ .Status }}
html: '<p>{{ (index .Alerts 0).Annotations.summary }}</p>'
";
    let sent = tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    assert_eq!(
        server.commands(),
        [
            "EHLO localhost",
            "MAIL FROM:<critical@c.example> BODY=8BITMIME",
            "RCPT TO:<ops@a.example>",
            "RCPT TO:<oc@b.example>",
            "DATA",
            "QUIT",
        ]
    );
    let message = server.message();
    let (head, _) = message.split_once("\r\n\r\n").expect("a head");
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], "From: critical@c.example");
    assert_eq!(lines[1], "Subject: Hi firing");
    assert_eq!(
        lines[2],
        "To: Ops <ops@a.example>, \"On, call\" <oc@b.example>"
    );
    assert_eq!(lines[3], "X-Team: =?utf-8?q?gr=C3=B6=C3=9Fe_1?=");
    assert!(
        lines[4].starts_with("Message-Id: <1700000000000.") && lines[4].ends_with('>'),
        "{}",
        lines[4]
    );
    assert_eq!(lines[5], "Date: Tue, 14 Nov 2023 22:13:20 +0000");
    assert!(
        lines[6].starts_with("Content-Type: multipart/alternative;  boundary="),
        "{}",
        lines[6]
    );
    assert_eq!(lines[7..], ["MIME-Version: 1.0"]);
    assert_eq!(
        part(&message, "text/plain; charset=UTF-8"),
        ".dot =3D firing\r\n"
    );
    // The page is escaped for HTML, and then for mail.
    assert_eq!(
        part(&message, "text/html; charset=UTF-8").replace("=\r\n", ""),
        "<p>&lt;host0&gt; &amp; co is &#34;d=C3=BCn&#34;</p>"
    );
    let (_, boundary) = lines[6].split_once("boundary=").expect("a boundary");
    assert!(message.ends_with(&format!("\r\n--{boundary}--\r\n")));
    assert_eq!(message.matches(boundary).count(), 4);
    assert_eq!(
        (sent.title.as_str(), sent.text.as_str()),
        ("Hi firing", ".dot = firing\n")
    );
}

#[tokio::test]
async fn the_defaults_are_alertmanagers() {
    let server = MailServer::start(CLEAR).await;
    let told = Told::firing(1);
    let sent = tell(
        "{to: a@b, from: c@d, require_tls: false}"
            .replace(", ", "\n")
            .trim_matches(['{', '}']),
        &server,
        &told,
    )
    .await
    .expect("taken");
    assert_eq!(sent.title, "[FIRING:1] Down (host0 critical)");
    let message = server.message();
    assert!(message.contains("Subject: [FIRING:1] Down (host0 critical)\r\n"));
    assert!(!message.contains("text/plain") && message.contains("text/html"));
    assert!(!message.contains("References"));
}

#[tokio::test]
async fn a_part_that_says_nothing_is_there_all_the_same() {
    let server = MailServer::start(CLEAR).await;
    let yaml = "to: a@b\nfrom: c@d\nrequire_tls: false\nhtml: x\ntext: '{{ .CommonLabels.none }}'";
    tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    assert_eq!(part(&server.message(), "text/plain"), "");
}

#[tokio::test]
async fn the_graph_is_in_the_page() {
    let told = Told::firing(1).with_graph("http://g/");
    for (html, inline) in [
        ("", true),
        ("html: '<img src=\"cid:graph\">'", true),
        ("html: '<p>mine</p>'", false),
    ] {
        let server = MailServer::start(CLEAR).await;
        let yaml = format!("to: a@b\nfrom: c@d\nrequire_tls: false\n{html}");
        tell(&yaml, &server, &told).await.expect("taken");
        let message = server.message();
        assert_eq!(message.contains("multipart/related"), inline, "{html}");
        assert_eq!(
            message.contains("Content-ID: <graph>\r\n"),
            inline,
            "{html}"
        );
        if inline {
            assert!(message.contains("cid:graph"), "{html}");
            assert_eq!(part(&message, "image/png"), "iVBORw0KGgo=\r\n");
        }
    }
}

#[tokio::test]
async fn starttls_and_implicit_tls() {
    let manners = Manners {
        starttls: true,
        auth: "PLAIN LOGIN",
        ..CLEAR
    };
    let server = MailServer::start(manners).await;
    let yaml = "to: a@b\nfrom: c@d\nhello: me.example\nauth_username: user\nauth_password: pass\nauth_identity: id\nhtml: x";
    tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    let commands = server.commands();
    assert_eq!(
        commands[..5],
        [
            "EHLO me.example",
            "STARTTLS",
            "TLS",
            "EHLO me.example",
            "AUTH PLAIN aWQAdXNlcgBwYXNz"
        ]
    );
    let server = MailServer::start(Manners {
        implicit_tls: true,
        ..CLEAR
    })
    .await;
    let yaml = "to: a@b\nfrom: c@d\nforce_implicit_tls: true";
    tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    assert_eq!(server.commands()[0], "EHLO localhost");
}

#[tokio::test]
async fn a_server_must_prove_who_it_is_and_encrypt() {
    let server = MailServer::start(Manners {
        starttls: true,
        ..CLEAR
    })
    .await;
    let other = MailServer::start(CLEAR).await;
    let stranger = MailServer {
        port: server.port,
        certificate: other.certificate,
        told: server.told,
    };
    let yaml = "to: a@b\nfrom: c@d";
    let error = tell(yaml, &stranger, &Told::firing(1))
        .await
        .expect_err("a stranger");
    assert!(
        error.retry && error.message.starts_with("send STARTTLS command: "),
        "{error}"
    );
    let server = MailServer::start(CLEAR).await;
    let error = tell(yaml, &server, &Told::firing(1))
        .await
        .expect_err("in clear");
    assert!(
        error
            .message
            .contains("does not advertise the STARTTLS extension"),
        "{error}"
    );
    let server = MailServer::start(Manners {
        starttls: true,
        smuggle: true,
        ..CLEAR
    })
    .await;
    let error = tell(yaml, &server, &Told::firing(1))
        .await
        .expect_err("smuggled");
    assert!(error.message.contains("clear text"), "{error}");
}

#[tokio::test]
async fn mechanisms_are_chosen_by_secret() {
    let access = "to: a@b\nfrom: c@d\nrequire_tls: false\nhtml: x\nauth_username: tim\n";
    for (mechanisms, secrets, want) in [
        (
            "CRAM-MD5 PLAIN",
            "auth_secret: tanstaaftanstaaf",
            vec![
                "AUTH CRAM-MD5",
                "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
            ],
        ),
        (
            "CRAM-MD5 LOGIN",
            "auth_password: pass",
            vec!["AUTH LOGIN", "dGlt", "cGFzcw=="],
        ),
        (
            "XOAUTH2 PLAIN",
            "auth_password: pass",
            vec!["AUTH PLAIN AHRpbQBwYXNz"],
        ),
    ] {
        let server = MailServer::start(Manners {
            auth: mechanisms,
            ..CLEAR
        })
        .await;
        tell(&format!("{access}{secrets}"), &server, &Told::firing(1))
            .await
            .expect("taken");
        assert_eq!(server.commands()[1..=want.len()], want, "{mechanisms}");
    }
    let server = MailServer::start(Manners {
        auth: "XOAUTH2 PLAIN",
        ..CLEAR
    })
    .await;
    let error = tell(
        &format!("{access}auth_secret: s"),
        &server,
        &Told::firing(1),
    )
    .await
    .expect_err("no secret");
    assert_eq!(
        error.message,
        "find auth mechanism: unknown auth mechanism: XOAUTH2\nmissing password for PLAIN auth mechanism"
    );
    // Without AUTH on offer, mail goes without.
    let server = MailServer::start(CLEAR).await;
    tell(
        &format!("{access}auth_password: p"),
        &server,
        &Told::firing(1),
    )
    .await
    .expect("taken");
}

#[tokio::test]
async fn refusals_name_the_step_and_are_retried() {
    let yaml = "to: a@b\nfrom: c@d\nrequire_tls: false\nhtml: x";
    for (command, answer, want) in [
        (
            "MAIL",
            "451 greylisted",
            "send MAIL command: 451 greylisted",
        ),
        (
            "RCPT",
            "550-no\r\n550 such user",
            "send RCPT command: 550 no\nsuch user",
        ),
        ("DATA", "554 spam", "send DATA command: 554 spam"),
        ("EHLO", "garbage", "send EHLO command: "),
    ] {
        let server = MailServer::start(Manners {
            refuse: Some((command, answer)),
            ..CLEAR
        })
        .await;
        let result = tell(yaml, &server, &Told::firing(1)).await;
        if command == "EHLO" {
            // The old greeting is tried before giving up.
            result.expect("taken");
            assert_eq!(server.commands()[1], "HELO localhost");
            continue;
        }
        let error = result.expect_err("refused");
        assert_eq!((error.message.as_str(), error.retry), (want, true));
    }
    let server = MailServer::start(Manners { old: true, ..CLEAR }).await;
    tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    assert!(server.commands().contains(&"MAIL FROM:<c@d>".to_owned()));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let yaml = format!("{{to: a@b, from: c@d, smarthost: '127.0.0.1:{port}'}}");
    let settings = read("", &yaml, email::read).expect("settings");
    let told = Told::firing(1).within(Duration::from_millis(20));
    let email = Email::new(&settings).expect("ready");
    let error = email.notify(&told.notification()).await.expect_err("late");
    assert_eq!(
        (error.retry, error.reason),
        (true, FailureReason::ContextDeadlineExceeded)
    );
}

#[tokio::test]
async fn mails_of_a_group_hang_together() {
    for (by, want) in [("none", ""), ("daily", "2023-11-14")] {
        let server = MailServer::start(CLEAR).await;
        let yaml = format!(
            "to: a@b\nfrom: c@d\nrequire_tls: false\nthreading: {{enabled: true, thread_by_date: {by}}}"
        );
        tell(&yaml, &server, &Told::firing(1)).await.expect("taken");
        let root = format!("<alert-{}-{want}@alertmanager>", &KEY_HASH[..16]);
        let message = server.message();
        assert!(
            message.contains(&format!("References: {root}\r\nIn-Reply-To: {root}\r\n")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let server = MailServer::start(CLEAR).await;
    let yaml = "
to: a@b
from: c@d
require_tls: false
headers: {Subject: \"x\\r\\nBcc: evil@x\\r\\n\\r\\nbody\"}
text: \".\\r\\nMAIL FROM:<evil@x>\\r\\n{{ .Nope }}\"
html: '<p>{{ .Nope }}</p>'
";
    let sent = tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    let message = server.message();
    assert!(
        message.contains("Subject: =?utf-8?q?x=0D=0ABcc:_evil@x=0D=0A=0D=0Abody?=\r\n"),
        "{message}"
    );
    assert_eq!(server.commands().len(), 5);
    let fields: Vec<&str> = sent
        .template_errors
        .iter()
        .map(|(f, _)| f.as_str())
        .collect();
    assert_eq!(fields, ["text", "html"]);
    assert!(part(&message, "text/plain").contains("template of text failed"));
    assert!(
        part(&message, "text/html")
            .replace("=\r\n", "")
            .contains("&lt;host0&gt;")
    );
    let bad = "to: \"a@b\\r\\nRCPT TO:<evil@x>\"\nfrom: c@d\nrequire_tls: false";
    let error = tell(bad, &server, &Told::firing(1))
        .await
        .expect_err("no address");
    assert!(
        !error.retry && error.message.starts_with("parse 'to' addresses: "),
        "{error}"
    );
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &str| {
        let errors = read(global, yaml, email::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    let host = "smtp_smarthost: 'h:25'\nsmtp_from: a@b";
    check(host, "html: a", "missing to address in email config");
    check("smtp_from: a@b", "to: a", "no global SMTP smarthost set");
    check("smtp_smarthost: 'h:25'", "to: a", "no global SMTP from set");
    check(
        host,
        "{to: a, headers: {Subject: a, subject: b}}",
        "duplicate header \"Subject\" in email config",
    );
    check(host, "{to: a, headers: {'a b': x}}", "invalid header");
    check(
        host,
        "{to: a, auth_password: a, auth_password_file: b}",
        "at most one of auth_password & auth_password_file must be configured",
    );
    check(
        host,
        "{to: a, threading: {enabled: true}}",
        "threading.thread_by_date must be either 'none' or 'daily'",
    );
    check(
        host,
        "{to: a, threading: {enabled: true, thread_by_date: none}, headers: {references: x}}",
        "conflicts with custom References header",
    );
    let settings = read(host, "to: a", email::read).expect("settings");
    assert!(settings.require_tls && !settings.implicit_tls);
    assert_eq!(
        (settings.threading, settings.hello.as_str()),
        (Threading::Off, "localhost")
    );
    let settings = read(
        "smtp_smarthost: 'h:465'\nsmtp_from: a@b",
        "to: a",
        email::read,
    )
    .expect("settings");
    assert!(settings.implicit_tls);
}
