//! Which format to ask for, to answer with, and to read.
//!
//! * [`accept_header`]: what a scrape sends.
//! * [`body_format`]: what to read an answer as, by its content type.
//! * [`answer_format`]: what to answer a scrape with, by its `Accept` header.
//!
//! Rules are those of Prometheus' scraper and of its client library. Protobuf is
//! read but not written, so it is never chosen for an answer.

mod media;

use crate::error::WireError;
use crate::names::Escaping;
use crate::text::Dialect;
pub(crate) use media::MediaType;

/// A format of `scrape_protocols`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScrapeProtocol {
    /// `PrometheusProto`
    PrometheusProto,
    /// `PrometheusText0.0.4`
    PrometheusText0_0_4,
    /// `PrometheusText1.0.0`
    PrometheusText1_0_0,
    /// `OpenMetricsText0.0.1`
    OpenMetricsText0_0_1,
    /// `OpenMetricsText1.0.0`
    OpenMetricsText1_0_0,
}

impl ScrapeProtocol {
    /// All protocols.
    pub const ALL: [Self; 5] = [
        Self::PrometheusProto,
        Self::PrometheusText0_0_4,
        Self::PrometheusText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::OpenMetricsText1_0_0,
    ];

    /// What a scrape asks for unless it is configured, first choice first.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// As the configuration names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrometheusProto => "PrometheusProto",
            Self::PrometheusText0_0_4 => "PrometheusText0.0.4",
            Self::PrometheusText1_0_0 => "PrometheusText1.0.0",
            Self::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
        }
    }

    /// The protocol that the configuration names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }

    /// What a body of this protocol is read as.
    #[must_use]
    pub fn format(self) -> BodyFormat {
        match self {
            Self::PrometheusProto => BodyFormat::Protobuf,
            Self::PrometheusText0_0_4 | Self::PrometheusText1_0_0 => {
                BodyFormat::Text(Dialect::Prometheus)
            }
            Self::OpenMetricsText0_0_1 | Self::OpenMetricsText1_0_0 => {
                BodyFormat::Text(Dialect::OpenMetrics)
            }
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Self::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            Self::PrometheusText1_0_0 => "text/plain;version=1.0.0",
            Self::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            Self::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
        }
    }
}

/// The `Accept` header of a scrape that wants `protocols`, first choice first.
#[must_use]
pub fn accept_header(protocols: &[ScrapeProtocol], escaping: Escaping) -> String {
    use std::fmt::Write as _;
    let mut header = String::new();
    // One more than there are protocols, so that none has weight 1 or 0.
    let mut weight = ScrapeProtocol::ALL.len() + 1;
    for protocol in protocols {
        header.push_str(protocol.media_type());
        if matches!(
            protocol,
            ScrapeProtocol::PrometheusText1_0_0 | ScrapeProtocol::OpenMetricsText1_0_0
        ) {
            // Writing to a string does not fail.
            let _ = write!(header, ";escaping={}", escaping.as_str());
        }
        let _ = write!(header, ";q=0.{weight},");
        weight = weight.saturating_sub(1);
    }
    let _ = write!(header, "*/*;q=0.{weight}");
    header
}

/// What a body is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// By [`crate::text::scan`].
    Text(Dialect),
    /// By [`crate::protobuf::scan`].
    Protobuf,
}

/// What to read an answer as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenBody {
    /// The format.
    pub format: BodyFormat,
    /// Why the fallback had to do, when it had to: worth a line in the log.
    pub remark: Option<String>,
}

/// What to read a scrape's answer as: what its content type says, else the
/// target's `fallback_scrape_protocol`.
///
/// # Errors
/// [`WireError::Unsupported`] when the content type says nothing that is known
/// here, and there is no fallback.
pub fn body_format(
    content_type: Option<&str>,
    fallback: Option<ScrapeProtocol>,
) -> Result<ChosenBody, WireError> {
    let content_type = content_type.unwrap_or_default();
    let problem = if content_type.is_empty() {
        "non-compliant scrape target sending blank Content-Type".to_owned()
    } else {
        match MediaType::parse(content_type).map(|m| m.essence) {
            None => format!("cannot parse Content-Type {content_type:?}"),
            Some(essence) => match essence.as_str() {
                "text/plain" => return Ok(plain(BodyFormat::Text(Dialect::Prometheus))),
                "application/openmetrics-text" => {
                    return Ok(plain(BodyFormat::Text(Dialect::OpenMetrics)));
                }
                "application/vnd.google.protobuf" => return Ok(plain(BodyFormat::Protobuf)),
                _ => format!("received unsupported Content-Type {content_type:?}"),
            },
        }
    };
    match fallback {
        None => Err(WireError::Unsupported(format!(
            "{problem} and no fallback_scrape_protocol specified for target"
        ))),
        Some(protocol) => Ok(ChosenBody {
            format: protocol.format(),
            remark: Some(format!(
                "{problem}, using fallback_scrape_protocol {:?}",
                protocol.as_str()
            )),
        }),
    }
}

fn plain(format: BodyFormat) -> ChosenBody {
    ChosenBody {
        format,
        remark: None,
    }
}

/// What to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnswerFormat {
    /// The text format or OpenMetrics.
    pub dialect: Dialect,
    /// The format's version.
    pub version: &'static str,
    /// How names are written.
    pub escaping: Escaping,
}

impl AnswerFormat {
    /// The `Content-Type` header of the answer.
    #[must_use]
    pub fn content_type(self) -> String {
        let essence = match self.dialect {
            Dialect::Prometheus => "text/plain",
            Dialect::OpenMetrics => "application/openmetrics-text",
        };
        let (version, escaping) = (self.version, self.escaping.as_str());
        format!("{essence}; version={version}; charset=utf-8; escaping={escaping}")
    }
}

/// What to answer a scrape with: the first format of its `Accept` header that is
/// written here, by weight, else text 0.0.4. `escaping` is for readers that do
/// not say; OpenMetrics only when `open_metrics`.
#[must_use]
pub fn answer_format(accept: Option<&str>, open_metrics: bool, escaping: Escaping) -> AnswerFormat {
    let mut escaping = escaping;
    for range in media::accepted(accept.unwrap_or_default()) {
        if let Some(asked) = range.param("escaping").and_then(Escaping::parse) {
            escaping = asked;
        }
        let dialect = match range.essence.as_str() {
            "text/plain" => Dialect::Prometheus,
            "application/openmetrics-text" if open_metrics => Dialect::OpenMetrics,
            _ => continue,
        };
        let version = match (dialect, range.param("version").unwrap_or_default()) {
            (Dialect::Prometheus, "" | "0.0.4") => "0.0.4",
            (Dialect::OpenMetrics, "" | "0.0.1") => "0.0.1",
            (_, "1.0.0") => "1.0.0",
            _ => continue,
        };
        return AnswerFormat {
            dialect,
            version,
            escaping,
        };
    }
    AnswerFormat {
        dialect: Dialect::Prometheus,
        version: "0.0.4",
        escaping,
    }
}
