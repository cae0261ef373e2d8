//! `scrape_protocols` and `fallback_scrape_protocol`.

use binnacle_collect::settings::ScrapeProtocol;

use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;

/// The names, as messages list them.
const SUPPORTED: &str = "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]";

/// Takes `scrape_protocols`, or `None` when the field is not there; `whose` ends the
/// messages.
pub fn read(r: &mut Reader<'_>, whose: &str) -> Option<Vec<ScrapeProtocol>> {
    let names = r.texts("scrape_protocols");
    if names.is_empty() {
        if r.has("scrape_protocols") {
            r.refuse(
                "scrape_protocols",
                format!("scrape_protocols cannot be empty for {whose}"),
            );
        }
        return None;
    }
    let mut protocols = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let twice = names[..i]
            .iter()
            .any(|n| n.value.eq_ignore_ascii_case(&name.value));
        match ScrapeProtocol::parse(&name.value) {
            _ if twice => {
                let message = format!(
                    "duplicated protocol in scrape_protocols, got {:?} for {whose}",
                    name.value
                );
                r.refuse_at(name.at, message);
            }
            Some(protocol) => protocols.push(protocol),
            None => {
                let message = format!("scrape_protocols: {} for {whose}", unknown(&name.value));
                r.refuse_at(name.at, message);
            }
        }
    }
    Some(protocols)
}

/// Takes `fallback_scrape_protocol`.
pub fn fallback(r: &mut Reader<'_>, whose: &str) -> Option<ScrapeProtocol> {
    let name = r.text("fallback_scrape_protocol");
    if name.is_empty() {
        return None;
    }
    let protocol = ScrapeProtocol::parse(&name);
    if protocol.is_none() {
        let message = format!(
            "invalid fallback_scrape_protocol for {whose}: {}",
            unknown(&name)
        );
        r.refuse("fallback_scrape_protocol", message);
    }
    protocol
}

/// The list to ask for: what is set, else the default, with protobuf first where
/// native histograms are wanted.
pub fn resolve(
    own: Option<&Vec<ScrapeProtocol>>,
    global: Option<&Vec<ScrapeProtocol>>,
    native_histograms: bool,
) -> Vec<ScrapeProtocol> {
    if let Some(set) = own.or(global) {
        return set.clone();
    }
    let proto = native_histograms.then_some(ScrapeProtocol::PrometheusProto);
    proto.into_iter().chain(ScrapeProtocol::DEFAULT).collect()
}

/// The list as the effective form shows it.
pub fn show(protocols: &[ScrapeProtocol]) -> Out {
    Out::List(
        protocols
            .iter()
            .map(|p| Out::Text(p.as_str().to_owned()))
            .collect(),
    )
}

fn unknown(name: &str) -> String {
    format!("unknown scrape protocol {name}, supported: {SUPPORTED}")
}
