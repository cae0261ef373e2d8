//! Space and inodes of mounted filesystems (`mountinfo`, `statvfs(2)`).

use std::path::{Path, PathBuf};

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::statfs::{Asker, Usage};
use super::{Collect, HostError};

/// Filesystems of the kernel and of containers; node_exporter's default.
const TYPES_EXCLUDED: [&str; 25] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "erofs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Directories below which mounts are not told; node_exporter's default.
const MOUNTS_EXCLUDED: [&str; 3] = ["/dev", "/proc", "/sys"];
/// Directories of which everything *below* is not told.
const BELOW_EXCLUDED: [&str; 3] = [
    "/run/credentials",
    "/var/lib/docker",
    "/var/lib/containers/storage",
];

pub(super) struct Filesystem {
    mounts: Held,
    own_mounts: Held,
    root: PathBuf,
    asker: Asker,
}

/// One line of `mountinfo`.
#[derive(Debug, Clone, PartialEq)]
struct Mount {
    device: String,
    fstype: String,
    mountpoint: String,
    major: String,
    minor: String,
    read_only: bool,
}

impl Filesystem {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            // Process 1 sees the host's mounts even from within a container that
            // has the host's `/proc`.
            mounts: roots.proc_file("1/mountinfo"),
            own_mounts: roots.proc_file("self/mountinfo"),
            root: roots.root.clone(),
            asker: Asker::new(),
        }
    }

    fn mounts(&mut self) -> Result<Vec<Mount>, HostError> {
        let text = match self.mounts.read() {
            Ok(text) => text,
            Err(_) => self.own_mounts.read()?,
        };
        let mut mounts: Vec<Mount> = Vec::new();
        for mut mount in text.lines().filter_map(parse) {
            let Some(mountpoint) = below_root(&mount.mountpoint, &self.root) else {
                continue;
            };
            mount.mountpoint = mountpoint;
            let same = |m: &Mount| {
                (&m.device, &m.mountpoint, &m.fstype)
                    == (&mount.device, &mount.mountpoint, &mount.fstype)
            };
            if !is_excluded(&mount) && !mounts.iter().any(same) {
                mounts.push(mount);
            }
        }
        Ok(mounts)
    }
}

impl Collect for Filesystem {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let told: Vec<(Mount, Result<Usage, String>)> = self
            .mounts()?
            .into_iter()
            .map(|m| {
                let path = self.root.join(m.mountpoint.trim_start_matches('/'));
                let usage = self.asker.ask(&path);
                (m, usage)
            })
            .collect();
        write_sizes(&told, out);
        write_states(&told, out);
        Ok(())
    }
}

/// Family, help, which figure.
type SizeColumn = (&'static str, &'static str, fn(&Usage) -> f64);

/// What each filesystem answered.
type Told = [(Mount, Result<Usage, String>)];

fn write_sizes(told: &Told, out: &mut Families<'_>) {
    let columns: [SizeColumn; 5] = [
        (
            "node_filesystem_avail_bytes",
            "Bytes that users other than root can have.",
            |u| u.available,
        ),
        ("node_filesystem_files", "Inodes.", |u| u.files),
        ("node_filesystem_files_free", "Free inodes.", |u| {
            u.files_free
        }),
        ("node_filesystem_free_bytes", "Free bytes.", |u| u.free),
        ("node_filesystem_size_bytes", "Size in bytes.", |u| u.size),
    ];
    for (name, help, value) in columns {
        let mut family = out.family(name, MetricType::Gauge, help);
        for (mount, usage) in told {
            if let Ok(usage) = usage {
                family.sample(&mount.labels(), value(usage));
            }
        }
    }
}

fn write_states(told: &Told, out: &mut Families<'_>) {
    let mut family = out.family(
        "node_filesystem_device_error",
        MetricType::Gauge,
        "Whether the filesystem could not be asked for its size.",
    );
    for (mount, usage) in told {
        let [device, fstype, mountpoint] = mount.labels();
        match usage {
            Ok(_) => family.sample(&[device, fstype, mountpoint], 0.0),
            Err(error) => {
                family.sample(&[device, ("device_error", error), fstype, mountpoint], 1.0);
            }
        }
    }
    let mut family = out.family(
        "node_filesystem_mount_info",
        MetricType::Gauge,
        "Where a filesystem is mounted; the value is always 1.",
    );
    for (mount, _) in told {
        family.sample(
            &[
                ("device", &mount.device),
                ("major", &mount.major),
                ("minor", &mount.minor),
                ("mountpoint", &mount.mountpoint),
            ],
            1.0,
        );
    }
    let mut family = out.family(
        "node_filesystem_readonly",
        MetricType::Gauge,
        "Whether the filesystem is mounted for reading only.",
    );
    for (mount, usage) in told {
        let read_only = mount.read_only || usage.as_ref().is_ok_and(|u| u.read_only);
        family.sample(&mount.labels(), f64::from(u8::from(read_only)));
    }
}

impl Mount {
    fn labels(&self) -> [(&str, &str); 3] {
        [
            ("device", &self.device),
            ("fstype", &self.fstype),
            ("mountpoint", &self.mountpoint),
        ]
    }
}

/// Reads `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
/// (proc(5)).
fn parse(line: &str) -> Option<Mount> {
    let (place, what) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(2);
    let (major, minor) = place.next()?.split_once(':')?;
    let mountpoint = place.nth(1)?;
    let options = place.next()?;
    let mut what = what.split(' ');
    let (fstype, device) = (what.next()?, what.next()?);
    let super_options = what.next().unwrap_or_default();
    let read_only = |options: &str| options.split(',').any(|o| o == "ro");
    Some(Mount {
        device: unescape(device),
        fstype: unescape(fstype),
        mountpoint: unescape(mountpoint),
        major: major.into(),
        minor: minor.into(),
        read_only: read_only(options) || read_only(super_options),
    })
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest
            .get(at + 1..at + 4)
            .and_then(|c| u8::from_str_radix(c, 8).ok());
        match code {
            Some(code) if code.is_ascii() => {
                out.push(char::from(code));
                rest = &rest[at + 4..];
            }
            _ => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The mount point as the host sees it, when it lies below the host's root.
fn below_root(mountpoint: &str, root: &Path) -> Option<String> {
    if root == Path::new("/") {
        return Some(mountpoint.to_owned());
    }
    match Path::new(mountpoint).strip_prefix(root) {
        Ok(rest) => Some(format!("/{}", rest.display())),
        // Process 1 of the host tells the host's own paths already.
        Err(_) => Some(mountpoint.to_owned()),
    }
}

fn is_excluded(mount: &Mount) -> bool {
    let point = Path::new(&mount.mountpoint);
    TYPES_EXCLUDED.contains(&mount.fstype.as_str())
        || MOUNTS_EXCLUDED.iter().any(|m| point.starts_with(m))
        || BELOW_EXCLUDED
            .iter()
            .any(|m| point.starts_with(m) && point != Path::new(m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines() {
        let line =
            r"36 35 98:7 /mnt1 /mnt\040two rw,noatime master:1 - ext3 /dev/root ro,errors=continue";
        let mount = parse(line).unwrap();
        assert_eq!(
            mount.labels(),
            [
                ("device", "/dev/root"),
                ("fstype", "ext3"),
                ("mountpoint", "/mnt two")
            ]
        );
        assert!(mount.read_only);
        assert_eq!((mount.major.as_str(), mount.minor.as_str()), ("98", "7"));
        assert!(parse("36 35 98:7 / /").is_none());
        assert!(parse("").is_none());
    }

    #[test]
    fn what_is_told() {
        let check = |fstype: &str, mountpoint: &str, want: bool| {
            let line = format!("1 1 0:1 / {mountpoint} rw - {fstype} dev rw");
            assert_eq!(
                !is_excluded(&parse(&line).unwrap()),
                want,
                "{fstype} {mountpoint}"
            );
        };
        check("ext4", "/", true);
        check("tmpfs", "/run", true);
        check("tmpfs", "/run/credentials/x", false);
        check("tmpfs", "/dev/shm", false);
        check("ext4", "/device", true);
        check("ext4", "/var/lib/docker", true);
        check("ext4", "/var/lib/docker/x", false);
        check("overlay", "/a", false);
        check("cgroup2", "/a", false);
    }
}
