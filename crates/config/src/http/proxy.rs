//! The proxy fields that stand beside others: `proxy_url`, `no_proxy`,
//! `proxy_from_environment`, `proxy_connect_header`.

use binnacle_client::settings::{ProxySettings, SecretText, Source};

use crate::reader::Reader;

use super::url;

/// The proxy fields as they were typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proxy {
    url: String,
    no_proxy: String,
    from_environment: bool,
    connect_header: Vec<(String, Vec<String>)>,
}

/// Takes the fields.
pub fn read(r: &mut Reader<'_>) -> Proxy {
    let proxy = Proxy {
        url: r.url("proxy_url"),
        no_proxy: r.text("no_proxy"),
        from_environment: r.bool("proxy_from_environment"),
        connect_header: r
            .texts_map("proxy_connect_header", true)
            .into_iter()
            .map(|(name, values)| (name.value, values))
            .collect(),
    };
    if let Err(why) = url::split(&proxy.url) {
        r.refuse("proxy_url", why);
    }
    if !proxy.connect_header.is_empty() && !proxy.from_environment && proxy.url.is_empty() {
        r.refuse(
            "proxy_connect_header",
            "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
        );
    }
    if proxy.from_environment && !proxy.url.is_empty() {
        r.refuse(
            "proxy_url",
            "if proxy_from_environment is configured, proxy_url must not be configured",
        );
    }
    if proxy.from_environment && !proxy.no_proxy.is_empty() {
        r.refuse(
            "no_proxy",
            "if proxy_from_environment is configured, no_proxy must not be configured",
        );
    } else if !proxy.no_proxy.is_empty() && proxy.url.is_empty() {
        r.refuse(
            "no_proxy",
            "if no_proxy is configured, proxy_url must also be configured",
        );
    }
    proxy
}

impl Proxy {
    /// What to do.
    #[must_use]
    pub fn resolve(&self) -> ProxySettings {
        if self.from_environment {
            return ProxySettings::Environment;
        }
        if self.url.is_empty() {
            return ProxySettings::None;
        }
        let secret = |text: &String| Source::Text(SecretText::new(text.clone()));
        ProxySettings::Url {
            url: self.url.clone(),
            no_proxy: self.no_proxy.clone(),
            connect_headers: self
                .connect_header
                .iter()
                .map(|(name, values)| (name.clone(), values.iter().map(secret).collect()))
                .collect(),
        }
    }
}
