//! `listen`: where the server answers, and to whom.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use binnacle_server::settings::{Settings, WebSettings};

use crate::config::prometheus::url;
use crate::config::web::WebFile;
use binnacle_config::error::{At, ConfigError};
use binnacle_config::reader::{Context, Reader};
use binnacle_config::yaml::Out;

/// The section as it was typed.
pub(super) struct Listen {
    settings: Settings,
    at: At,
    /// `web_config_file`, seen from the directory of the file.
    pub(super) web_config_file: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> Listen {
    let default = Settings::default();
    let address = r
        .parsed_text("address", parse_address)
        .unwrap_or(default.address);
    r.show("address", Out::Text(address.to_string()));
    let insecure = r.bool_or("insecure", false);
    let web_config_file = r.path("web_config_file");
    let external_url = read_url(r, "external_url");
    let cors_origin = read_url(r, "cors_origin");
    let settings = Settings {
        address,
        insecure,
        external_url,
        cors_origin,
        admin_api: r.bool_or("admin_api", default.admin_api),
        lifecycle: r.bool_or("lifecycle", default.lifecycle),
        push_bytes_max: bytes(r, "push_bytes_max", default.push_bytes_max),
        push_decoded_bytes_max: bytes(r, "push_decoded_bytes_max", default.push_decoded_bytes_max),
        form_bytes_max: bytes(r, "form_bytes_max", default.form_bytes_max),
        connections_max: count(r, "connections_max", default.connections_max),
        ..default
    };
    Listen {
        settings,
        at: r.at("address"),
        web_config_file,
    }
}

/// An address with its port. The host may be `localhost`, or empty for every
/// address of the machine.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let refused = || format!("{text:?} is no address with a port, such as 127.0.0.1:9090");
    let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
    let port = port.parse().map_err(|_| refused())?;
    let host: IpAddr = match host {
        "" => Ipv4Addr::UNSPECIFIED.into(),
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        _ => return Err(refused()),
    };
    Ok(SocketAddr::new(host, port))
}

fn read_url(r: &mut Reader<'_>, key: &'static str) -> Option<String> {
    let text = r.url(key);
    if text.is_empty() {
        return None;
    }
    let is_web = url::split(&text)
        .is_ok_and(|parts| matches!(parts.scheme, "http" | "https") && !parts.host.is_empty());
    if !is_web {
        r.refuse(
            key,
            format!("{text:?} is no URL of a web server, such as https://example.com/"),
        );
    }
    Some(text)
}

/// A size of at least one byte.
pub(super) fn bytes(r: &mut Reader<'_>, key: &'static str, default: usize) -> usize {
    let size = r.size_or(key, i64::try_from(default).unwrap_or(i64::MAX));
    match usize::try_from(size) {
        Ok(size) if size > 0 => size,
        _ => {
            r.refuse(key, format!("{key:?} must be at least 1B"));
            default
        }
    }
}

/// A number of at least one.
pub(super) fn count(r: &mut Reader<'_>, key: &'static str, default: usize) -> usize {
    let number = r.uint_or(key, u64::try_from(default).unwrap_or(u64::MAX));
    match usize::try_from(number) {
        Ok(number) if number > 0 => number,
        _ => {
            r.refuse(key, format!("{key:?} must be at least 1"));
            default
        }
    }
}

impl Listen {
    /// What the server needs to know, after checking that it is not open by accident.
    pub(super) fn resolve(
        &self,
        context: &Context,
        listen: Option<SocketAddr>,
        web: Option<WebFile>,
        range_steps_max: u64,
        errors: &mut Vec<ConfigError>,
    ) -> Settings {
        // A web.yml that is wrong is told of itself; that it lacks users is not news.
        let known = web.is_some() || self.web_config_file.is_none();
        let settings = Settings {
            address: listen.unwrap_or(self.settings.address),
            web: web.map_or_else(WebSettings::default, |w| w.settings),
            range_steps_max,
            ..self.settings.clone()
        };
        let open = !settings.address.ip().to_canonical().is_loopback();
        if open && known && !settings.insecure && !settings.web.authenticates() {
            let message = format!(
                "listening on {} without authentication would be open to the network: listen on 127.0.0.1, or name a web.yml with basic_auth_users or required client certificates in listen.web_config_file, or set listen.insecure: true",
                settings.address
            );
            let at = if listen.is_some() {
                At::default()
            } else {
                self.at
            };
            errors.push(ConfigError::new(context.file(), at, message));
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::parse_address;

    #[test]
    fn addresses() {
        let check = |text: &str, want: &str| {
            assert_eq!(
                parse_address(text).map(|a| a.to_string()),
                Ok(want.to_owned()),
                "{text}"
            );
        };
        check("127.0.0.1:9090", "127.0.0.1:9090");
        check("localhost:1", "127.0.0.1:1");
        check(":9090", "0.0.0.0:9090");
        check("[::1]:9090", "[::1]:9090");
        for bad in ["", "9090", "example.com:80", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }
}
