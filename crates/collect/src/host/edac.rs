//! Memory errors that were corrected or not (`/sys/devices/system/edac/mc`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, names_in, number};
use super::{Collect, HostError};

pub(super) struct Edac(PathBuf);

impl Edac {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("devices/system/edac/mc"))
    }
}

/// Controller, row (`unknown` for errors that belong to none), count.
type Counts = Vec<(String, String, f64)>;

impl Collect for Edac {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        for (word, file, unknown) in [
            ("correctable", "ce_count", "ce_noinfo_count"),
            ("uncorrectable", "ue_count", "ue_noinfo_count"),
        ] {
            let (mut totals, mut rows) = (Counts::new(), Counts::new());
            for name in names_in(&self.0) {
                let Some(controller) = name.strip_prefix("mc").filter(|n| n.parse::<u32>().is_ok())
                else {
                    continue;
                };
                let path = self.0.join(&name);
                if let Some(count) = number(&path.join(file)) {
                    totals.push((controller.into(), String::new(), count));
                }
                if let Some(count) = number(&path.join(unknown)) {
                    rows.push((controller.into(), "unknown".into(), count));
                }
                for row in names_in(&path) {
                    let Some(number_of_row) = row.strip_prefix("csrow") else {
                        continue;
                    };
                    if let Some(count) = number(&path.join(&row).join(file)) {
                        rows.push((controller.into(), number_of_row.into(), count));
                    }
                }
            }
            write(word, &totals, &rows, out);
        }
        Ok(())
    }
}

fn write(word: &str, totals: &Counts, rows: &Counts, out: &mut Families<'_>) {
    if !totals.is_empty() {
        let name = format!("node_edac_{word}_errors_total");
        let help = format!("Total {word} memory errors.");
        let mut family = out.family(&name, MetricType::Counter, &help);
        for (controller, _, count) in totals {
            family.sample(&[("controller", controller)], *count);
        }
    }
    if !rows.is_empty() {
        let name = format!("node_edac_csrow_{word}_errors_total");
        let help = format!("Total {word} memory errors of this row.");
        let mut family = out.family(&name, MetricType::Counter, &help);
        for (controller, row, count) in rows {
            family.sample(&[("controller", controller), ("csrow", row)], *count);
        }
    }
}
