//! Energy that packages and memory used (`/sys/class/powercap`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in, number};
use super::{Collect, HostError};

pub(super) struct Rapl(PathBuf);

impl Rapl {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/powercap"))
    }
}

impl Collect for Rapl {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        if !self.0.is_dir() {
            return Err(HostError::NoData);
        }
        // Zone to (index, path, joules).
        let mut zones: BTreeMap<String, Vec<(String, String, f64)>> = BTreeMap::new();
        for zone in names_in(&self.0) {
            let path = self.0.join(&zone);
            let (Some(name), Some(microjoules)) = (
                attribute(&path.join("name")),
                number(&path.join("energy_uj")),
            ) else {
                continue;
            };
            // `package-0` is zone `package` with index 0.
            let (name, index) = match name.rsplit_once('-') {
                Some((n, i)) if i.parse::<u32>().is_ok() => (n.to_owned(), Some(i.to_owned())),
                _ => (name, None),
            };
            let name: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            let samples = zones.entry(name).or_default();
            let index = index.unwrap_or_else(|| samples.len().to_string());
            samples.push((index, path.display().to_string(), microjoules / 1e6));
        }
        for (zone, samples) in &zones {
            let name = format!("node_rapl_{zone}_joules_total");
            let help = format!("Energy that {zone} used, in joules.");
            let mut family = out.family(&name, MetricType::Counter, &help);
            for (index, path, joules) in samples {
                family.sample(&[("index", index), ("path", path)], *joules);
            }
        }
        Ok(())
    }
}
