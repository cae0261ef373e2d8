//! Metrics of this host, without a second process: the families, labels and types
//! of node_exporter's default collectors, and the top process groups under the
//! names of process-exporter, so that existing dashboards and rules work unchanged.
//!
//! One file per collector, named as node_exporter names it, and one table,
//! [`COLLECTORS`]. A collector reads through [`roots::Roots`], keeps what is worth
//! keeping between scrapes (open files, buffers, the last values of counters that
//! must not go backwards) and writes whole families. It is not asked at the same
//! time from two threads.
//!
//! Deliberately left out: collectors that node_exporter has off by default, and
//! those for hardware and filesystems that few hosts have (bcache, btrfs, fibre
//! channel, infiniband, ipvs, nfs, tape, xfs, zfs).

mod arp;
mod bonding;
mod conntrack;
mod cpu;
mod cpufreq;
mod diskstats;
mod dmi;
mod edac;
mod entropy;
mod families;
mod filefd;
mod filesystem;
mod hwmon;
mod loadavg;
mod mdadm;
mod meminfo;
mod netclass;
mod netdev;
mod netstat;
mod nvme;
mod os;
mod power_supply;
mod pressure;
mod processes;
mod rapl;
mod roots;
mod schedstat;
mod selinux;
pub mod settings;
mod sockstat;
mod softnet;
mod stat;
mod statfs;
mod textfile;
mod thermal_zone;
mod time;
mod timex;
mod udp_queues;
mod uname;
mod vmstat;

use std::path::{Path, PathBuf};
use std::time::Instant;

use binnacle_model::metadata::MetricType;
use parking_lot::Mutex;

use self::families::Families;
use self::roots::Roots;
pub use self::settings::HostSettings;
use crate::internal::InternalTarget;

/// Why a collector told nothing, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// This host has nothing for the collector.
    #[error("there is nothing to tell")]
    NoData,
    /// A file could not be read.
    #[error("reading {path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else than the kernel writes.
    #[error("{path} holds {what}")]
    Bad {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
}

impl HostError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            return Self::NoData;
        }
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    fn bad(path: &Path, what: impl Into<String>) -> Self {
        Self::Bad {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}

/// One collector.
trait Collect: Send {
    /// Writes its families. On an error, what was written before it stays, so
    /// families must be whole at every return.
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError>;
}

/// A collector's name and how it is made.
struct Entry {
    name: &'static str,
    make: fn(&Roots, &HostSettings) -> Box<dyn Collect>,
}

/// All collectors, by name.
const COLLECTORS: &[Entry] = &[
    Entry {
        name: "arp",
        make: |r, _| Box::new(arp::Arp::new(r)),
    },
    Entry {
        name: "bonding",
        make: |r, _| Box::new(bonding::Bonding::new(r)),
    },
    Entry {
        name: "conntrack",
        make: |r, _| Box::new(conntrack::Conntrack::new(r)),
    },
    Entry {
        name: "cpu",
        make: |r, _| Box::new(cpu::Cpu::new(r)),
    },
    Entry {
        name: "cpufreq",
        make: |r, _| Box::new(cpufreq::CpuFreq::new(r)),
    },
    Entry {
        name: "diskstats",
        make: |r, _| Box::new(diskstats::DiskStats::new(r)),
    },
    Entry {
        name: "dmi",
        make: |r, _| Box::new(dmi::Dmi::new(r)),
    },
    Entry {
        name: "edac",
        make: |r, _| Box::new(edac::Edac::new(r)),
    },
    Entry {
        name: "entropy",
        make: |r, _| Box::new(entropy::Entropy::new(r)),
    },
    Entry {
        name: "filefd",
        make: |r, _| Box::new(filefd::FileFd::new(r)),
    },
    Entry {
        name: "filesystem",
        make: |r, _| Box::new(filesystem::Filesystem::new(r)),
    },
    Entry {
        name: "hwmon",
        make: |r, _| Box::new(hwmon::Hwmon::new(r)),
    },
    Entry {
        name: "loadavg",
        make: |r, _| Box::new(loadavg::LoadAvg::new(r)),
    },
    Entry {
        name: "mdadm",
        make: |r, _| Box::new(mdadm::Mdadm::new(r)),
    },
    Entry {
        name: "meminfo",
        make: |r, _| Box::new(meminfo::MemInfo::new(r)),
    },
    Entry {
        name: "netclass",
        make: |r, _| Box::new(netclass::NetClass::new(r)),
    },
    Entry {
        name: "netdev",
        make: |r, _| Box::new(netdev::NetDev::new(r)),
    },
    Entry {
        name: "netstat",
        make: |r, _| Box::new(netstat::NetStat::new(r)),
    },
    Entry {
        name: "nvme",
        make: |r, _| Box::new(nvme::Nvme::new(r)),
    },
    Entry {
        name: "os",
        make: |r, _| Box::new(os::Os::new(r)),
    },
    Entry {
        name: "powersupplyclass",
        make: |r, _| Box::new(power_supply::PowerSupply::new(r)),
    },
    Entry {
        name: "pressure",
        make: |r, _| Box::new(pressure::Pressure::new(r)),
    },
    Entry {
        name: "processes",
        make: |r, s| Box::new(processes::Processes::new(r, s)),
    },
    Entry {
        name: "rapl",
        make: |r, _| Box::new(rapl::Rapl::new(r)),
    },
    Entry {
        name: "schedstat",
        make: |r, _| Box::new(schedstat::SchedStat::new(r)),
    },
    Entry {
        name: "selinux",
        make: |r, _| Box::new(selinux::Selinux::new(r)),
    },
    Entry {
        name: "sockstat",
        make: |r, _| Box::new(sockstat::SockStat::new(r)),
    },
    Entry {
        name: "softnet",
        make: |r, _| Box::new(softnet::SoftNet::new(r)),
    },
    Entry {
        name: "stat",
        make: |r, _| Box::new(stat::Stat::new(r)),
    },
    Entry {
        name: "textfile",
        make: |_, s| Box::new(textfile::TextFile::new(s)),
    },
    Entry {
        name: "thermal_zone",
        make: |r, _| Box::new(thermal_zone::ThermalZone::new(r)),
    },
    Entry {
        name: "time",
        make: |r, _| Box::new(time::Time::new(r)),
    },
    Entry {
        name: "timex",
        make: |_, _| Box::new(timex::Timex),
    },
    Entry {
        name: "udp_queues",
        make: |r, _| Box::new(udp_queues::UdpQueues::new(r)),
    },
    Entry {
        name: "uname",
        make: |_, _| Box::new(uname::Uname),
    },
    Entry {
        name: "vmstat",
        make: |r, _| Box::new(vmstat::VmStat::new(r)),
    },
];

/// The names of all collectors, ascending.
pub fn names() -> impl Iterator<Item = &'static str> {
    COLLECTORS.iter().map(|e| e.name)
}

struct Running {
    name: &'static str,
    collector: Box<dyn Collect>,
    /// What the last run failed with, so that it is logged once.
    failed: bool,
    seconds: f64,
    success: bool,
}

/// The host, as a target within this process.
pub struct Host {
    collectors: Mutex<Vec<Running>>,
    version: &'static str,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Makes the collectors; opens nothing yet.
    #[must_use]
    pub fn new(settings: &HostSettings) -> Self {
        let roots = Roots::new(settings);
        let collectors = COLLECTORS
            .iter()
            .filter(|e| !settings.disabled.iter().any(|d| d == e.name))
            .filter(|e| e.name != "processes" || settings.process_groups_max > 0)
            .map(|e| Running {
                name: e.name,
                collector: (e.make)(&roots, settings),
                failed: false,
                seconds: 0.0,
                success: false,
            })
            .collect();
        Self {
            collectors: Mutex::new(collectors),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl InternalTarget for Host {
    fn render(&self, out: &mut Vec<u8>) {
        let mut collectors = self.collectors.lock();
        let mut families = Families::new(out);
        for running in collectors.iter_mut() {
            running.run(&mut families);
        }
        write_own(&collectors, self.version, &mut families);
    }
}

impl Running {
    fn run(&mut self, out: &mut Families<'_>) {
        let start = Instant::now();
        let result = self.collector.collect(out);
        self.seconds = start.elapsed().as_secs_f64();
        self.success = result.is_ok();
        match result {
            Ok(()) => self.failed = false,
            Err(HostError::NoData) => {}
            Err(error) => {
                if !self.failed {
                    tracing::warn!(collector = self.name, %error, "host collector failed");
                }
                self.failed = true;
            }
        }
    }
}

fn write_own(collectors: &[Running], version: &str, out: &mut Families<'_>) {
    let mut family = out.family(
        "node_scrape_collector_duration_seconds",
        MetricType::Gauge,
        "How long a host collector took.",
    );
    for c in collectors {
        family.sample(&[("collector", c.name)], c.seconds);
    }
    let mut family = out.family(
        "node_scrape_collector_success",
        MetricType::Gauge,
        "Whether a host collector told everything it has to tell.",
    );
    for c in collectors {
        family.sample(&[("collector", c.name)], f64::from(u8::from(c.success)));
    }
    // Dashboards join on this family; there is no Go in here, and it says so.
    out.family(
        "node_exporter_build_info",
        MetricType::Gauge,
        "Which program tells the host's metrics; the value is always 1.",
    )
    .sample(
        &[
            ("branch", "binnacle"),
            ("goarch", go_arch()),
            ("goos", std::env::consts::OS),
            ("goversion", "none"),
            ("revision", version),
            ("version", version),
        ],
        1.0,
    );
}

/// The architecture as Go names it, which is what the label holds.
fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        arch => arch,
    }
}
