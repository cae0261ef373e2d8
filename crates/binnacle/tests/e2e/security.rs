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
        // Pictures are asked for by services that know no password.
        let picture = "/api/binnacle/v1/alerts/graphs/0.png";
        let picture = url.replace("/api/v1/query?query=1", picture);
        let picture = client.get(picture).send().await.expect("answer");
        assert_eq!(picture.status(), 404);
        // Without TLS nothing is answered.
        let bare = format!("http://localhost:{}/", server.address().port());
        assert!(client.get(bare).send().await.is_err());
    });
}

/// A certificate that `authority` vouches for, and its key, both PEM.
fn signed_by(
    authority: &rcgen::CertifiedIssuer<'_, rcgen::KeyPair>,
    name: &str,
) -> (String, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn only_clients_with_the_right_certificate_are_answered() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("a key");
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).expect("an authority");
    let (certificate, key) = signed_by(&authority, "localhost");
    let ca = authority.pem();
    let web = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  \
               client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
               client_allowed_sans: [grafana.example.org]\n";
    let config = format!("{QUIET}listen:\n  web_config_file: web.yml\n");
    let files = [
        ("web.yml", web),
        ("cert.pem", &certificate),
        ("key.pem", &key),
        ("ca.pem", &ca),
    ];
    let server = Server::start_with(&config, &files);
    install_crypto();
    let ask = |identity: Option<(String, String)>| {
        let root = reqwest::Certificate::from_pem(ca.as_bytes()).expect("PEM");
        let mut builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        if let Some((certificate, key)) = identity {
            let pem = format!("{certificate}{key}");
            builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).expect("PEM"));
        }
        let client = builder.build().expect("a client");
        let url = format!("https://localhost:{}/-/healthy", server.address().port());
        runtime(async {
            client
                .get(url)
                .send()
                .await
                .ok()
                .map(|r| r.status().as_u16())
        })
    };
    assert_eq!(ask(None), None);
    assert_eq!(
        ask(Some(signed_by(&authority, "someone.example.org"))),
        None
    );
    assert_eq!(
        ask(Some(signed_by(&authority, "grafana.example.org"))),
        Some(200)
    );
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
fn a_page_of_another_site_cannot_change_anything() {
    let server = Server::start(QUIET);
    let send = |origin: Option<String>| {
        runtime(async {
            let mut request = crate::server::client()
                .post(server.url("/api/v1/admin/tsdb/delete_series"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body("match[]=up");
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            request.send().await.expect("an answer").status().as_u16()
        })
    };
    assert_eq!(send(Some("https://evil.example".to_owned())), 403);
    assert_eq!(send(Some(format!("http://{}", server.address()))), 204);
    assert_eq!(send(None), 204);
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
