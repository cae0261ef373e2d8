//! `geoip`: where an address is, or whose it is, by a database in MaxMind's format.
//!
//! The file is read into memory when the stage is made, once for all sources of a job.

use std::net::IpAddr;

use maxminddb::Reader;
use serde_json::Value;

use super::json::Path;
use super::settings::{GeoIpKind, GeoIpSettings, StageError};
use super::{Change, Entry};

/// Largest database, bytes.
const DATABASE_BYTES_MAX: u64 = 1 << 30;

/// Labels, and where in a record their values are.
type Lookups = [(&'static str, &'static str)];

const CITY: &Lookups = &[
    ("geoip_city_name", "city.names.en"),
    ("geoip_country_name", "country.names.en"),
    ("geoip_continent_name", "continent.names.en"),
    ("geoip_continent_code", "continent.code"),
    ("geoip_location_latitude", "location.latitude"),
    ("geoip_location_longitude", "location.longitude"),
    ("geoip_postal_code", "postal.code"),
    ("geoip_timezone", "location.time_zone"),
    ("geoip_subdivision_name", "subdivisions[0].names.en"),
    ("geoip_subdivision_code", "subdivisions[0].iso_code"),
];

const COUNTRY: &Lookups = &[
    ("geoip_country_name", "country.names.en"),
    ("geoip_continent_name", "continent.names.en"),
    ("geoip_continent_code", "continent.code"),
];

const ASN: &Lookups = &[
    ("geoip_autonomous_system_number", "autonomous_system_number"),
    (
        "geoip_autonomous_system_organization",
        "autonomous_system_organization",
    ),
];

pub(super) struct GeoIp {
    database: Reader<Vec<u8>>,
    source: String,
    lookups: Vec<(String, Path)>,
}

impl GeoIp {
    pub(super) fn new(settings: &GeoIpSettings) -> Result<Self, StageError> {
        if settings.db.as_os_str().is_empty() {
            return Err(StageError::new("db", "db path cannot be empty"));
        }
        if settings.source.is_empty() {
            return Err(StageError::new("source", "source cannot be empty"));
        }
        let own = match settings.db_type {
            GeoIpKind::City => CITY,
            GeoIpKind::Country => COUNTRY,
            GeoIpKind::Asn => ASN,
        };
        let custom = settings.custom_lookups.iter();
        let lookups = own
            .iter()
            .copied()
            .chain(custom.map(|(name, path)| (name.as_str(), path.as_str())))
            .map(|(name, path)| {
                let path =
                    Path::new(path).map_err(|e| StageError::new("custom_lookups", e.message))?;
                Ok((name.to_owned(), path))
            })
            .collect::<Result<_, StageError>>()?;
        let failed = |why: String| {
            let message = format!(
                "the database {} cannot be read: {why}",
                settings.db.display()
            );
            StageError::new("db", message)
        };
        let file = std::fs::metadata(&settings.db).map_err(|e| failed(e.to_string()))?;
        if file.len() > DATABASE_BYTES_MAX {
            let size = file.len();
            let why = format!("it has {size} bytes, at most {DATABASE_BYTES_MAX} are possible");
            return Err(failed(why));
        }
        let database = Reader::open_readfile(&settings.db).map_err(|e| failed(e.to_string()))?;
        Ok(Self {
            database,
            source: settings.source.clone(),
            lookups,
        })
    }

    fn record(&self, entry: &Entry) -> Option<Value> {
        let address = entry.extracted.get(&self.source)?.text()?;
        let address: IpAddr = address.trim().parse().ok()?;
        self.database.lookup(address).ok()?.decode().ok()?
    }
}

impl Change for GeoIp {
    /// Values that the record does not have, or that are empty, set no label.
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(record) = self.record(entry) else {
            return true;
        };
        for (name, path) in &self.lookups {
            let text = match path.find(&record) {
                Some(Value::String(text)) => text,
                Some(found @ (Value::Number(_) | Value::Bool(_))) => found.to_string(),
                _ => continue,
            };
            if !text.is_empty() {
                entry.labels.insert(name.clone(), text);
            }
        }
        true
    }
}
