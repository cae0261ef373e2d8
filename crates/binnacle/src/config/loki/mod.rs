//! `loki-config.yaml`: what of Loki's configuration still means something here.
//!
//! The file is read whole and unmodified. Keys that say what senders may send, how long
//! lines are kept, what queries may ask, where is listened and who is told of alerts act as
//! they do in Loki. Keys of parts that are not here (rings, ingesters, indexes, object
//! stores, caches) are named once, in one warning, and mean nothing. Unknown keys and wrong
//! values are mistakes with their place. What the file does not say has the defaults of
//! Binnacle, not those of Loki.
//!
//! It deliberately does not read the files of overrides by tenant: there is one tenant.

mod limits;
pub mod otlp;
mod retention;
mod ruler;
mod unused;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_config::error::{At, ConfigError, ConfigErrors};
use binnacle_config::reader::{Context, Reader, read_file};
use binnacle_config::source;
use binnacle_wire::otlp::LogMapping;

pub use limits::Limits;
pub use ruler::Ruler;
use unused::Unused;

/// What acts of a `loki-config.yaml`; what it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LokiFile {
    /// The file.
    pub path: PathBuf,
    /// Whether requests must name their tenant.
    pub auth_enabled: Option<bool>,
    /// Where to listen, and where the file says so.
    pub listen: Option<(LokiAddress, At)>,
    /// What senders may send, what is added to lines, what queries may ask.
    pub limits: Limits,
    /// How long lines are kept; zero: for ever.
    pub retention: Option<Duration>,
    /// How long the lines of some streams are kept, by falling priority.
    pub stream_retention: Vec<(String, Duration)>,
    /// How far back queries may look; zero: as far as they like.
    pub lookback: Option<Duration>,
    /// Whether `/loki/api/v1/delete` answers.
    pub deletion: Option<bool>,
    /// Which attributes of OpenTelemetry's logs become labels.
    pub otlp: Option<LogMapping>,
    /// Where rules are, and who is told.
    pub ruler: Ruler,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
}

/// Where a Loki listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LokiAddress {
    /// The address; `None` when the file names none, which is every address in Loki.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// Loki's port.
const PORT: u64 = 3100;

impl LokiAddress {
    /// The socket's address; without one in the file, that of `host`.
    #[must_use]
    pub fn on(self, host: IpAddr) -> SocketAddr {
        SocketAddr::new(self.ip.unwrap_or(host), self.port)
    }
}

impl LokiFile {
    /// Reads a file.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        Self::parse(file, &source::read(file)?)
    }

    /// As [`Self::load`], with the text of the file at hand.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let root = binnacle_config::yaml::parse(file, text)?;
        let context = Context::new(file);
        let (mut loaded, _) = read_file(&context, root.as_deref(), read);
        file.clone_into(&mut loaded.path);
        loaded.warnings = context.take_warnings();
        ConfigErrors::of(context.take_errors()).map_or(Ok(loaded), Err)
    }
}

fn read(r: &mut Reader<'_>) -> LokiFile {
    let mut unused = Unused::default();
    let auth_enabled = r.bool_maybe("auth_enabled");
    let listen = r
        .section("server", |r| read_server(r, &mut unused))
        .flatten();
    let mut limits = r
        .section("limits_config", |r| limits::read(r, &mut unused))
        .unwrap_or_default();
    let retention = retention::read(r, &limits, &mut unused);
    let distributor = r.section("distributor", |r| {
        unused.take_all(r, unused::DISTRIBUTOR);
        r.section("otlp_config", |r| {
            let key = "default_resource_attributes_as_index_labels";
            let names = r.texts(key);
            r.has(key)
                .then(|| names.into_iter().map(|n| n.value).collect::<Vec<_>>())
        })
        .flatten()
    });
    let otlp = otlp::with_defaults(limits.otlp.take(), distributor.flatten());
    let common = r
        .section("common", |r| ruler::read_common(r, &mut unused))
        .flatten();
    let ruler = r
        .section("ruler", |r| ruler::read(r, &mut unused))
        .unwrap_or_default()
        .or_directory(common);
    unused.take_all(r, unused::TOP);
    if let Some(warning) = unused.warning(r.context().file()) {
        r.context().warn(warning);
    }
    LokiFile {
        path: PathBuf::new(),
        auth_enabled,
        listen,
        retention: retention.period,
        stream_retention: retention.streams,
        lookback: retention.lookback.or(limits.query_lookback),
        deletion: retention.deletion,
        limits,
        otlp,
        ruler,
        warnings: Vec::new(),
    }
}

fn read_server(r: &mut Reader<'_>, unused: &mut Unused) -> Option<(LokiAddress, At)> {
    let ip = r.parsed_text("http_listen_address", |text| match text {
        "" => Ok(None),
        "localhost" => Ok(Some(Ipv4Addr::LOCALHOST.into())),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{text:?} is no address such as 127.0.0.1 or ::1")),
    });
    let port = r.uint_or("http_listen_port", PORT);
    let port = u16::try_from(port).unwrap_or_else(|_| {
        r.refuse(
            "http_listen_port",
            format!("{port} is no port: there are 0 to 65535"),
        );
        0
    });
    unused.take_all(r, unused::SERVER);
    let at = if r.has("http_listen_address") {
        r.at("http_listen_address")
    } else {
        r.at("http_listen_port")
    };
    let is_named = r.has("http_listen_port") || r.has("http_listen_address");
    let ip = ip.flatten();
    is_named.then_some((LokiAddress { ip, port }, at))
}

/// A value that the file may leave unsaid.
fn given<'a, T>(
    r: &mut Reader<'a>,
    key: &'static str,
    read: impl FnOnce(&mut Reader<'a>, &'static str) -> T,
) -> Option<T> {
    let value = read(r, key);
    r.has(key).then_some(value)
}

/// Bytes as Loki writes them: a number, perhaps with `B`, `KB`, `MB`, `GB` or `TB`, each 1024
/// times the last.
fn parse_bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 10] = [
        ("KIB", 10),
        ("MIB", 20),
        ("GIB", 30),
        ("TIB", 40),
        ("KB", 10),
        ("MB", 20),
        ("GB", 30),
        ("TB", 40),
        ("B", 0),
        ("", 0),
    ];
    let upper = text.trim().to_ascii_uppercase();
    let found = UNITS.iter().find_map(|(unit, shift)| {
        let number: f64 = upper.strip_suffix(unit)?.trim().parse().ok()?;
        let bytes = number * 2f64.powi(i32::try_from(*shift).unwrap_or(0));
        (bytes.is_finite() && (0.0..1e18).contains(&bytes)).then_some(bytes as u64)
    });
    found.ok_or_else(|| format!("{text:?} is no size in bytes, such as 262144 or 256KB"))
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn sizes() {
        let check = |text: &str, want: u64| assert_eq!(parse_bytes(text), Ok(want), "{text}");
        check("262144", 256 << 10);
        check("256KB", 256 << 10);
        check("3MB", 3 << 20);
        check("0", 0);
        check("0B", 0);
        check("1.5GB", 3 << 29);
        for bad in ["", "x", "-1", "1XB", "1e300", "NaN"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }
}
