//! Following files through the real binary: rotation in every way, by hand and by
//! logrotate, crashes while lines are written, formats of containers, a
//! `promtail-config.yaml` as it is, and the journal.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use binnacle_stdx::random::Random;
use serde_json::Value;

use crate::server::{QUIET, Server, escape, eventually, get, program};

const KILLS: u64 = 30;

/// Lines that one answer holds, at most.
const ANSWER_LINES: usize = 5_000;

/// A folder of logs and a server that follows it.
struct World {
    logs: tempfile::TempDir,
    server: Server,
}

impl World {
    /// Follows `pattern` below a fresh folder; `more` are further keys of the entry.
    fn new(pattern: &str, more: &str) -> Self {
        let logs = tempfile::tempdir().expect("a folder");
        let config = format!(
            "{QUIET}logs:\n  files:\n  - name: e2e\n    paths: ['{}/{pattern}']\n{more}",
            logs.path().display()
        );
        let server = Server::start(&config);
        Self { logs, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.logs.path().join(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        append(&self.path(name), bytes.as_ref());
    }

    fn wait(&self, selector: &str, count: usize) -> Vec<String> {
        wait(&self.server, selector, count)
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut f| f.write_all(bytes)).expect("append");
}

fn query(server: &Server, query: &str) -> Value {
    let url = format!(
        "/loki/api/v1/query_range?query={}&limit={ANSWER_LINES}&direction=forward",
        escape(query)
    );
    let (status, text) = get(&server.url(&url));
    assert_eq!(status, 200, "{query}: {text}");
    serde_json::from_str::<Value>(&text).expect("JSON")["data"]["result"].clone()
}

/// All lines, sorted.
fn lines(server: &Server, selector: &str) -> Vec<String> {
    let result = query(server, selector);
    let streams = result.as_array().expect("streams");
    let values = streams.iter().filter_map(|s| s["values"].as_array());
    let mut lines: Vec<String> = values
        .flatten()
        .map(|v| v[1].as_str().expect("a line").to_owned())
        .collect();
    assert!(
        lines.len() < ANSWER_LINES,
        "{selector}: too many to compare"
    );
    lines.sort();
    lines
}

/// Waits until there are so many lines.
fn wait(server: &Server, selector: &str, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    eventually(&format!("{count} lines of {selector}"), || {
        found = lines(server, selector);
        found.len() >= count
    });
    found
}

/// Numbered lines of one length.
fn numbered(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("line {n:06}\n")).collect()
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("line {n:06}")).collect()
}

#[test]
fn each_line_comes_once_through_renames_cuts_and_packing() {
    let w = World::new("app.log*", "");
    w.append("app.log", numbered(0, 100));
    w.wait("{job=\"e2e\"}", 100);
    // Renamed, with lines that nobody has read yet.
    w.append("app.log", numbered(100, 200));
    fs::rename(w.path("app.log"), w.path("app.log.1")).expect("rename");
    w.append("app.log", numbered(200, 300));
    w.wait("{job=\"e2e\"}", 300);
    // Copied and cut off, with lines that nobody has read yet.
    w.append("app.log", numbered(300, 400));
    fs::copy(w.path("app.log"), w.path("app.log.0")).expect("copy");
    let file = OpenOptions::new().write(true).open(w.path("app.log"));
    file.and_then(|f| f.set_len(0)).expect("cut off");
    w.append("app.log", numbered(400, 500));
    w.wait("{job=\"e2e\"}", 500);
    // Packed, by the program that everyone has.
    let packed = Command::new("gzip").arg(w.path("app.log.1")).status();
    assert!(packed.expect("gzip").success());
    w.append("app.log", numbered(500, 501));
    assert_eq!(w.wait("{job=\"e2e\"}", 501), expected(501));
    // What nobody has seen is unpacked, and lines after it show that all was read.
    let older: String = (0..50).map(|n| format!("older {n:02}\n")).collect();
    fs::write(w.path("older"), older).expect("write");
    let packed = Command::new("gzip").arg(w.path("older")).status();
    assert!(packed.expect("gzip").success());
    fs::rename(w.path("older.gz"), w.path("app.log.9.gz")).expect("rename");
    let all = w.wait("{job=\"e2e\"} |= \"older\"", 50);
    assert_eq!(all.len(), 50);
    assert_eq!(lines(&w.server, "{job=\"e2e\"} |= \"line\""), expected(501));
}

/// Rotates by Debian's logrotate with these words of its language; each line must come
/// once, whether it was read before, between or after.
fn rotate(words: &str) {
    let Some(logrotate) = program("/usr/sbin/logrotate", "rotation by logrotate") else {
        return;
    };
    let w = World::new("app.log*", "");
    let config = w.path("rotate.conf");
    let text = format!(
        "{} {{\n  rotate 50\n  missingok\n{words}}}\n",
        w.path("app.log").display()
    );
    fs::write(&config, text).expect("write");
    let mut permissions = fs::metadata(&config).expect("metadata").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    fs::set_permissions(&config, permissions).expect("permissions");
    let mut random = Random::new(7);
    let mut written = 0;
    for _ in 0..12 {
        let more = 20 + random.below(200) as usize;
        w.append("app.log", numbered(written, written + more));
        written += more;
        if random.below(2) == 0 {
            w.wait("{job=\"e2e\"}", written);
        }
        let output = Command::new(&logrotate)
            .args(["--force", "--state"])
            .arg(w.path("rotate.state"))
            .arg(&config)
            .output()
            .expect("logrotate");
        assert!(output.status.success(), "{output:?}");
    }
    w.append("app.log", numbered(written, written + 1));
    assert_eq!(w.wait("{job=\"e2e\"}", written + 1), expected(written + 1));
}

#[test]
fn logrotate_by_rename() {
    rotate("  create\n");
}

#[test]
fn logrotate_by_copying_and_cutting_off() {
    rotate("  copytruncate\n");
}

#[test]
fn logrotate_with_packing() {
    rotate("  create\n  compress\n");
}

#[test]
fn kill_9_loses_no_line_of_a_file_that_is_written_and_rotated() {
    let mut w = World::new("app.log*", "");
    let mut random = Random::new(9);
    let (mut written, mut rotated) = (0, 0);
    for _ in 0..KILLS {
        for _ in 0..=random.below(6) {
            let more = random.below(30) as usize;
            w.append("app.log", numbered(written, written + more));
            written += more;
            if random.below(3) == 0 && w.path("app.log").exists() {
                rotated += 1;
                fs::rename(w.path("app.log"), w.path(&format!("app.log.{rotated}")))
                    .expect("rename");
            }
        }
        if random.below(2) == 0 && written > 0 {
            // Killed after lines were stored, mostly before their places were saved.
            let last = format!("{{job=\"e2e\"}} |= \"line {:06}\"", written - 1);
            w.wait(&last, 1);
        }
        w.server.crash_and_restart();
    }
    let last = format!("line {written:06}");
    w.append("app.log", format!("{last}\n"));
    let mut found = Vec::new();
    eventually("all lines", || {
        found = lines(&w.server, "{job=\"e2e\"}");
        found.dedup();
        found.len() > written
    });
    assert_eq!(found, expected(written + 1));
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.expect("after 1970").as_secs() as i64;
    let days = seconds.div_euclid(86_400);
    let (h, m, s) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    // Days to a date, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}")
}

#[test]
fn lines_of_containers_are_unwrapped_and_know_their_pod() {
    let w = World::new("pods/*/*/*.log", "    kubernetes: true\n    format: cri\n");
    let pod = w.path("pods/shop_api-7f9c6d5b8-x2x4z_uid-1/web");
    fs::create_dir_all(&pod).expect("create");
    let t = now();
    append(
        &pod.join("0.log"),
        format!(
            "{t}.000000001Z stdout F whole\n{t}.000000002Z stderr P in two \n\
             {t}.000000003Z stdout F between\n{t}.000000004Z stderr F parts\n"
        )
        .as_bytes(),
    );
    let selector = "{namespace=\"shop\",pod=\"api-7f9c6d5b8-x2x4z\",container=\"web\",app=\"api\"}";
    assert_eq!(w.wait(selector, 3), ["between", "in two parts", "whole"]);
    let errors = "{namespace=\"shop\",stream=\"stderr\"}";
    assert_eq!(lines(&w.server, errors), ["in two parts"]);
    // The time is the one that the runtime noted, of the last part as with Promtail.
    let value = query(&w.server, errors)[0]["values"][0][0].clone();
    assert!(
        value.as_str().expect("a time").ends_with("000000004"),
        "{value}"
    );
}

#[test]
fn lines_of_docker_are_unwrapped() {
    let w = World::new("*-json.log", "    format: docker\n");
    let t = now();
    w.append(
        "c1-json.log",
        format!(
            "{{\"log\":\"hello \\\"you\\\"\\n\",\"stream\":\"stdout\",\"time\":\"{t}.5Z\"}}\n\
             {{\"log\":\"failed\\n\",\"stream\":\"stderr\",\"time\":\"{t}.6Z\"}}\n"
        ),
    );
    w.wait("{job=\"e2e\"}", 2);
    let trimmed = |selector: &str| {
        let all = lines(&w.server, selector);
        all.iter()
            .map(|l| l.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(trimmed("{stream=\"stdout\"}"), ["hello \"you\""]);
    assert_eq!(trimmed("{stream=\"stderr\"}"), ["failed"]);
}

#[test]
fn a_promtail_config_acts_as_it_is() {
    let logs = tempfile::tempdir().expect("a folder");
    let folder = logs.path().display();
    let promtail = format!(
        "server:\n  http_listen_port: 9080\npositions:\n  filename: {folder}/positions.yaml\n\
         clients:\n- url: http://loki:3100/loki/api/v1/push\n  external_labels: {{cluster: c1}}\n\
         scrape_configs:\n- job_name: system\n  static_configs:\n  - targets: [localhost]\n    \
         labels:\n      job: varlogs\n      __path__: {folder}/*.log\n      \
         __path_exclude__: {folder}/debug*.log\n  pipeline_stages:\n  - regex:\n      \
         expression: '^(?P<level>\\w+) (?P<text>.*)$'\n  - labels:\n      level:\n  - output:\n      \
         source: text\n  - drop:\n      expression: noise\n"
    );
    fs::write(logs.path().join("a.log"), "info old\ninfo new\n").expect("write");
    fs::write(logs.path().join("debug.log"), "info excluded\n").expect("write");
    let positions = format!("positions:\n  {folder}/a.log: \"9\"\n");
    fs::write(logs.path().join("positions.yaml"), positions).expect("write");
    let config = format!("{QUIET}logs:\n  promtail_file: promtail.yaml\n");
    let server = Server::start_with(&config, &[("promtail.yaml", &promtail)]);
    append(
        &logs.path().join("a.log"),
        b"error broken\ninfo noise\ninfo last\n",
    );
    let got = wait(&server, "{job=\"varlogs\",cluster=\"c1\"}", 3);
    assert_eq!(got, ["broken", "last", "new"]);
    let errors = lines(&server, "{job=\"varlogs\",level=\"error\"}");
    assert_eq!(errors, ["broken"]);
    let (_, metrics) = get(&server.url("/metrics"));
    let active = "promtail_files_active_total 1";
    assert!(metrics.lines().any(|line| line == active), "{active}");
}

/// A journal that entries can be written to.
struct JournalFolder {
    folder: tempfile::TempDir,
    remote: PathBuf,
}

impl JournalFolder {
    /// `None`, and a line that says so, where the programs are not.
    fn new() -> Option<Self> {
        program("/usr/bin/journalctl", "the journal")?;
        let remote = program("/usr/lib/systemd/systemd-journal-remote", "the journal")?;
        let folder = tempfile::tempdir().expect("a folder");
        Some(Self { folder, remote })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, number: u32) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let us = since.expect("after 1970").as_micros();
        let entry = format!(
            "__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={us}\n\
             _BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=h\n\
             _SYSTEMD_UNIT=shop.service\nPRIORITY=3\nMESSAGE=entry {number}\n\n"
        );
        let mut child = Command::new(&self.remote)
            .arg(format!(
                "--output={}",
                self.path().join(format!("{number}.journal")).display()
            ))
            .arg("-")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("systemd-journal-remote");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(entry.as_bytes()).expect("write");
        drop(input);
        assert!(child.wait().expect("it ends").success());
    }

    /// The cursor of the newest entry.
    fn newest(&self) -> String {
        let out = Command::new("/usr/bin/journalctl")
            .args(["--output=json", "--lines=1", "--directory"])
            .arg(self.path())
            .output()
            .expect("journalctl");
        let entry: Value = serde_json::from_slice(&out.stdout).expect("an entry");
        entry["__CURSOR"].as_str().expect("a cursor").to_owned()
    }
}

#[test]
fn the_journal_goes_on_where_it_was() {
    let Some(journal) = JournalFolder::new() else {
        return;
    };
    journal.write(1);
    let config = format!(
        "{QUIET}logs:\n  journal:\n    path: {}\n",
        journal.path().display()
    );
    let mut server = Server::start(&config);
    let selector = "{job=\"journal\",unit=\"shop.service\",level=\"error\"}";
    assert_eq!(wait(&server, selector, 1), ["entry 1"]);
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    journal.write(2);
    server.restart();
    let all = wait(&server, selector, 2);
    let mut count: HashMap<&str, usize> = HashMap::new();
    for line in &all {
        *count.entry(line).or_default() += 1;
    }
    assert_eq!(count, HashMap::from([("entry 1", 1), ("entry 2", 1)]));
}

/// The end of the process lets go what stages hold back, and the place behind it is saved.
#[test]
fn an_entry_that_is_held_back_at_the_end_is_taken_once() {
    let Some(journal) = JournalFolder::new() else {
        return;
    };
    let promtail = format!(
        "scrape_configs:\n- job_name: journal\n  journal:\n    path: {}\n    labels: {{job: held}}\n  \
         pipeline_stages:\n  - multiline: {{firstline: ^entry, max_wait_time: 1h}}\n",
        journal.path().display()
    );
    let config = format!("{QUIET}logs:\n  promtail_file: promtail.yaml\n");
    journal.write(1);
    let mut server = Server::start_with(&config, &[("promtail.yaml", &promtail)]);
    journal.write(2);
    // The second one lets go the first, and is held back itself.
    assert_eq!(wait(&server, "{job=\"held\"}", 1), ["entry 1"]);
    assert_eq!(server.stop().0, Some(0));
    let places = fs::read_to_string(server.directory().join("data/logs/places"));
    let (places, newest) = (places.expect("places"), journal.newest());
    assert!(places.contains(&newest), "{places}\n{newest}");
    server.restart();
    assert_eq!(wait(&server, "{job=\"held\"}", 2), ["entry 1", "entry 2"]);
}
