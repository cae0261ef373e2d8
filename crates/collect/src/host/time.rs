//! The host's time, its zone, and its clock sources.

use std::ffi::CStr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in};
use super::{Collect, HostError};

pub(super) struct Time(PathBuf);

impl Time {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("devices/system/clocksource"))
    }
}

impl Collect for Time {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        out.gauge(
            "node_time_seconds",
            "Seconds since the Unix epoch.",
            now.as_secs_f64(),
        );
        if let Some((zone, offset)) = time_zone(now.as_secs()) {
            let help = "Offset of the time zone in seconds.";
            out.family("node_time_zone_offset_seconds", MetricType::Gauge, help)
                .sample(&[("time_zone", &zone)], offset);
        }
        let sources: Vec<(String, String, String)> = names_in(&self.0)
            .into_iter()
            .filter_map(|name| {
                let path = self.0.join(&name);
                let available = attribute(&path.join("available_clocksource"))?;
                let current = attribute(&path.join("current_clocksource"))?;
                Some((
                    name.strip_prefix("clocksource")?.to_owned(),
                    available,
                    current,
                ))
            })
            .collect();
        if sources.is_empty() {
            return Ok(());
        }
        let mut family = out.family(
            "node_time_clocksource_available_info",
            MetricType::Gauge,
            "Clock sources that could be used; the value is always 1.",
        );
        for (device, available, _) in &sources {
            for source in available.split_ascii_whitespace() {
                family.sample(&[("clocksource", source), ("device", device)], 1.0);
            }
        }
        let mut family = out.family(
            "node_time_clocksource_current_info",
            MetricType::Gauge,
            "The clock source in use; the value is always 1.",
        );
        for (device, _, current) in &sources {
            family.sample(&[("clocksource", current), ("device", device)], 1.0);
        }
        Ok(())
    }
}

/// Abbreviation and offset in seconds of the local time zone.
fn time_zone(now_seconds: u64) -> Option<(String, f64)> {
    let now = libc::time_t::try_from(now_seconds).ok()?;
    // SAFETY: all zeros is a valid `tm`: numbers and a pointer that may be null.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values.
    if unsafe { libc::localtime_r(&raw const now, &raw mut local) }.is_null() {
        return None;
    }
    if local.tm_zone.is_null() {
        return None;
    }
    // SAFETY: the C library points to a text of its own that ends with a zero byte.
    let zone = unsafe { CStr::from_ptr(local.tm_zone) }
        .to_string_lossy()
        .into_owned();
    Some((zone, local.tm_gmtoff as f64))
}
