//! `logs.listen`: where logs are taken besides the main listener.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use binnacle_client::settings::SecretText;
use binnacle_config::error::{At, ConfigError};
use binnacle_config::reader::Reader;
use binnacle_server::settings::Settings as ServerSettings;

use crate::config::loki::{LokiAddress, LokiFile};

/// Listeners besides the main one; nowhere by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sockets {
    /// syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
    /// syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// Fluentd's forward protocol.
    pub fluent: Option<SocketAddr>,
    /// The key that senders of the forward protocol must have.
    pub fluent_shared_key: SecretText,
    /// What a Loki answers.
    pub loki: Option<SocketAddr>,
    /// What shippers ask an Elasticsearch for.
    pub elasticsearch: Option<SocketAddr>,
    /// Listen beyond loopback, where anyone can send.
    pub insecure: bool,
}

/// Listeners over HTTP, which have the users and certificates of the main one.
pub(super) struct Ports {
    file: PathBuf,
    insecure: bool,
    loki: Option<(LokiAddress, At)>,
    elasticsearch: Option<(SocketAddr, At)>,
    /// The file that names the listener of Loki, when it is not ours.
    loki_file: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>, file: &LokiFile) -> (Sockets, Ports) {
    let insecure = r.bool_or("insecure", false);
    let syslog_tcp = plain(r, "syslog_tcp", insecure);
    let syslog_udp = plain(r, "syslog_udp", insecure);
    let fluent = plain(r, "fluent", insecure);
    let loki = address(r, "loki").map(|address| {
        let own = LokiAddress {
            ip: Some(address.ip()),
            port: address.port(),
        };
        (own, r.at("loki"))
    });
    let elasticsearch = address(r, "elasticsearch").map(|a| (a, r.at("elasticsearch")));
    let sockets = Sockets {
        syslog_tcp,
        syslog_udp,
        fluent,
        fluent_shared_key: r.secret("fluent_shared_key"),
        loki: None,
        elasticsearch: None,
        insecure,
    };
    let ports = Ports {
        file: r.context().file().to_owned(),
        insecure,
        loki_file: loki.is_none().then(|| file.path.clone()),
        loki: loki.or(file.listen),
        elasticsearch,
    };
    (sockets, ports)
}

fn address(r: &mut Reader<'_>, key: &'static str) -> Option<SocketAddr> {
    let text = r.text(key);
    if text.is_empty() {
        return None;
    }
    let address = text.parse::<SocketAddr>().ok();
    if address.is_none() {
        r.refuse(
            key,
            format!("{text:?} is no address with a port, such as 127.0.0.1:1514"),
        );
    }
    address
}

/// The address of a protocol that asks nobody who they are.
fn plain(r: &mut Reader<'_>, key: &'static str, insecure: bool) -> Option<SocketAddr> {
    let address = address(r, key)?;
    if !address.ip().is_loopback() && !insecure {
        r.refuse(
            key,
            format!(
                "{address} is beyond loopback, where anyone can send: name a loopback address, \
                 or set \"insecure\" to true"
            ),
        );
    }
    Some(address)
}

impl Ports {
    /// Puts the addresses into `sockets`, after checking that none is open by accident. A
    /// `loki-config.yaml` that names a port alone means the address of the main listener.
    pub(super) fn resolve(
        self,
        listen: &ServerSettings,
        sockets: &mut Sockets,
        errors: &mut Vec<ConfigError>,
    ) {
        let host: IpAddr = listen.address.ip();
        let mut checked = |address: SocketAddr, file: &Path, at: At| {
            let is_open = !address.ip().to_canonical().is_loopback();
            if is_open && !self.insecure && !listen.insecure && !listen.web.authenticates() {
                let message = format!(
                    "listening on {address} without authentication would be open to the network: \
                     listen on 127.0.0.1, or name a web.yml with basic_auth_users or required \
                     client certificates in listen.web_config_file, or set logs.listen.insecure: \
                     true"
                );
                errors.push(ConfigError::new(file, at, message));
            }
            address
        };
        let loki_file = self.loki_file.as_deref().unwrap_or(&self.file);
        sockets.loki = self
            .loki
            .map(|(own, at)| checked(own.on(host), loki_file, at));
        sockets.elasticsearch = self
            .elasticsearch
            .map(|(address, at)| checked(address, &self.file, at));
    }
}
