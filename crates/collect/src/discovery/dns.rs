//! Targets from DNS (`dns_sd_configs`), by address records. `SRV`, `MX` and `NS`
//! need a resolver of our own and are not done here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use binnacle_model::labels::Labels;
use futures::future::BoxFuture;
use tokio::time::sleep;

use super::REFRESH_MIN;
use super::{Discovery, Teller};
use crate::settings::{DnsDiscovery, DnsRecord, TargetGroup};

pub(super) struct DnsTargets {
    names: Vec<String>,
    record: DnsRecord,
    port: u16,
    refresh: Duration,
    known: BTreeMap<String, TargetGroup>,
}

impl DnsTargets {
    pub(super) fn new(settings: &DnsDiscovery) -> Self {
        Self {
            names: settings.names.clone(),
            record: settings.record,
            port: settings.port,
            refresh: settings.refresh_interval.max(REFRESH_MIN),
            known: BTreeMap::new(),
        }
    }

    async fn look_up(&mut self, teller: &Teller) {
        for name in &self.names {
            match tokio::net::lookup_host((name.as_str(), self.port)).await {
                Ok(addresses) => {
                    let group = self.group(name, addresses);
                    self.known.insert(name.clone(), group);
                }
                Err(error) => teller.failed(name, &error),
            }
        }
    }

    fn group(&self, name: &str, addresses: impl Iterator<Item = SocketAddr>) -> TargetGroup {
        let mut addresses: Vec<String> = addresses
            .filter(|a| self.record.holds(a.ip()))
            .map(|a| a.to_string())
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        TargetGroup {
            source: name.to_owned(),
            targets: addresses
                .iter()
                .map(|address| {
                    Labels::from_pairs([
                        ("__address__", address.as_str()),
                        ("__meta_dns_name", name),
                    ])
                })
                .collect(),
            labels: Labels::empty(),
        }
    }
}

impl Discovery for DnsTargets {
    fn run(mut self: Box<Self>, teller: Teller) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                self.look_up(&teller).await;
                teller.tell(self.known.values().cloned().collect()).await;
                sleep(self.refresh).await;
            }
        })
    }
}
