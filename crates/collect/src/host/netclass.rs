//! Properties of network devices (`/sys/class/net`).
//!
//! Some thirty small files for each device, each of which costs a path walk, so
//! those that cannot change while a device has its number are read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::families::Families;
use super::roots::{Roots, attribute, names_in, number};
use super::{Collect, HostError};

/// Attribute, factor, type, family, help.
type Property = (&'static str, f64, MetricType, &'static str, &'static str);

/// Those that stay as they are.
const FIXED: [Property; 6] = [
    (
        "addr_assign_type",
        1.0,
        Gauge,
        "node_network_address_assign_type",
        "How the address was assigned.",
    ),
    (
        "dev_id",
        1.0,
        Gauge,
        "node_network_device_id",
        "Number among devices that share an address.",
    ),
    (
        "ifindex",
        1.0,
        Gauge,
        "node_network_iface_id",
        "Number of the device.",
    ),
    (
        "link_mode",
        1.0,
        Gauge,
        "node_network_iface_link_mode",
        "Link policy.",
    ),
    (
        "name_assign_type",
        1.0,
        Gauge,
        "node_network_name_assign_type",
        "How the name was assigned.",
    ),
    (
        "type",
        1.0,
        Gauge,
        "node_network_protocol_type",
        "Protocol type.",
    ),
];

/// Those that change.
const CHANGING: [Property; 11] = [
    (
        "carrier",
        1.0,
        Gauge,
        "node_network_carrier",
        "Whether there is a carrier.",
    ),
    (
        "carrier_changes",
        1.0,
        Counter,
        "node_network_carrier_changes_total",
        "Changes of the carrier.",
    ),
    (
        "carrier_down_count",
        1.0,
        Counter,
        "node_network_carrier_down_changes_total",
        "Losses of the carrier.",
    ),
    (
        "carrier_up_count",
        1.0,
        Counter,
        "node_network_carrier_up_changes_total",
        "Returns of the carrier.",
    ),
    (
        "dormant",
        1.0,
        Gauge,
        "node_network_dormant",
        "Whether the device waits for something else.",
    ),
    (
        "flags",
        1.0,
        Gauge,
        "node_network_flags",
        "Flags of the device.",
    ),
    (
        "iflink",
        1.0,
        Gauge,
        "node_network_iface_link",
        "Number of the device that this one is linked to.",
    ),
    (
        "mtu",
        1.0,
        Gauge,
        "node_network_mtu_bytes",
        "Largest packet in bytes.",
    ),
    (
        "netdev_group",
        1.0,
        Gauge,
        "node_network_net_dev_group",
        "Group of the device.",
    ),
    // Megabits per second.
    (
        "speed",
        125_000.0,
        Gauge,
        "node_network_speed_bytes",
        "Speed in bytes per second.",
    ),
    (
        "tx_queue_len",
        1.0,
        Gauge,
        "node_network_transmit_queue_length",
        "Length of the transmit queue.",
    ),
];

pub(super) struct NetClass {
    path: PathBuf,
    fixed: BTreeMap<String, Fixed>,
}

struct Fixed {
    index: f64,
    values: [Option<f64>; FIXED.len()],
}

struct Device {
    name: String,
    fixed: [Option<f64>; FIXED.len()],
    changing: [Option<f64>; CHANGING.len()],
    info: [String; 5],
}

impl NetClass {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            path: roots.sys_path("class/net"),
            fixed: BTreeMap::new(),
        }
    }

    fn fixed(&mut self, name: &str, path: &Path) -> Option<[Option<f64>; FIXED.len()]> {
        // The same name with another number is another device.
        let index = number(&path.join("ifindex"))?;
        let known = self.fixed.get(name).filter(|f| f.index == index);
        if let Some(known) = known {
            return Some(known.values);
        }
        let values = FIXED.map(|(file, ..)| number(&path.join(file)));
        self.fixed.insert(name.to_owned(), Fixed { index, values });
        Some(values)
    }
}

impl Collect for NetClass {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut devices = Vec::new();
        for name in names_in(&self.path) {
            let path = self.path.join(&name);
            let Some(fixed) = self.fixed(&name, &path) else {
                continue;
            };
            let text = |file: &str| attribute(&path.join(file)).unwrap_or_default();
            devices.push(Device {
                fixed,
                changing: CHANGING.map(|(file, ..)| number(&path.join(file))),
                info: ["address", "broadcast", "duplex", "ifalias", "operstate"].map(text),
                name,
            });
        }
        self.fixed
            .retain(|name, _| devices.iter().any(|d| d.name == *name));
        for (i, property) in FIXED.iter().enumerate() {
            write(property, &devices, |d| d.fixed[i], out);
        }
        for (i, property) in CHANGING.iter().enumerate() {
            write(property, &devices, |d| d.changing[i], out);
        }
        write_info(&devices, out);
        Ok(())
    }
}

fn write(
    &(_, factor, kind, name, help): &Property,
    devices: &[Device],
    value: impl Fn(&Device) -> Option<f64>,
    out: &mut Families<'_>,
) {
    if !devices.iter().any(|d| value(d).is_some()) {
        return;
    }
    let mut family = out.family(name, kind, help);
    for device in devices {
        if let Some(value) = value(device) {
            family.sample(&[("device", &device.name)], value * factor);
        }
    }
}

fn write_info(devices: &[Device], out: &mut Families<'_>) {
    let mut family = out.family(
        "node_network_info",
        MetricType::Gauge,
        "Addresses and state of a network device; the value is always 1.",
    );
    for device in devices {
        let [address, broadcast, duplex, ifalias, operstate] = &device.info;
        family.sample(
            &[
                ("address", address),
                ("broadcast", broadcast),
                ("device", &device.name),
                ("duplex", duplex),
                ("ifalias", ifalias),
                ("operstate", operstate),
            ],
            1.0,
        );
    }
    let mut family = out.family(
        "node_network_up",
        MetricType::Gauge,
        "Whether the device's state is `up`.",
    );
    for device in devices {
        family.sample(
            &[("device", &device.name)],
            f64::from(u8::from(device.info[4] == "up")),
        );
    }
}
