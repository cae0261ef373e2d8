//! Locations: whose clocks an interval means.

use std::path::Path;

use binnacle_config::reader::nearest;
use jiff::tz::{self, TimeZone};

/// A place with its rules of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    name: String,
    zone: TimeZone,
}

/// Where the rules of this machine's own zone are.
const LOCAL: &str = "/etc/localtime";

impl Location {
    /// The zone of an IANA name, of `UTC`, or of this machine (`Local`).
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn parse(name: &str) -> Result<Self, String> {
        let zone = match name {
            "" | "UTC" => TimeZone::UTC,
            "Local" => local(),
            _ => TimeZone::get(name)
                .ok()
                .filter(|zone| zone.iana_name() == Some(name))
                .ok_or_else(|| unknown(name))?,
        };
        Ok(Self {
            name: if name.is_empty() { "UTC" } else { name }.to_owned(),
            zone,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// UTC when there are no rules, or none that can be read.
fn local() -> TimeZone {
    std::fs::read(Path::new(LOCAL))
        .ok()
        .and_then(|rules| TimeZone::tzif("Local", &rules).ok())
        .unwrap_or(TimeZone::UTC)
}

fn unknown(name: &str) -> String {
    let names: Vec<String> = tz::db().available().map(|n| n.to_string()).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    match nearest(name, &known) {
        Some(near) => format!("unknown time zone {name}, did you mean {near:?}?"),
        None => format!("unknown time zone {name}"),
    }
}
