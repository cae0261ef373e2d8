//! Who may connect, and what a page may do.

use std::fs;

use crate::server::{QUIET, Server, binnacle, install_crypto, runtime};

/// bcrypt of `secret`, cost 4.
fn hash() -> String {
    bcrypt::hash("secret", 4).expect("bcrypt")
}

#[test]
fn beyond_loopback_it_asks_for_authentication_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = binnacle()
        .current_dir(directory.path())
        .args(["serve", "--listen", "0.0.0.0:0"])
        .output()
        .expect("run");
    assert_ne!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("insecure: true"), "{text}");
}

#[test]
fn a_web_yml_asks_for_certificate_and_password() {
    let authority =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
            .expect("a certificate");
    let certificate = authority.cert.pem();
    let key = authority.signing_key.serialize_pem();
    let web = format!(
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n\
         basic_auth_users:\n  alice: {}\nhttp_server_config:\n  headers:\n    \
         X-Frame-Options: sameorigin\n",
        hash()
    );
    let config = format!("{QUIET}listen:\n  web_config_file: web.yml\n");
    let files = [
        ("web.yml", web.as_str()),
        ("cert.pem", certificate.as_str()),
        ("key.pem", key.as_str()),
    ];
    let server = Server::start_with(&config, &files);
    install_crypto();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(certificate.as_bytes()).expect("PEM")])
        .build()
        .expect("a client");
    let url = format!(
        "https://localhost:{}/api/v1/query?query=1",
        server.address().port()
    );
    runtime(async {
        let plain = client.get(&url).send().await.expect("an answer");
        assert_eq!(plain.status(), 401);
        assert!(plain.headers().contains_key("www-authenticate"));
        let wrong = client
            .get(&url)
            .basic_auth("alice", Some("x"))
            .send()
            .await
            .expect("answer");
        assert_eq!(wrong.status(), 401);
        let right = client
            .get(&url)
            .basic_auth("alice", Some("secret"))
            .send()
            .await
            .expect("answer");
        assert_eq!(right.status(), 200);
        assert_eq!(right.headers()["x-frame-options"], "sameorigin");
        // Without TLS nothing is answered.
        let bare = format!("http://localhost:{}/", server.address().port());
        assert!(client.get(bare).send().await.is_err());
    });
}

#[test]
fn pages_carry_a_policy() {
    let server = Server::start(QUIET);
    runtime(async {
        let response = crate::server::client()
            .get(server.url("/"))
            .send()
            .await
            .expect("an answer");
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    });
}

#[test]
fn a_bomb_costs_nothing() {
    let server = Server::start(QUIET);
    // Claims four gigabytes.
    let body = [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0; 64]].concat();
    assert_eq!(server.push(body), Some(413));
    assert_eq!(server.push(b"garbage".to_vec()), Some(400));
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("status");
    let peak: u64 = status
        .lines()
        .find_map(|l| {
            l.strip_prefix("VmHWM:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .expect("peak memory");
    assert!(peak < 300_000, "peak {peak} kB");
}
