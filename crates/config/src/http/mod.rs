//! How an HTTP server is spoken to: the fields that scrape configurations, most
//! discovery mechanisms, alertmanagers and remote storage have in common. They
//! stand beside the other fields of their section.

pub mod headers;
pub mod oauth2;
pub mod proxy;
pub mod tls;
pub mod tracing;
pub mod url;

use std::path::PathBuf;

use binnacle_client::settings::{Auth, HttpSettings, SecretText, Source};

use crate::reader::{FileKind, Reader};

use self::oauth2::OAuth2;
use self::proxy::Proxy;
use self::tls::Tls;

/// The fields as they were typed.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClient {
    /// `basic_auth`
    pub basic_auth: Option<BasicAuth>,
    /// `authorization`
    pub authorization: Option<Authorization>,
    /// `oauth2`
    pub oauth2: Option<OAuth2>,
    /// `bearer_token` or `bearer_token_file`, the old form of `authorization`.
    pub bearer: Option<Source>,
    tls: Tls,
    proxy: Proxy,
    follow_redirects: bool,
    enable_http2: bool,
    headers: Vec<(String, Vec<Source>)>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            oauth2: None,
            bearer: None,
            tls: Tls::default(),
            proxy: Proxy::default(),
            follow_redirects: true,
            enable_http2: true,
            headers: Vec::new(),
        }
    }
}

/// `basic_auth`
#[derive(Debug, Clone, PartialEq)]
pub struct BasicAuth {
    username: String,
    username_file: Option<PathBuf>,
    password: SecretText,
    password_file: Option<PathBuf>,
}

/// `authorization`
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    kind: String,
    credentials: SecretText,
    credentials_file: Option<PathBuf>,
}

/// Takes the fields.
pub fn read(r: &mut Reader<'_>) -> HttpClient {
    read_with(r, true)
}

/// Takes the fields, with another default for `enable_http2`.
pub fn read_with(r: &mut Reader<'_>, enable_http2: bool) -> HttpClient {
    let basic_auth = r.section("basic_auth", read_basic_auth);
    let authorization = r.section("authorization", read_authorization);
    let oauth2 = r.section("oauth2", oauth2::read);
    let bearer = read_bearer(r);
    let client = HttpClient {
        basic_auth,
        authorization,
        oauth2,
        bearer,
        tls: tls::section(r),
        follow_redirects: r.bool_or("follow_redirects", true),
        enable_http2: r.bool_or("enable_http2", enable_http2),
        proxy: proxy::read(r),
        headers: headers::http_headers(r),
    };
    check(r, &client);
    client
}

fn read_basic_auth(r: &mut Reader<'_>) -> BasicAuth {
    let auth = BasicAuth {
        username: r.text("username"),
        username_file: r.file("username_file", FileKind::Credentials),
        password: r.secret("password"),
        password_file: r.file("password_file", FileKind::Credentials),
    };
    let username_ref = tls::reference(r, "username_ref");
    let password_ref = tls::reference(r, "password_ref");
    let count = |text: &str, file: &Option<PathBuf>, reference: &str| {
        usize::from(!text.is_empty())
            + usize::from(file.is_some())
            + usize::from(!reference.is_empty())
    };
    if count(&auth.username, &auth.username_file, &username_ref) > 1 {
        r.refuse_all(
            "at most one of basic_auth username, username_file & username_ref must be configured",
        );
    }
    if count(auth.password.reveal(), &auth.password_file, &password_ref) > 1 {
        r.refuse_all(
            "at most one of basic_auth password, password_file & password_ref must be configured",
        );
    }
    auth
}

fn read_authorization(r: &mut Reader<'_>) -> Authorization {
    let kind = r.text_or("type", "Bearer").trim().to_owned();
    let auth = Authorization {
        kind: if kind.is_empty() {
            "Bearer".to_owned()
        } else {
            kind
        },
        credentials: r.secret("credentials"),
        credentials_file: r.file("credentials_file", FileKind::Token),
    };
    let reference = tls::reference(r, "credentials_ref");
    let given = usize::from(!auth.credentials.reveal().is_empty())
        + usize::from(auth.credentials_file.is_some())
        + usize::from(!reference.is_empty());
    if given > 1 {
        r.refuse_all(
            "at most one of authorization credentials & credentials_file must be configured",
        );
    }
    if auth.kind.eq_ignore_ascii_case("basic") {
        r.refuse(
            "type",
            "authorization type cannot be set to \"basic\", use \"basic_auth\" instead",
        );
    }
    auth
}

fn read_bearer(r: &mut Reader<'_>) -> Option<Source> {
    let token = r.secret("bearer_token");
    let file = r.file("bearer_token_file", FileKind::Token);
    match (token.reveal().is_empty(), file) {
        (true, None) => None,
        (true, Some(file)) => Some(Source::File(file)),
        (false, None) => Some(Source::Text(token)),
        (false, Some(_)) => {
            r.refuse(
                "bearer_token_file",
                "at most one of bearer_token & bearer_token_file must be configured",
            );
            Some(Source::Text(token))
        }
    }
}

fn check(r: &Reader<'_>, client: &HttpClient) {
    let HttpClient {
        basic_auth,
        authorization,
        oauth2,
        bearer,
        ..
    } = client;
    let bearer_key = if r.has("bearer_token") {
        "bearer_token"
    } else {
        "bearer_token_file"
    };
    if bearer.is_some() && (basic_auth.is_some() || oauth2.is_some()) {
        r.refuse(
            bearer_key,
            "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
        );
    }
    if bearer.is_some() && authorization.is_some() {
        r.refuse(
            bearer_key,
            "authorization is not compatible with bearer_token & bearer_token_file",
        );
    }
    let one = "at most one of basic_auth, oauth2 & authorization must be configured";
    if authorization.is_some() && (basic_auth.is_some() || oauth2.is_some()) {
        r.refuse("authorization", one);
    } else if oauth2.is_some() && basic_auth.is_some() {
        r.refuse("oauth2", one);
    }
}

impl HttpClient {
    /// What to do.
    #[must_use]
    pub fn resolve(&self) -> HttpSettings {
        HttpSettings {
            auth: self.resolve_auth(),
            tls: self.tls.resolve(),
            proxy: self.proxy.resolve(),
            follow_redirects: self.follow_redirects,
            enable_http2: self.enable_http2,
            headers: self.headers.clone(),
        }
    }

    fn resolve_auth(&self) -> Auth {
        if let Some(auth) = &self.basic_auth {
            let password = source(&auth.password, auth.password_file.as_ref());
            let username = SecretText::new(auth.username.clone());
            let username = source(&username, auth.username_file.as_ref());
            return Auth::Basic {
                username: username.unwrap_or(Source::Text(SecretText::default())),
                password,
            };
        }
        if let Some(auth) = &self.authorization {
            let credentials = source(&auth.credentials, auth.credentials_file.as_ref());
            return credentials.map_or(Auth::None, |credentials| Auth::Token {
                kind: auth.kind.clone(),
                credentials,
            });
        }
        if let Some(credentials) = &self.bearer {
            return Auth::Token {
                kind: "Bearer".to_owned(),
                credentials: credentials.clone(),
            };
        }
        let oauth2 = self.oauth2.as_ref().and_then(OAuth2::resolve);
        oauth2.map_or(Auth::None, |settings| Auth::OAuth2(Box::new(settings)))
    }
}

fn source(text: &SecretText, file: Option<&PathBuf>) -> Option<Source> {
    match file {
        Some(file) => Some(Source::File(file.clone())),
        None if text.reveal().is_empty() => None,
        None => Some(Source::Text(text.clone())),
    }
}
