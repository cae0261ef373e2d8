//! `dns_sd_configs`: the addresses that names resolve to.

use binnacle_collect::settings::{DiscoverySettings, DnsDiscovery, DnsRecord};

use binnacle_config::reader::Reader;

use super::seconds;

/// One section. Records other than addresses are understood and not looked up yet.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let names: Vec<String> = r.texts("names").into_iter().map(|n| n.value).collect();
    if names.is_empty() {
        r.refuse(
            "names",
            "DNS-SD config must contain at least one SRV record name",
        );
    }
    let refresh_interval = r.duration_or("refresh_interval", seconds(30));
    let kind = r.text_or("type", "SRV");
    let port = r.int_or("port", 0);
    let kind = kind.to_uppercase();
    let record = match kind.as_str() {
        "A" => Some(DnsRecord::A),
        "AAAA" => Some(DnsRecord::Aaaa),
        "SRV" | "MX" | "NS" => None,
        _ => {
            r.refuse("type", format!("invalid DNS-SD records type {kind}"));
            return None;
        }
    };
    if port == 0 && kind != "SRV" {
        r.refuse(
            "port",
            "a port is required in DNS-SD configs for all record types except SRV",
        );
        return None;
    }
    let Some(record) = record else {
        r.inactive_here(&format!(
            "{kind} records are not looked up yet, only A and AAAA are"
        ));
        return None;
    };
    let Ok(port) = u16::try_from(port) else {
        r.refuse("port", format!("{port} is no port"));
        return None;
    };
    Some(DiscoverySettings::Dns(DnsDiscovery {
        names,
        record,
        port,
        refresh_interval,
    }))
}
