//! What is said of mistakes in a `prometheus.yml`, and what becomes of a valid one.

use std::path::Path;
use std::time::Duration;

use binnacle_collect::settings::{Auth, DiscoverySettings, Scheme, Source};

use crate::config::prometheus::{PrometheusFile, discovery::MECHANISMS};

use super::{shown, write};

fn parse(text: &str) -> Result<PrometheusFile, crate::config::ConfigErrors> {
    PrometheusFile::parse(Path::new("prometheus.yml"), text, &|_| None)
}

fn loaded(text: &str) -> PrometheusFile {
    parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn mistakes_are_named_with_their_place() {
    let check = |text: &str, want: &str| assert_eq!(shown(parse(text)), want, "{text}");
    check(
        "global:\n  scrape_intervall: 15s\n",
        "prometheus.yml:2:3: unknown field \"scrape_intervall\", did you mean \"scrape_interval\"?",
    );
    check(
        "globals: {}\n",
        "prometheus.yml:1:1: unknown field \"globals\", did you mean \"global\"?",
    );
    check(
        "qwertyuiop: {}\n",
        "prometheus.yml:1:1: unknown field \"qwertyuiop\"",
    );
    check(
        "global:\n  scrape_interval: 15\n",
        "prometheus.yml:2:20: not a valid duration string: \"15\"",
    );
    check(
        "scrape_configs:\n- job_name: a\n  sample_limit: many\n",
        "prometheus.yml:3:17: \"sample_limit\" wants a whole number that is not negative, found the text \"many\"",
    );
    check(
        "scrape_configs:\n- job_name: a\n  honor_labels: \"true\"\n",
        "prometheus.yml:3:17: \"honor_labels\" wants true or false, found the text \"true\"",
    );
    check(
        "scrape_configs: {a: b}\n",
        "prometheus.yml:1:17: \"scrape_configs\" wants a list, found a mapping",
    );
    check(
        "- a\n",
        "prometheus.yml:1:1: the file must hold a mapping, found a list",
    );
    check(
        "rule_files: [\"*/a.yml\"]\n",
        "prometheus.yml:1:14: invalid rule file path \"*/a.yml\"",
    );
    check(
        "scrape_configs:\n- job_name: a\n- job_name: a\n",
        "prometheus.yml:3:13: found multiple scrape configs with job name \"a\", first found at line 2",
    );
    check(
        "global: {scrape_timeout: 2m}\n",
        "prometheus.yml:1:26: global scrape timeout greater than scrape interval",
    );
}

#[test]
fn every_mistake_is_found_in_one_go() {
    let text = "\
global:
  scrape_interval: soon
  evaluation_intervall: 1m
scrape_configs:
- job_name: a
  schem: https
  static_configs:
  - targets: [http://a]
- static_configs:
  - target: [b]
";
    let want = "\
prometheus.yml:2:20: not a valid duration string: \"soon\"
prometheus.yml:3:3: unknown field \"evaluation_intervall\", did you mean \"evaluation_interval\"?
prometheus.yml:6:3: unknown field \"schem\", did you mean \"scheme\"?
prometheus.yml:8:15: \"http://a\" is not a valid hostname
prometheus.yml:9:3: job_name is empty
prometheus.yml:10:5: unknown field \"target\", did you mean \"targets\"?";
    assert_eq!(shown(parse(text)), want);
}

#[test]
fn numbers_and_booleans_may_stand_for_text() {
    let file = loaded(
        "scrape_configs:\n- job_name: 8080\n  params: {module: [1, yes]}\n  static_configs:\n  - targets: [a]\n    labels: {x: 1.50, y: on}\n",
    );
    let pool = &file.resolve().scrapes[0];
    assert_eq!(pool.job_name, "8080");
    assert_eq!(
        pool.params,
        [("module".to_owned(), vec!["1".to_owned(), "yes".to_owned()])]
    );
    let DiscoverySettings::Static(groups) = &pool.discovery[0] else {
        panic!("{:?}", pool.discovery);
    };
    assert_eq!(groups[0].labels.to_string(), "{x=\"1.50\", y=\"on\"}");
}

#[test]
fn scrape_configurations_inherit_from_global() {
    let file = loaded(
        "global: {scrape_interval: 5s, sample_limit: 7, metric_name_validation_scheme: legacy}\nscrape_configs:\n- job_name: a\n- job_name: b\n  scrape_interval: 1m\n  scrape_timeout: 30s\n  sample_limit: 9\n  scheme: https\n",
    );
    let settings = file.resolve();
    let [a, b] = settings.scrapes.as_slice() else {
        panic!("{settings:?}")
    };
    let secs = Duration::from_secs;
    assert_eq!(
        (a.interval, a.timeout, a.limits.samples, a.scheme),
        (secs(5), secs(5), 7, Scheme::Http)
    );
    assert_eq!(
        (b.interval, b.timeout, b.limits.samples, b.scheme),
        (secs(60), secs(30), 9, Scheme::Https)
    );
    assert_eq!(a.name_escaping.as_str(), "underscores");
}

#[test]
fn paths_are_seen_from_the_file_and_secrets_are_not_shown() {
    let text = "scrape_configs:\n- job_name: a\n  basic_auth: {username: u, password: hunter2}\n  tls_config: {ca_file: ca.pem, cert_file: /c.pem, key_file: k.pem}\n- job_name: b\n  bearer_token: hunter2\n  http_headers: {X-A: {values: [v], secrets: [hunter2]}}\n  proxy_url: http://p:hunter2@proxy\n";
    let file = PrometheusFile::parse(Path::new("/etc/p/prometheus.yml"), text, &|_| None);
    let file = file.unwrap_or_else(|errors| panic!("{errors}"));
    let settings = file.resolve();
    let pool = &settings.scrapes[0];
    assert_eq!(pool.http.tls.ca, Some(Source::File("/etc/p/ca.pem".into())));
    assert_eq!(pool.http.tls.cert, Some(Source::File("/c.pem".into())));
    assert!(
        matches!(&pool.http.auth, Auth::Basic { password: Some(Source::Text(p)), .. } if p.reveal() == "hunter2")
    );
    let printed = file.print();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(printed.matches("<secret>").count(), 3, "{printed}");
    assert!(
        !format!("{file:?}")
            .replace("http://p:hunter2@proxy", "")
            .contains("hunter2")
    );
}

#[test]
fn variables_are_replaced_in_external_labels() {
    let text = "global:\n  external_labels: {a: \"${HOST}\", b: \"x${NONE}\"}\n";
    let environment = |name: &str| (name == "HOST").then(|| "h1".to_owned());
    let file = PrometheusFile::parse(Path::new("p.yml"), text, &environment);
    let file = file.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(
        file.global.external_labels.to_string(),
        "{a=\"h1\", b=\"x\"}"
    );
    let warnings: Vec<String> = file.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["p.yml:2:38: the environment variable \"NONE\" in external_labels is empty"]
    );
}

#[test]
fn what_does_not_act_is_named() {
    let text = "\nscrape_configs:\n- job_name: a\n  kubernetes_sd_configs:\n  - role: pod\n  dns_sd_configs:\n  - names: [a]\nremote_write:\n- url: http://a/\n";
    let shown: Vec<String> = loaded(text)
        .inactive
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "prometheus.yml:4: scrape_configs[0].kubernetes_sd_configs: this mechanism finds no targets yet",
            "prometheus.yml:7: scrape_configs[0].dns_sd_configs[0]: SRV records are not looked up yet, only A and AAAA are",
            "prometheus.yml:8: remote_write: samples are not sent on yet",
        ]
    );
}

#[test]
fn every_mechanism_without_an_engine_is_named() {
    for mechanism in &MECHANISMS {
        let text = format!(
            "scrape_configs:\n- job_name: a\n  {}: [null]\n",
            mechanism.key
        );
        let want = format!(
            "prometheus.yml:3:{}: empty or null section in {}",
            mechanism.key.len() + 6,
            mechanism.key
        );
        assert_eq!(shown(parse(&text)), want);
    }
    assert!(MECHANISMS.is_sorted_by_key(|m| m.key));
}

#[test]
fn included_files_are_part_of_the_configuration() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let main = write(
        dir.path(),
        "prometheus.yml",
        "global: {scrape_interval: 7s}\nscrape_config_files: [jobs/*.yml]\nscrape_configs: [{job_name: a}]\n",
    );
    write(
        dir.path(),
        "jobs/b.yml",
        "scrape_configs: [{job_name: b, tls_config: {ca_file: ca.pem}}]\n",
    );
    let file = PrometheusFile::load(&main, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let settings = file.resolve();
    assert_eq!(settings.scrapes[1].job_name, "b");
    assert_eq!(settings.scrapes[1].interval, Duration::from_secs(7));
    let ca = Source::File(dir.path().join("jobs/ca.pem"));
    assert_eq!(settings.scrapes[1].http.tls.ca, Some(ca));
    assert_eq!(file.sources.len(), 2);

    let twin = write(
        dir.path(),
        "jobs/c.yml",
        "scrape_configs: [{job_name: a}, {job_nam: c}]\n",
    );
    let want = format!(
        "{0}:1:29: found multiple scrape configs with job name \"a\"\n{0}:1:33: job_name is empty\n{0}:1:34: unknown field \"job_nam\", did you mean \"job_name\"?",
        twin.display()
    );
    let got = shown(PrometheusFile::load(&main, &|_| None));
    assert_eq!(
        got.lines().collect::<std::collections::BTreeSet<_>>(),
        want.lines().collect()
    );
}
