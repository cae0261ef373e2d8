//! Software RAID (`/proc/mdstat`).

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct Mdadm(Held);

impl Mdadm {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("mdstat"))
    }
}

/// One array.
#[derive(Debug, Default, PartialEq)]
struct Array {
    device: String,
    state: &'static str,
    active: f64,
    failed: f64,
    spare: f64,
    required: f64,
    blocks: f64,
    blocks_synced: f64,
}

/// Family, help, which figure.
type Column = (&'static str, &'static str, fn(&Array) -> f64);

impl Collect for Mdadm {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let arrays = parse(self.0.read()?);
        if arrays.is_empty() {
            return Ok(());
        }
        let columns: [Column; 3] = [
            ("node_md_blocks", "Blocks of the array.", |a| a.blocks),
            (
                "node_md_blocks_synced",
                "Blocks of the array that are in sync.",
                |a| a.blocks_synced,
            ),
            (
                "node_md_disks_required",
                "Disks that the array needs.",
                |a| a.required,
            ),
        ];
        for (name, help, value) in columns {
            let mut family = out.family(name, MetricType::Gauge, help);
            for array in &arrays {
                family.sample(&[("device", &array.device)], value(array));
            }
        }
        let mut family = out.family(
            "node_md_disks",
            MetricType::Gauge,
            "Disks of the array, by state.",
        );
        for array in &arrays {
            for (state, count) in [
                ("active", array.active),
                ("failed", array.failed),
                ("spare", array.spare),
            ] {
                family.sample(&[("device", &array.device), ("state", state)], count);
            }
        }
        let mut family = out.family(
            "node_md_state",
            MetricType::Gauge,
            "State of the array: 1 for the one it has.",
        );
        for array in &arrays {
            for state in ["active", "check", "inactive", "recovering", "resync"] {
                let value = f64::from(u8::from(array.state == state));
                family.sample(&[("device", &array.device), ("state", state)], value);
            }
        }
        Ok(())
    }
}

fn parse(text: &str) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for line in text.lines() {
        if let Some((device, rest)) = line.split_once(" : ") {
            if device.starts_with("md") {
                arrays.push(parse_head(device.trim(), rest));
            }
            continue;
        }
        let Some(array) = arrays.last_mut() else {
            continue;
        };
        if let Some((blocks, rest)) = line.trim().split_once(" blocks") {
            array.blocks = blocks.parse().unwrap_or(0.0);
            array.blocks_synced = array.blocks;
            // `[2/1] [U_]`: two disks wanted, one works.
            if let Some((required, active)) = counts(rest) {
                array.required = required;
                array.active = active;
            } else {
                array.required = array.active;
            }
        } else if let Some((what, rest)) = line.split_once(" = ") {
            array.state = match what.trim().rsplit(' ').next() {
                Some("recovery" | "reshape") => "recovering",
                Some("resync") => "resync",
                Some("check") => "check",
                _ => array.state,
            };
            // `8.5% (16775552/195310144)`
            let done = rest
                .split_once('(')
                .and_then(|(_, r)| r.split_once('/'))
                .map(|(d, _)| d);
            if let Some(done) = done.and_then(|d| d.parse().ok()) {
                array.blocks_synced = done;
            }
        }
    }
    arrays
}

fn parse_head(device: &str, rest: &str) -> Array {
    let mut words = rest.split_ascii_whitespace();
    let state = if words.next() == Some("active") {
        "active"
    } else {
        "inactive"
    };
    let mut array = Array {
        device: device.into(),
        state,
        ..Array::default()
    };
    for word in words.filter(|w| w.contains('[')) {
        if word.ends_with("(S)") {
            array.spare += 1.0;
        } else if word.ends_with("(F)") {
            array.failed += 1.0;
        } else {
            array.active += 1.0;
        }
    }
    array
}

fn counts(text: &str) -> Option<(f64, f64)> {
    text.split('[').skip(1).find_map(|part| {
        let (required, active) = part.split_once(']')?.0.split_once('/')?;
        Some((required.parse().ok()?, active.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_that_recovers() {
        let text = "Personalities : [raid1]\n\
            md0 : active raid1 sdb1[2](S) sda1[0] sdc1[1](F)\n      \
            195310144 blocks super 1.2 [2/1] [U_]\n      \
            [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec\n\n\
            unused devices: <none>\n";
        assert_eq!(
            parse(text),
            [Array {
                device: "md0".into(),
                state: "recovering",
                active: 1.0,
                failed: 1.0,
                spare: 1.0,
                required: 2.0,
                blocks: 195_310_144.0,
                blocks_synced: 16_775_552.0,
            }]
        );
        assert!(parse("Personalities : \nunused devices: <none>\n").is_empty());
    }
}
