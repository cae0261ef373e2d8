//! Bonded network interfaces: how many slaves each has, and how many of them work
//! (`/sys/class/net/bonding_masters`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute};
use super::{Collect, HostError};

pub(super) struct Bonding(PathBuf);

impl Bonding {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/net"))
    }
}

impl Collect for Bonding {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let masters = attribute(&self.0.join("bonding_masters")).ok_or(HostError::NoData)?;
        let bonds: Vec<(&str, usize, usize)> = masters
            .split_ascii_whitespace()
            .map(|master| {
                let slaves =
                    attribute(&self.0.join(master).join("bonding/slaves")).unwrap_or_default();
                let active = slaves
                    .split_ascii_whitespace()
                    .filter(|slave| {
                        let state = self.0.join(master).join(format!("lower_{slave}"));
                        ["bonding_slave/mii_status", "../bonding_slave/mii_status"]
                            .iter()
                            .find_map(|p| attribute(&state.join(p)))
                            .is_some_and(|s| s == "up")
                    })
                    .count();
                (master, slaves.split_ascii_whitespace().count(), active)
            })
            .collect();
        let mut family = out.family(
            "node_bonding_active",
            MetricType::Gauge,
            "Number of active slaves per bonding interface.",
        );
        for &(master, _, active) in &bonds {
            family.sample(&[("master", master)], active as f64);
        }
        let mut family = out.family(
            "node_bonding_slaves",
            MetricType::Gauge,
            "Number of configured slaves per bonding interface.",
        );
        for &(master, slaves, _) in &bonds {
            family.sample(&[("master", master)], slaves as f64);
        }
        Ok(())
    }
}
