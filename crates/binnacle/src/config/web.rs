//! Prometheus' `web.yml`: TLS, client certificates, users, headers and the rate
//! limit of the listener, as the exporter toolkit reads it, unchanged.
//!
//! Two of its fields ask for what this server does not have: curves are chosen by
//! the TLS library, and TLS 1.0 and 1.1 are gone. The first is noted as inactive,
//! the second is refused, for a listener must not be more open than its file says.

use std::path::{Path, PathBuf};

use binnacle_server::settings::{ClientAuth, Pem, RateLimit, TlsSettings, TlsVersion, WebSettings};

use binnacle_config::error::ConfigErrors;
use binnacle_config::reader::{Context, FileKind, Inactive, NamedFile, Reader, read_file};
use binnacle_config::source;
use binnacle_config::yaml::Out;

/// A `web.yml` that was found valid.
#[derive(Debug)]
pub struct WebFile {
    /// What the server needs to know.
    pub settings: WebSettings,
    /// What is understood and does not act.
    pub inactive: Vec<Inactive>,
    /// The files that it names.
    pub named: Vec<NamedFile>,
}

/// Headers that may be set, with their values where only some are allowed.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// Cipher suites of TLS 1.2 and 1.3 by Go's names, that Go calls secure.
const CIPHER_SUITES: [&str; 13] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
];

const CURVES: [&str; 4] = ["CurveP256", "CurveP384", "CurveP521", "X25519"];

/// Reads `file`.
///
/// # Errors
/// With every mistake in it.
pub fn load(file: &Path) -> Result<WebFile, ConfigErrors> {
    parse(file, &source::read(file)?)
}

/// As [`load`], with the text of the file at hand.
///
/// # Errors
/// With every mistake in it.
pub fn parse(file: &Path, text: &str) -> Result<WebFile, ConfigErrors> {
    let root = binnacle_config::yaml::parse(file, text)?;
    let context = Context::new(file);
    let (settings, _) = read_file(&context, root.as_deref(), read);
    if let Some(errors) = ConfigErrors::of(context.take_errors()) {
        return Err(errors);
    }
    let inactive = context.take_inactive();
    Ok(WebFile {
        settings,
        inactive,
        named: context.take_files(),
    })
}

fn read(r: &mut Reader<'_>) -> WebSettings {
    let tls = r.section("tls_server_config", read_tls).flatten();
    let (http2, headers) = r
        .section("http_server_config", read_http)
        .unwrap_or((true, Vec::new()));
    let rate_limit = r.section("rate_limit", read_rate_limit).flatten();
    WebSettings {
        tls,
        http2,
        headers,
        rate_limit,
        basic_auth_users: read_users(r),
    }
}

fn read_tls(r: &mut Reader<'_>) -> Option<TlsSettings> {
    let certificate = read_pem(r, "cert", "cert_file", FileKind::ServerCertificate);
    let key = read_pem(r, "key", "key_file", FileKind::ServerKey);
    let client_ca = read_pem(
        r,
        "client_ca",
        "client_ca_file",
        FileKind::ClientAuthorities,
    );
    let auth_type = r.text("client_auth_type");
    let client_auth = client_auth(r, &auth_type);
    let versions = [
        ("TLS10", None),
        ("TLS11", None),
        ("TLS12", Some(TlsVersion::Tls12)),
        ("TLS13", Some(TlsVersion::Tls13)),
    ];
    let unknown = |name: &str| format!("unknown TLS version: {name}");
    // A lower bound that is gone is met by what is left; an upper one is not.
    let min_version = r.one_of("min_version", &versions, unknown).flatten();
    let max_version = match r.one_of("max_version", &versions, unknown) {
        Some(None) => {
            r.refuse(
                "max_version",
                "TLS 1.0 and 1.1 are not spoken, max_version must be TLS12 or TLS13",
            );
            None
        }
        version => version.flatten(),
    };
    r.bool_or("prefer_server_cipher_suites", true);
    let cipher_suites = read_names(r, "cipher_suites", &CIPHER_SUITES, "cipher");
    read_names(r, "curve_preferences", &CURVES, "curve");
    r.inactive("curve_preferences", "curves are chosen by the TLS library");
    let client_allowed_sans: Vec<String> = r
        .texts("client_allowed_sans")
        .into_iter()
        .map(|s| s.value)
        .collect();
    if min_version > max_version && max_version.is_some() {
        r.refuse(
            "max_version",
            "max_version must be greater than or equal to min_version",
        );
    }
    if certificate.is_none() && key.is_none() && client_ca.is_none() && auth_type.is_empty() {
        return None;
    }
    check_clients(r, client_auth, client_ca.is_some(), &client_allowed_sans);
    if certificate.is_none() {
        r.refuse("cert_file", "missing one of cert or cert_file");
    }
    if key.is_none() {
        r.refuse("key_file", "missing one of key or key_file");
    }
    Some(TlsSettings {
        certificate: certificate?,
        key: key?,
        client_auth,
        client_ca,
        client_allowed_sans,
        min_version: min_version.unwrap_or(TlsVersion::Tls12),
        max_version: max_version.unwrap_or(TlsVersion::Tls13),
        cipher_suites,
    })
}

/// The text, unless there is a file: then that.
fn read_pem(
    r: &mut Reader<'_>,
    text_key: &'static str,
    file_key: &'static str,
    kind: FileKind,
) -> Option<Pem> {
    let text = r.secret(text_key);
    let file: Option<PathBuf> = r.file(file_key, kind);
    let text = (!text.reveal().is_empty()).then(|| Pem::Text(text.reveal().to_owned()));
    file.map(Pem::File).or(text)
}

fn client_auth(r: &Reader<'_>, name: &str) -> ClientAuth {
    match name {
        "" | "NoClientCert" => ClientAuth::None,
        "RequestClientCert" => ClientAuth::Request,
        // The second is an old name of the first.
        "RequireAnyClientCert" | "RequireClientCert" => ClientAuth::RequireAny,
        "VerifyClientCertIfGiven" => ClientAuth::VerifyIfGiven,
        "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerify,
        other => {
            r.refuse("client_auth_type", format!("invalid ClientAuth: {other}"));
            ClientAuth::None
        }
    }
}

fn check_clients(r: &Reader<'_>, auth: ClientAuth, authorities: bool, sans: &[String]) {
    if authorities && auth == ClientAuth::None {
        let key = if r.has("client_ca_file") {
            "client_ca_file"
        } else {
            "client_ca"
        };
        r.refuse(
            key,
            "client CA's have been configured without a Client Auth Policy",
        );
    }
    let required = matches!(auth, ClientAuth::RequireAny | ClientAuth::RequireAndVerify);
    if !sans.is_empty() && !required {
        r.refuse(
            "client_allowed_sans",
            "client_allowed_sans requires client_auth_type to be one of RequireAnyClientCert or RequireAndVerifyClientCert",
        );
    }
}

fn read_names(r: &mut Reader<'_>, key: &'static str, known: &[&str], what: &str) -> Vec<String> {
    let names = r.texts(key);
    for name in names.iter().filter(|n| !known.contains(&n.value.as_str())) {
        r.refuse_at(name.at, format!("unknown {what}: {}", name.value));
    }
    names.into_iter().map(|n| n.value).collect()
}

fn read_http(r: &mut Reader<'_>) -> (bool, Vec<(String, String)>) {
    let http2 = r.bool_or("http2", true);
    let mut headers = Vec::new();
    for (name, value) in r.text_map("headers") {
        match HEADERS.iter().find(|(known, _)| *known == name.value) {
            None => {
                r.refuse_at(
                    name.at,
                    format!("HTTP header {:?} can not be configured", name.value),
                );
            }
            Some((_, allowed))
                if !allowed.is_empty() && !allowed.contains(&value.value.as_str()) =>
            {
                let message = format!(
                    "invalid value for {}. Expected one of: {allowed:?}, but got: {:?}",
                    name.value, value.value
                );
                r.refuse_at(value.at, message);
            }
            Some(_) => headers.push((name.value, value.value)),
        }
    }
    (http2, headers)
}

/// `interval` between requests, as Go writes durations, and how many may come at once.
fn read_rate_limit(r: &mut Reader<'_>) -> Option<RateLimit> {
    let burst = r.uint("burst");
    let interval_ms = r
        .parsed_text("interval", parse_go_duration_ms)
        .unwrap_or(0.0);
    if interval_ms == 0.0 {
        return None;
    }
    let Ok(burst) = u32::try_from(burst) else {
        r.refuse("burst", format!("{burst} requests at once are too many"));
        return None;
    };
    if burst == 0 {
        r.refuse(
            "burst",
            "burst must be at least 1, or every request is refused",
        );
    }
    Some(RateLimit { interval_ms, burst })
}

/// A duration as Go's `time.ParseDuration` reads it: `1.5s`, `100us`, `1m30s`.
fn parse_go_duration_ms(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1e-6),
        ("us", 1e-3),
        ("µs", 1e-3),
        ("μs", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 60e3),
        ("h", 3600e3),
    ];
    let bad = || format!("not a valid duration: {text:?}");
    if text == "0" {
        return Ok(0.0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let unit_at = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .ok_or_else(bad)?;
        let number: f64 = rest[..unit_at].parse().map_err(|_| bad())?;
        rest = &rest[unit_at..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, ms) = UNITS
            .iter()
            .find(|(name, _)| *name == &rest[..end])
            .ok_or_else(bad)?;
        total += number * ms;
        rest = &rest[end..];
    }
    Ok(total)
}

/// Users and the hashes of their passwords.
fn read_users(r: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut users = Vec::new();
    for (name, hash) in r.text_map("basic_auth_users") {
        if !is_bcrypt(&hash.value) {
            let message = format!("the password of {:?} is not a bcrypt hash", name.value);
            r.refuse_at(hash.at, message);
        }
        users.push((name.value, hash.value));
    }
    let out = users
        .iter()
        .map(|(name, _)| (name.clone(), Out::Secret))
        .collect();
    r.show("basic_auth_users", Out::Map(out));
    users
}

/// `$2y$10$` and 53 letters of bcrypt's base64, with a cost that is allowed.
fn is_bcrypt(hash: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    let [empty, version, cost, rest] = parts.as_slice() else {
        return false;
    };
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    empty.is_empty()
        && matches!(*version, "2" | "2a" | "2b" | "2x" | "2y")
        && cost.len() == 2
        && cost.parse::<u32>().is_ok_and(|c| (4..=31).contains(&c))
        && rest.len() == 53
        && rest.bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        let check = |text: &str, want: Option<f64>| {
            assert_eq!(parse_go_duration_ms(text).ok(), want, "{text}");
        };
        check("1s", Some(1000.0));
        check("1.5ms", Some(1.5));
        check("1m30s", Some(90_000.0));
        check("100us", Some(0.1));
        check("0", Some(0.0));
        check("", None);
        check("1", None);
        check("1d", None);
        check("-1s", None);
        check("s", None);
    }

    #[test]
    fn hashes() {
        assert!(is_bcrypt(
            "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
        ));
        for bad in [
            "",
            "secret",
            "$2y$10$short",
            "$1$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze",
        ] {
            assert!(!is_bcrypt(bad), "{bad}");
        }
    }
}
