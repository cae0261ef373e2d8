//! Host metrics: from a tree of fixtures, and beside the real node_exporter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use binnacle_model::metadata::MetricType;
use binnacle_wire::text::{Dialect, FamilyLine, Sample, Visitor, parse_labels, scan};

use crate::host::{Host, HostSettings};
use crate::internal::InternalTarget;

/// An exposition, taken apart.
#[derive(Default)]
struct Page {
    kinds: BTreeMap<String, MetricType>,
    /// Family to the names of all labels that its samples have.
    labels: BTreeMap<String, BTreeSet<String>>,
    /// Series to value.
    values: BTreeMap<String, f64>,
}

impl Visitor for Page {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        let labels = parse_labels(sample.series, sample.kind).unwrap().build();
        let name = labels.metric_name().unwrap().to_owned();
        let own = labels.without_name();
        self.labels
            .entry(name.clone())
            .or_default()
            .extend(own.iter().map(|(n, _)| n.to_owned()));
        let series = format!("{name}{own}").replace("{}", "");
        assert!(
            self.values.insert(series.clone(), sample.value).is_none(),
            "{series} twice"
        );
        ControlFlow::Continue(())
    }

    fn family(&mut self, name: &str, line: FamilyLine<'_>) {
        if let FamilyLine::Type(kind) = line {
            assert!(
                self.kinds.insert(name.to_owned(), kind).is_none(),
                "{name} twice"
            );
        }
    }
}

fn page(text: &[u8]) -> Page {
    let mut page = Page::default();
    if let Err(error) = scan(text, Dialect::Prometheus, &mut page) {
        panic!("{error} in\n{}", String::from_utf8_lossy(text));
    }
    page
}

fn render(host: &Host) -> Page {
    let mut out = Vec::new();
    host.render(&mut out);
    page(&out)
}

/// Writes files below `root`.
fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn fixture(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let settings = HostSettings {
        proc_path: dir.path().join("proc"),
        sys_path: dir.path().join("sys"),
        root_path: dir.path().join("root"),
        udev_path: dir.path().join("udev"),
        textfile_directory: Some(dir.path().join("text")),
        ..HostSettings::default()
    };
    let host = Host::new(&settings);
    (dir, host)
}

#[test]
fn a_host_of_fixtures() {
    let (_dir, host) = fixture(&[
        ("proc/loadavg", "0.25 0.5 0.75 1/100 1234\n"),
        (
            "proc/meminfo",
            "MemTotal:  1000 kB\nActive(anon):  2 kB\nHugePages_Total:  3\n",
        ),
        (
            "proc/stat",
            "cpu  1 1 1 1\ncpu0 100 200 300 400 500 600 700 800 900 1000\nintr 7 1 2\nctxt 8\nbtime 9\nprocesses 10\nprocs_running 2\nprocs_blocked 1\n",
        ),
        (
            "proc/diskstats",
            "   8  0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8  1 sda1 1 2 3 4 5 6 7 8 9 10 11\n",
        ),
        ("udev/b8:0", "E:ID_MODEL=Disk\nE:ID_SERIAL_SHORT=S1\n"),
        (
            "proc/net/dev",
            "x\nx\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
        ),
        ("proc/net/snmp", "Tcp: InSegs Other\nTcp: 5 6\n"),
        ("proc/net/netstat", "TcpExt: ListenDrops X\nTcpExt: 7 8\n"),
        ("proc/net/sockstat", "sockets: used 3\nTCP: inuse 1 mem 2\n"),
        ("proc/net/softnet_stat", "0000000a 00000001 00000002\n"),
        (
            "proc/pressure/cpu",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0 total=1\n",
        ),
        ("proc/vmstat", "pgpgin 5\nnr_free_pages 6\npgfault 7\n"),
        ("proc/sys/fs/file-nr", "10\t0\t20\n"),
        (
            "proc/net/arp",
            "IP HW Flags Addr Mask Device\n10.0.0.1 0x1 0x2 a * eth0\n",
        ),
        ("sys/class/net/eth0/ifindex", "2\n"),
        ("sys/class/net/eth0/operstate", "up\n"),
        ("sys/class/net/eth0/speed", "1000\n"),
        ("sys/class/net/eth0/address", "02:00\n"),
        ("sys/class/thermal/thermal_zone0/type", "cpu\n"),
        ("sys/class/thermal/thermal_zone0/temp", "41500\n"),
        (
            "root/etc/os-release",
            "NAME=\"X\"\nID=x\nVERSION_ID=\"1.2.3\"\n",
        ),
        ("text/good.prom", "# TYPE mine gauge\nmine 1"),
        ("text/bad.prom", "mine{ 1\n"),
        ("text/timed.prom", "mine2 1 1000\n"),
    ]);
    let page = render(&host);
    let ticks = 100.0;
    for (series, want) in [
        ("node_load1", 0.25),
        ("node_load15", 0.75),
        ("node_memory_MemTotal_bytes", 1_024_000.0),
        ("node_memory_Active_anon_bytes", 2048.0),
        ("node_memory_HugePages_Total", 3.0),
        (
            r#"node_cpu_seconds_total{cpu="0", mode="idle"}"#,
            400.0 / ticks,
        ),
        (
            r#"node_cpu_guest_seconds_total{cpu="0", mode="nice"}"#,
            1000.0 / ticks,
        ),
        ("node_intr_total", 7.0),
        ("node_boot_time_seconds", 9.0),
        ("node_procs_blocked", 1.0),
        (r#"node_disk_read_bytes_total{device="sda"}"#, 1536.0),
        (r#"node_disk_write_time_seconds_total{device="sda"}"#, 0.008),
        (
            r#"node_disk_info{device="sda", major="8", minor="0", model="Disk", serial="S1"}"#,
            1.0,
        ),
        (
            r#"node_network_receive_multicast_total{device="eth0"}"#,
            8.0,
        ),
        (r#"node_network_transmit_bytes_total{device="eth0"}"#, 9.0),
        (r#"node_network_speed_bytes{device="eth0"}"#, 125_000_000.0),
        (r#"node_network_up{device="eth0"}"#, 1.0),
        ("node_netstat_Tcp_InSegs", 5.0),
        ("node_netstat_TcpExt_ListenDrops", 7.0),
        ("node_sockstat_TCP_mem", 2.0),
        (r#"node_softnet_processed_total{cpu="0"}"#, 10.0),
        ("node_pressure_cpu_waiting_seconds_total", 1.5),
        ("node_vmstat_pgfault", 7.0),
        ("node_filefd_maximum", 20.0),
        (r#"node_arp_entries{device="eth0"}"#, 1.0),
        (r#"node_thermal_zone_temp{type="cpu", zone="0"}"#, 41.5),
        (r#"node_os_version{id="x", name="X"}"#, 1.2),
        ("mine", 1.0),
        ("node_textfile_scrape_error", 1.0),
        (r#"node_scrape_collector_success{collector="cpu"}"#, 1.0),
        (r#"node_scrape_collector_success{collector="hwmon"}"#, 0.0),
    ] {
        assert_eq!(page.values.get(series), Some(&want), "{series}");
    }
    for absent in [
        "mine2",
        "node_vmstat_nr_free_pages",
        "node_netstat_Tcp_Other",
    ] {
        assert!(!page.values.contains_key(absent), "{absent}");
    }
    assert!(!page.values.keys().any(|k| k.contains("sda1")));
}

#[test]
fn a_host_with_nothing_tells_nothing_and_survives() {
    let (_dir, host) = fixture(&[
        ("proc/stat", "rubbish\n\u{0}\ncpu\ncpuX 1\ncpu0\n"),
        ("proc/meminfo", ":\n::: x kB\nA"),
        ("proc/diskstats", "1 2\n\n1 2 sdz\n"),
        ("proc/net/dev", "a\nb\n:::\neth0: x\n"),
        ("proc/net/snmp", "Tcp\nTcp\nx: y\n"),
        ("proc/net/arp", "\n\n\n"),
        ("proc/1/mountinfo", " - \n1 2 3 - a b\n"),
        ("proc/mdstat", "md0 : \n [ blocks\n = (\n"),
        ("proc/schedstat", "cpu\ncpu0 1\n"),
        ("proc/12/stat", "12 (x"),
        ("proc/13/stat", ") ("),
    ]);
    let page = render(&host);
    assert!(
        page.values
            .contains_key(r#"node_cpu_seconds_total{cpu="0", mode="user"}"#)
    );
}

/// `/proc/<pid>/stat` of a process that used so many ticks.
fn stat(name: &str, ticks: u64, start: u64) -> String {
    format!("1 ({name}) S 1 1 1 0 -1 0 5 0 1 0 {ticks} 50 0 0 20 0 2 0 {start} 4096000 100 0")
}

#[test]
fn groups_of_processes_never_count_backwards() {
    let (dir, host) = fixture(&[
        ("proc/stat", "btime 1000\ncpu0 1 1 1 1\n"),
        ("proc/10/stat", &stat("web", 100, 500)),
        ("proc/11/stat", &stat("web", 300, 700)),
        (
            "proc/11/io",
            "rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\n",
        ),
        ("proc/11/status", "Name: web\nVmSwap:\t  4 kB\n"),
        (
            "proc/2/stat",
            "2 (kthreadd) S 0 0 0 0 -1 0 0 0 0 0 9 9 0 0 20 0 1 0 1 0 0 0",
        ),
    ]);
    let cpu = r#"namedprocess_namegroup_cpu_seconds_total{groupname="web", mode="user"}"#;
    let of = |name: &str| format!(r#"namedprocess_namegroup_{name}{{groupname="web"}}"#);
    let page = render(&host);
    assert_eq!(page.values[cpu], 4.0);
    assert_eq!(page.values[&of("num_procs")], 2.0);
    assert_eq!(page.values[&of("num_threads")], 4.0);
    assert_eq!(page.values[&of("read_bytes_total")], 4096.0);
    assert_eq!(page.values[&of("oldest_start_time_seconds")], 1005.0);
    let swapped = r#"namedprocess_namegroup_memory_bytes{groupname="web", memtype="swapped"}"#;
    assert_eq!(page.values[swapped], 4096.0);
    assert!(!page.values.keys().any(|k| k.contains("kthreadd")));
    // One ends, one goes on.
    fs::remove_dir_all(dir.path().join("proc/11")).unwrap();
    write(dir.path(), &[("proc/10/stat", &stat("web", 150, 500))]);
    let page = render(&host);
    assert_eq!(page.values[cpu], 4.5);
    assert_eq!(page.values[&of("num_procs")], 1.0);
    assert_eq!(page.values[&of("read_bytes_total")], 4096.0);
    // The number is used again by another process.
    write(dir.path(), &[("proc/10/stat", &stat("web", 20, 900))]);
    assert_eq!(render(&host).values[cpu], 4.7);
}

#[test]
fn the_number_of_groups_is_bounded() {
    let (dir, _) = fixture(&[("proc/stat", "btime 1\ncpu0 1 1 1 1\n")]);
    for pid in 100..200u64 {
        let name = format!("p{pid}");
        write(
            dir.path(),
            &[(&format!("proc/{pid}/stat"), &stat(&name, pid * pid, 5))],
        );
    }
    let settings = HostSettings {
        proc_path: dir.path().join("proc"),
        process_groups_max: 5,
        ..HostSettings::default()
    };
    let page = render(&Host::new(&settings));
    let groups = page
        .values
        .keys()
        .filter(|k| k.contains("num_procs"))
        .count();
    assert_eq!(groups, 5);
    assert!(
        page.values
            .contains_key(r#"namedprocess_namegroup_num_procs{groupname="p199"}"#)
    );
}

/// The exporter, ended when this is dropped.
struct Exporter(Child);

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the exporter and waits until it says that it listens.
fn start_exporter(port: u16) -> Option<Exporter> {
    let path = "/usr/bin/prometheus-node-exporter";
    if !Path::new(path).exists() {
        println!("skipped: node_exporter is not installed");
        return None;
    }
    let child = Command::new(path)
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut exporter = Exporter(child);
    let mut lines = BufReader::new(exporter.0.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|l| l.unwrap().contains("Listening on")),
        "the exporter did not start"
    );
    // It must be able to go on writing.
    std::thread::spawn(move || lines.for_each(drop));
    Some(exporter)
}

/// Families of collectors that are not built in here, and of the exporter itself.
const NOT_OURS: [&str; 8] = [
    "go_",
    "process_",
    "promhttp_",
    "node_btrfs",
    "node_bcache",
    "node_systemd",
    "node_xfs",
    "node_zfs",
];

#[tokio::test]
async fn everything_that_node_exporter_tells() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let Some(_exporter) = start_exporter(port) else {
        return;
    };
    let theirs = crate::scrape::fetch_for_test(&format!("127.0.0.1:{port}")).await;
    let (theirs, ours) = (page(&theirs), render(&Host::new(&HostSettings::default())));
    let mut compared = 0;
    for (name, kind) in &theirs.kinds {
        if NOT_OURS.iter().any(|p| name.starts_with(p)) {
            continue;
        }
        assert_eq!(ours.kinds.get(name), Some(kind), "type of {name}");
        let none = BTreeSet::new();
        let their_labels = theirs.labels.get(name).unwrap_or(&none);
        let our_labels = ours.labels.get(name).unwrap_or(&none);
        // A later release than Debian's added this one.
        let added = BTreeSet::from(["rotational".to_owned()]);
        let known: BTreeSet<_> = their_labels.union(&added).cloned().collect();
        assert!(
            their_labels.is_subset(our_labels),
            "labels of {name}: {our_labels:?}"
        );
        assert!(
            our_labels.is_subset(&known),
            "labels of {name}: {our_labels:?}"
        );
        compared += 1;
    }
    assert!(compared > 150, "{compared} families");
    // What does not change between two scrapes.
    for (series, value) in &theirs.values {
        let fixed = [
            "node_boot_time",
            "node_memory_MemTotal",
            "node_uname_info",
            "node_os_",
            "node_filesystem_size",
            "node_network_mtu",
            "node_network_info",
            "node_network_flags",
            "node_network_protocol",
            "node_filefd_maximum",
            "node_time_clocksource",
            "node_time_zone",
            "node_network_speed",
            "node_nf_conntrack_entries_limit",
            "node_entropy_pool",
        ];
        if fixed.iter().any(|f| series.starts_with(f)) {
            assert_eq!(ours.values.get(series), Some(value), "{series}");
        }
    }
    println!("compared {compared} families with node_exporter");
}
