//! Whatever stands in a file, reading it ends, and does not panic.

use std::path::Path;

use crate::config::file::{Overrides, load_with};
use crate::config::prometheus::PrometheusFile;
use crate::config::web;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }
}

const PIECES: [&str; 56] = [
    "global",
    "scrape_configs",
    "job_name",
    "static_configs",
    "targets",
    "labels",
    "relabel_configs",
    "regex",
    "action",
    "kubernetes_sd_configs",
    "role",
    "selectors",
    "field",
    "label",
    "url",
    "a in (",
    "tls_server_config",
    "cert_file",
    "basic_auth_users",
    "rate_limit",
    "interval",
    "listen",
    "address",
    "metrics",
    "data",
    "retention_size",
    "external_labels",
    "${",
    "$",
    "scrape_interval",
    "15s",
    "1GB",
    ": ",
    ":\n  ",
    "\n- ",
    "\n  - ",
    "\n",
    "\n    ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<",
    "null",
    "!!binary ",
    "/w==",
    "\"",
    "'",
    "|\n",
    "\t",
    "\u{0}",
    "ü",
    "99999999999999999999",
];

fn read_all(text: &str) {
    let file = Path::new("f.yml");
    let _ = PrometheusFile::parse(file, text, &|_| None).map(|f| (f.resolve(), f.print()));
    let _ = web::parse(file, text);
}

#[test]
fn random_pieces_never_panic() {
    let mut random = Random(0x5eed);
    for _ in 0..1_500 {
        let length = random.below(40);
        let text: String = (0..length)
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        read_all(&text);
    }
}

#[test]
fn damaged_files_never_panic() {
    let good = "global: {scrape_interval: 15s, external_labels: {a: \"${B}\"}}\nscrape_configs:\n- &j\n  job_name: 'a'\n  params: {m: [1]}\n  basic_auth: {username: u, password: p}\n  kubernetes_sd_configs:\n  - role: pod\n    selectors: [{role: pod, label: \"a in (b)\", field: \"c=d\"}]\n  relabel_configs:\n  - {source_labels: [a], regex: \"(.*)\", target_label: \"${1}\"}\n- <<: *j\n  job_name: b\nremote_write: [{url: \"http://a:1/b?c\", queue_config: {capacity: 5}}]\n";
    let mut random = Random(0xbad);
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    for round in 0..1_500 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.next().to_le_bytes()[0],
                1 => drop(bytes.drain(at..(at + random.below(20)).min(bytes.len()))),
                _ => bytes.insert(at, b"[]{}:,-&*!|>'\"%@\n "[random.below(18)]),
            }
        }
        read_all(&String::from_utf8_lossy(&bytes));
        if round % 100 == 0 {
            let path = dir.path().join("binnacle.yaml");
            std::fs::write(&path, &bytes).expect("a file can be written");
            let _ = load_with(Some(&path), &Overrides::default(), &|_| None);
        }
    }
}
