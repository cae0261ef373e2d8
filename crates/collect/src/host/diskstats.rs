//! What block devices did (`/proc/diskstats`) and what they are (udev).

use std::path::{Path, PathBuf};

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::families::Families;
use super::roots::{Held, Roots, number};
use super::{Collect, HostError};

/// The kernel counts sectors of this size, whatever the device's own are.
const SECTOR_BYTES: f64 = 512.0;

/// Column after the device's name, factor, type, family, help.
const COLUMNS: [(usize, f64, MetricType, &str, &str); 17] = [
    (
        0,
        1.0,
        Counter,
        "node_disk_reads_completed_total",
        "Reads completed.",
    ),
    (
        1,
        1.0,
        Counter,
        "node_disk_reads_merged_total",
        "Reads merged.",
    ),
    (
        2,
        SECTOR_BYTES,
        Counter,
        "node_disk_read_bytes_total",
        "Bytes read.",
    ),
    (
        3,
        1e-3,
        Counter,
        "node_disk_read_time_seconds_total",
        "Seconds spent by all reads.",
    ),
    (
        4,
        1.0,
        Counter,
        "node_disk_writes_completed_total",
        "Writes completed.",
    ),
    (
        5,
        1.0,
        Counter,
        "node_disk_writes_merged_total",
        "Writes merged.",
    ),
    (
        6,
        SECTOR_BYTES,
        Counter,
        "node_disk_written_bytes_total",
        "Bytes written.",
    ),
    (
        7,
        1e-3,
        Counter,
        "node_disk_write_time_seconds_total",
        "Seconds spent by all writes.",
    ),
    (
        8,
        1.0,
        Gauge,
        "node_disk_io_now",
        "Reads and writes in progress.",
    ),
    (
        9,
        1e-3,
        Counter,
        "node_disk_io_time_seconds_total",
        "Seconds in which anything was read or written.",
    ),
    (
        10,
        1e-3,
        Counter,
        "node_disk_io_time_weighted_seconds_total",
        "Seconds of reading and writing, weighted by how many were in progress.",
    ),
    (
        11,
        1.0,
        Counter,
        "node_disk_discards_completed_total",
        "Discards completed.",
    ),
    (
        12,
        1.0,
        Counter,
        "node_disk_discards_merged_total",
        "Discards merged.",
    ),
    (
        13,
        1.0,
        Counter,
        "node_disk_discarded_sectors_total",
        "Sectors discarded.",
    ),
    (
        14,
        1e-3,
        Counter,
        "node_disk_discard_time_seconds_total",
        "Seconds spent by all discards.",
    ),
    (
        15,
        1.0,
        Counter,
        "node_disk_flush_requests_total",
        "Flushes completed.",
    ),
    (
        16,
        1e-3,
        Counter,
        "node_disk_flush_requests_time_seconds_total",
        "Seconds spent by all flushes.",
    ),
];

pub(super) struct DiskStats {
    stats: Held,
    block: PathBuf,
    udev: PathBuf,
    devices: Vec<Device>,
}

struct Device {
    name: String,
    major: String,
    minor: String,
    values: Vec<f64>,
}

impl DiskStats {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            stats: roots.proc_file("diskstats"),
            block: roots.sys_path("block"),
            udev: roots.udev.clone(),
            devices: Vec::new(),
        }
    }

    fn update(&mut self) -> Result<(), HostError> {
        self.devices.clear();
        for line in self.stats.read()?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(major), Some(minor), Some(name)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            if is_excluded(name) {
                continue;
            }
            self.devices.push(Device {
                name: name.into(),
                major: major.into(),
                minor: minor.into(),
                values: fields.map(|f| f.parse().unwrap_or(0.0)).collect(),
            });
        }
        Ok(())
    }

    fn write_info(&self, out: &mut Families<'_>) {
        let properties: Vec<Properties> = self
            .devices
            .iter()
            .map(|d| Properties::read(&self.udev.join(format!("b{}:{}", d.major, d.minor))))
            .collect();
        let mut family = out.family(
            "node_disk_info",
            MetricType::Gauge,
            "What a block device is; the value is always 1.",
        );
        for (device, p) in self.devices.iter().zip(&properties) {
            let rotational = number(&self.block.join(&device.name).join("queue/rotational"));
            family.sample(
                &[
                    ("device", &device.name),
                    ("major", &device.major),
                    ("minor", &device.minor),
                    ("model", p.first(&["ID_MODEL"])),
                    ("path", p.first(&["ID_PATH"])),
                    ("revision", p.first(&["ID_REVISION"])),
                    (
                        "rotational",
                        match rotational {
                            Some(0.0) => "0",
                            Some(_) => "1",
                            None => "",
                        },
                    ),
                    (
                        "serial",
                        p.first(&["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"]),
                    ),
                    ("wwn", p.first(&["ID_WWN"])),
                ],
                1.0,
            );
        }
        self.write_filesystems(&properties, out);
        self.write_mappers(&properties, out);
    }

    fn write_filesystems(&self, properties: &[Properties], out: &mut Families<'_>) {
        if !properties
            .iter()
            .any(|p| !p.first(&["ID_FS_TYPE"]).is_empty())
        {
            return;
        }
        let mut family = out.family(
            "node_disk_filesystem_info",
            MetricType::Gauge,
            "Which filesystem is on a block device; the value is always 1.",
        );
        for (device, p) in self.devices.iter().zip(properties) {
            if p.first(&["ID_FS_TYPE"]).is_empty() {
                continue;
            }
            family.sample(
                &[
                    ("device", &device.name),
                    ("type", p.first(&["ID_FS_TYPE"])),
                    ("usage", p.first(&["ID_FS_USAGE"])),
                    ("uuid", p.first(&["ID_FS_UUID"])),
                    ("version", p.first(&["ID_FS_VERSION"])),
                ],
                1.0,
            );
        }
    }

    fn write_mappers(&self, properties: &[Properties], out: &mut Families<'_>) {
        if !properties.iter().any(|p| !p.first(&["DM_NAME"]).is_empty()) {
            return;
        }
        let mut family = out.family(
            "node_disk_device_mapper_info",
            MetricType::Gauge,
            "What a mapped block device is; the value is always 1.",
        );
        for (device, p) in self.devices.iter().zip(properties) {
            if p.first(&["DM_NAME"]).is_empty() {
                continue;
            }
            family.sample(
                &[
                    ("device", &device.name),
                    ("lv_layer", p.first(&["DM_LV_LAYER"])),
                    ("lv_name", p.first(&["DM_LV_NAME"])),
                    ("name", p.first(&["DM_NAME"])),
                    ("uuid", p.first(&["DM_UUID"])),
                    ("vg_name", p.first(&["DM_VG_NAME"])),
                ],
                1.0,
            );
        }
    }
}

impl Collect for DiskStats {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        self.update()?;
        for (column, factor, kind, name, help) in COLUMNS {
            if !self.devices.iter().any(|d| column < d.values.len()) {
                continue;
            }
            let mut family = out.family(name, kind, help);
            for device in &self.devices {
                let Some(value) = device.values.get(column) else {
                    continue;
                };
                // Dividing keeps decimal milliseconds exact; multiplying would not.
                let value = if factor == 1e-3 {
                    value / 1e3
                } else {
                    value * factor
                };
                family.sample(&[("device", &device.name)], value);
            }
        }
        self.write_info(out);
        Ok(())
    }
}

/// What udev knows of a device: lines `E:NAME=value`.
struct Properties(Vec<(String, String)>);

impl Properties {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let pairs = text
            .lines()
            .filter_map(|l| l.strip_prefix("E:")?.split_once('='));
        Self(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
    }

    /// The first of these that there is, or the empty string.
    fn first(&self, names: &[&str]) -> &str {
        names
            .iter()
            .find_map(|name| self.0.iter().find(|(n, _)| n == name))
            .map_or("", |(_, v)| v)
    }
}

/// `^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$`: memory disks, loops,
/// floppies and partitions; node_exporter's default.
fn is_excluded(device: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    for prefix in ["zram", "ram", "loop", "fd"] {
        if device.strip_prefix(prefix).is_some_and(digits) {
            return true;
        }
    }
    for prefix in ["hd", "sd", "vd", "xvd"] {
        let Some(rest) = device.strip_prefix(prefix) else {
            continue;
        };
        if rest.starts_with(|c: char| c.is_ascii_lowercase()) && digits(&rest[1..]) {
            return true;
        }
    }
    let Some(rest) = device.strip_prefix("nvme") else {
        return false;
    };
    let Some((controller, rest)) = rest.split_once('n') else {
        return false;
    };
    let Some((namespace, partition)) = rest.split_once('p') else {
        return false;
    };
    digits(controller) && digits(namespace) && digits(partition)
}

#[cfg(test)]
mod tests {
    use super::is_excluded;

    #[test]
    fn partitions_and_memory_disks_are_left_out() {
        let check = |device: &str, want: bool| assert_eq!(is_excluded(device), want, "{device}");
        for device in [
            "ram0",
            "zram1",
            "loop12",
            "fd0",
            "sda1",
            "vdb12",
            "xvda1",
            "hdc3",
            "nvme0n1p2",
        ] {
            check(device, true);
        }
        for device in [
            "sda", "vda", "nvme0n1", "dm-0", "md127", "sr0", "sdaa1x", "mmcblk0",
        ] {
            check(device, false);
        }
    }
}
