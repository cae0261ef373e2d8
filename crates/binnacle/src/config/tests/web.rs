//! What is said of mistakes in a `web.yml`, and what becomes of a valid one.

use std::path::Path;

use binnacle_server::settings::{ClientAuth, Pem, TlsVersion};

use crate::config::web::{WebFile, parse};

use super::shown;

const HASH: &str = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";

fn read(text: &str) -> Result<WebFile, crate::config::ConfigErrors> {
    parse(Path::new("/etc/web.yml"), text)
}

#[test]
fn mistakes_are_named_with_their_place() {
    let check = |text: &str, want: &str| assert_eq!(shown(read(text)), want, "{text}");
    check(
        "tls_server_config: {cert_file: a}\n",
        "/etc/web.yml:1:20: missing one of key or key_file",
    );
    check(
        "tls_server_config: {key: a}\n",
        "/etc/web.yml:1:20: missing one of cert or cert_file",
    );
    check(
        "tls_server_config: {cert_file: a, key_file: b, client_auth_type: Maybe}\n",
        "/etc/web.yml:1:66: invalid ClientAuth: Maybe",
    );
    check(
        "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n",
        "/etc/web.yml:1:64: client CA's have been configured without a Client Auth Policy",
    );
    check(
        "tls_server_config: {cert_file: a, key_file: b, max_version: TLS11}\n",
        "/etc/web.yml:1:61: TLS 1.0 and 1.1 are not spoken, max_version must be TLS12 or TLS13",
    );
    check(
        "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [RC4]}\n",
        "/etc/web.yml:1:64: unknown cipher: RC4",
    );
    check(
        "http_server_config: {headers: {X-Frame-Options: maybe}}\n",
        "/etc/web.yml:1:49: invalid value for X-Frame-Options. Expected one of: [\"deny\", \"sameorigin\"], but got: \"maybe\"",
    );
    check(
        "http_server_config: {headers: {Server: me}}\n",
        "/etc/web.yml:1:32: HTTP header \"Server\" can not be configured",
    );
    check(
        "basic_auth_users: {alice: secret}\n",
        "/etc/web.yml:1:27: the password of \"alice\" is not a bcrypt hash",
    );
    check(
        "basic_auth_user: {}\n",
        "/etc/web.yml:1:1: unknown field \"basic_auth_user\", did you mean \"basic_auth_users\"?",
    );
    check(
        "rate_limit: {interval: 1s}\n",
        "/etc/web.yml:1:13: burst must be at least 1, or every request is refused",
    );
}

#[test]
fn a_full_file_becomes_settings() {
    let text = format!(
        "tls_server_config:\n  cert_file: server.crt\n  key: KEY\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: /ca.pem\n  client_allowed_sans: [a.example]\n  min_version: TLS13\n  curve_preferences: [X25519]\nhttp_server_config:\n  http2: false\n  headers: {{X-Frame-Options: deny}}\nbasic_auth_users:\n  alice: {HASH}\nrate_limit: {{interval: 10ms, burst: 5}}\n"
    );
    let web = read(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let settings = web.settings;
    assert!(settings.authenticates() && !settings.http2);
    assert_eq!(
        settings.basic_auth_users,
        [("alice".to_owned(), HASH.to_owned())]
    );
    let rate = settings.rate_limit.expect("a rate is limited");
    assert_eq!((rate.interval_ms, rate.burst), (10.0, 5));
    let tls = settings.tls.expect("TLS is set");
    assert_eq!(tls.certificate, Pem::File("/etc/server.crt".into()));
    assert_eq!(tls.key, Pem::Text("KEY".to_owned()));
    assert_eq!(tls.client_auth, ClientAuth::RequireAndVerify);
    assert_eq!(
        (tls.min_version, tls.max_version),
        (TlsVersion::Tls13, TlsVersion::Tls13)
    );
    assert_eq!(web.inactive.len(), 1, "{:?}", web.inactive);
}

#[test]
fn an_empty_file_is_plain_http() {
    let web = read("").unwrap_or_else(|errors| panic!("{errors}"));
    assert!(web.settings.tls.is_none() && web.settings.http2 && !web.settings.authenticates());
}
