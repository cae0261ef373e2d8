//! Counters of the network protocols (`/proc/net/netstat`, `snmp`, `snmp6`).

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct NetStat {
    netstat: Held,
    snmp: Held,
    snmp6: Held,
}

impl NetStat {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            netstat: roots.proc_file("net/netstat"),
            snmp: roots.proc_file("net/snmp"),
            snmp6: roots.proc_file("net/snmp6"),
        }
    }
}

impl Collect for NetStat {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        write_pairs_of_lines(self.netstat.read()?, out);
        write_pairs_of_lines(self.snmp.read()?, out);
        match self.snmp6.read() {
            Ok(text) => write_lines(text, out),
            // Hosts without IPv6.
            Err(HostError::NoData) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// `Tcp: A B` above `Tcp: 1 2`.
fn write_pairs_of_lines(text: &str, out: &mut Families<'_>) {
    let mut lines = text.lines();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let Some((protocol, names)) = names.split_once(':') else {
            continue;
        };
        let Some((_, values)) = values.split_once(':') else {
            continue;
        };
        for (field, value) in names
            .split_ascii_whitespace()
            .zip(values.split_ascii_whitespace())
        {
            write(protocol, field, value, out);
        }
    }
}

/// `Ip6InOctets  1`.
fn write_lines(text: &str, out: &mut Families<'_>) {
    for line in text.lines() {
        let Some((key, value)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let Some(at) = key.find('6') else { continue };
        let (protocol, field) = key.split_at(at + 1);
        write(protocol, field, value.trim(), out);
    }
}

fn write(protocol: &str, field: &str, value: &str, out: &mut Families<'_>) {
    if !is_told(protocol, field) {
        return;
    }
    let Ok(value) = value.parse() else { return };
    let name = format!("node_netstat_{protocol}_{field}");
    let help = format!("Statistic {protocol}{field}.");
    out.family(&name, MetricType::Unknown, &help)
        .sample(&[], value);
}

/// The fields that node_exporter tells by default.
fn is_told(protocol: &str, field: &str) -> bool {
    match field {
        "InErrors" | "InErrs" => return true,
        _ => {}
    }
    match protocol {
        "Ip" => field == "Forwarding",
        "Ip6" | "IpExt" => matches!(field, "InOctets" | "OutOctets"),
        "Icmp" | "Icmp6" => matches!(field, "InMsgs" | "OutMsgs"),
        "TcpExt" => {
            field.starts_with("Listen")
                || field.starts_with("Syncookies")
                || matches!(
                    field,
                    "TCPSynRetrans" | "TCPTimeouts" | "TCPOFOQueue" | "TCPRcvQDrop"
                )
        }
        "Tcp" => matches!(
            field,
            "ActiveOpens"
                | "InSegs"
                | "OutSegs"
                | "OutRsts"
                | "PassiveOpens"
                | "RetransSegs"
                | "CurrEstab"
        ),
        "Udp" | "Udp6" => matches!(
            field,
            "InDatagrams" | "OutDatagrams" | "NoPorts" | "RcvbufErrors" | "SndbufErrors"
        ),
        _ => false,
    }
}
