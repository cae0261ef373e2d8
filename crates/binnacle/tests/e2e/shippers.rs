//! Programs and libraries that others wrote send lines, and they come back: rsyslog,
//! journald's uploader, and the logging libraries of Python and Node.js.
//!
//! Packages are installed by `tests/shippers/install.sh`; what is not there is told in one
//! line. Versions are in the test's output.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::{Other, QUIET, Server, escape, eventually, free_address, get, program};

/// A server with every listener of logs.
struct Stand {
    server: Server,
    syslog_tcp: String,
    syslog_udp: String,
    fluent: String,
    loki: String,
    elasticsearch: String,
}

impl Stand {
    fn start() -> Self {
        let [tcp, udp, fluent, loki, elasticsearch] = [(); 5].map(|()| free_address().to_string());
        let config = format!(
            "{QUIET}logs:\n  listen:\n    syslog_tcp: {tcp}\n    syslog_udp: {udp}\n    fluent: \
             {fluent}\n    loki: {loki}\n    elasticsearch: {elasticsearch}\n"
        );
        Self {
            server: Server::start(&config),
            syslog_tcp: tcp,
            syslog_udp: udp,
            fluent,
            loki: format!("http://{loki}"),
            elasticsearch: format!("http://{elasticsearch}"),
        }
    }

    /// Waits until exactly these lines are there, in any order.
    fn holds(&self, selector: &str, want: &[&str]) -> Value {
        let path = format!(
            "/loki/api/v1/query_range?query={}&limit=100&start=1&end=4000000000",
            escape(selector)
        );
        let mut data = Value::Null;
        eventually(selector, || {
            let (status, text) = get(&self.server.url(&path));
            assert_eq!(status, 200, "{text}");
            data = serde_json::from_str::<Value>(&text).expect("JSON")["data"].take();
            lines(&data).len() >= want.len()
        });
        let mut got = lines(&data);
        got.sort();
        assert_eq!(got, want, "{selector}");
        data
    }
}

fn lines(data: &Value) -> Vec<String> {
    data["result"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|stream| stream["values"].as_array().cloned().unwrap_or_default())
        .map(|value| value[1].as_str().expect("a line").to_owned())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs to the end, prints what it printed, and must succeed.
fn run(command: &mut Command) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("run");
    print!("{}", String::from_utf8_lossy(&stdout));
    assert!(
        status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&stderr)
    );
}

fn without_proxies(command: &mut Command) -> &mut Command {
    let names = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];
    for name in names {
        command.env_remove(name);
    }
    command
}

/// Runs a kind of `ship.py`.
fn python(arguments: &[&str]) -> bool {
    let folder = root().join("target/shippers/python");
    let python = folder.join("bin/python");
    if !folder.join(".done").exists() {
        println!("skipped: Python's {}: not installed", arguments[0]);
        return false;
    }
    let mut command = Command::new(python);
    command
        .arg(root().join("tests/shippers/ship.py"))
        .args(arguments);
    run(without_proxies(&mut command));
    true
}

/// Runs a kind of `ship.js`.
fn node(arguments: &[&str]) -> bool {
    let modules = root().join("target/shippers/node/node_modules");
    if !modules.exists() {
        println!("skipped: Node.js' {}: not installed", arguments[0]);
        return false;
    }
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", modules)
        .arg(root().join("tests/shippers/ship.js"))
        .args(arguments);
    run(without_proxies(&mut command));
    true
}

#[test]
fn libraries_of_python() {
    let stand = Stand::start();
    let numbered = |word: &str| [0, 1, 2].map(|n| format!("{word} {n}"));
    let check = |is_run: bool, selector: &str, word: &str| {
        if is_run {
            stand.holds(selector, &numbered(word).each_ref().map(String::as_str));
        }
    };
    let url = stand.server.url("");
    let sent = python(&["fluent", &stand.fluent]);
    check(
        sent,
        "{tag=\"shop.web.access\"} | user=\"u\u{e9}\"",
        "fluent",
    );
    let sent = python(&["loki", &stand.loki]);
    check(
        sent,
        "{app=\"pyloki\", part=\"web\"} | detected_level=\"error\"",
        "pyloki",
    );
    let sent = python(&["otlp-http", &url]);
    check(sent, "{service_name=\"otlphttp\"} | order=7", "otlphttp");
    let sent = python(&["otlp-grpc", &url]);
    check(
        sent,
        "{service_name=\"otlpgrpc\"} | detected_level=\"warn\"",
        "otlpgrpc",
    );
    let sent = python(&["rotel", &url, &free_address().to_string()]);
    check(sent, "{service_name=\"rotel\"}", "rotel");
    let sent = python(&["structlog", &url]);
    check(sent, "{app=\"structlog\"} | level=\"info\"", "structlog");
    let sent = python(&["elastic", &stand.elasticsearch]);
    check(sent, "{index=\"elastic\"}", "elastic");
}

#[test]
fn libraries_of_node() {
    let stand = Stand::start();
    if node(&["pino", &stand.loki]) {
        let data = stand.holds(
            "{app=\"pino\"} | json order | line_format \"{{.order}}\"",
            &["0", "1", "2"],
        );
        assert_eq!(data["resultType"], "streams");
    }
    if node(&["winston", &stand.loki]) {
        let want = [0, 1, 2].map(|n| format!("winston {n} {{\"level\":\"info\"}}"));
        stand.holds("{app=\"winston\"}", &want.each_ref().map(String::as_str));
    }
    if node(&["otel", &stand.server.url("")]) {
        let want = ["otelnode 0", "otelnode 1", "otelnode 2"];
        stand.holds(
            "{service_name=\"otelnode\"} | detected_level=\"warn\"",
            &want,
        );
    }
    if node(&["elastic", &stand.elasticsearch]) {
        let want = ["elasticnode 0", "elasticnode 1", "elasticnode 2"];
        stand.holds("{index=\"elasticnode\"}", &want);
    }
}

#[test]
fn rsyslog_by_three_ways() {
    let Some(rsyslogd) = program("/usr/sbin/rsyslogd", "rsyslog") else {
        return;
    };
    run(Command::new(&rsyslogd).arg("-v"));
    let stand = Stand::start();
    let dir = tempfile::tempdir().expect("a folder for temporary files");
    let input = dir.path().join("in.log");
    std::fs::write(&input, "rsyslog one\nrsyslog two \u{e9}\n").expect("write");
    let (tcp_host, tcp_port) = stand.syslog_tcp.split_once(':').expect("an address");
    let (udp_host, udp_port) = stand.syslog_udp.split_once(':').expect("an address");
    let (_, elastic_port) = stand.elasticsearch.rsplit_once(':').expect("an address");
    let folder = "/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so";
    let elastic = program(folder, "rsyslog-elasticsearch").is_some();
    let (load, act) = if elastic {
        (
            "module(load=\"omelasticsearch\")\n",
            format!(
                "action(type=\"omelasticsearch\" server=\"127.0.0.1\" serverport=\"{elastic_port}\" \
                 searchIndex=\"rsyslog\" searchType=\"\" bulkmode=\"on\" template=\"doc\")\n"
            ),
        )
    } else {
        ("", String::new())
    };
    let folder = dir.path().display();
    let config = dir.path().join("rsyslog.conf");
    let text = format!(
        "global(workDirectory=\"{folder}\")\nmodule(load=\"imfile\")\n{load}\
         template(name=\"doc\" type=\"list\" option.jsonf=\"on\") {{\n\
         property(outname=\"@timestamp\" name=\"timereported\" dateFormat=\"rfc3339\" format=\"jsonf\")\n\
         property(outname=\"message\" name=\"msg\" format=\"jsonf\")\n}}\n\
         input(type=\"imfile\" File=\"{}\" Tag=\"shop:\" Severity=\"warning\")\n\
         action(type=\"omfwd\" target=\"{tcp_host}\" port=\"{tcp_port}\" protocol=\"tcp\" \
         template=\"RSYSLOG_SyslogProtocol23Format\")\n\
         action(type=\"omfwd\" target=\"{udp_host}\" port=\"{udp_port}\" protocol=\"udp\" \
         template=\"RSYSLOG_TraditionalForwardFormat\")\n{act}",
        input.display(),
    );
    std::fs::write(&config, text).expect("write");
    let _running = Other::start(
        Command::new(rsyslogd)
            .args(["-n", "-iNONE", "-f"])
            .arg(&config),
    );
    // Each line comes by RFC 5424 over TCP and by RFC 3164 over UDP.
    let (one, two) = ("rsyslog one", "rsyslog two \u{e9}");
    let selector = "{service_name=~\".+\"} |= \"rsyslog\" | line_format \"{{__line__ | trim}}\" | \
                    index=\"\"";
    stand.holds(selector, &[one, one, two, two]);
    if elastic {
        stand.holds(
            "{index=\"rsyslog\"} | line_format \"{{__line__ | trim}}\"",
            &[one, two],
        );
    }
}

#[test]
fn journald_uploads() {
    let remote = program(
        "/lib/systemd/systemd-journal-remote",
        "systemd-journal-remote",
    );
    let upload = program(
        "/lib/systemd/systemd-journal-upload",
        "systemd-journal-upload",
    );
    let (Some(remote), Some(upload)) = (remote, upload) else {
        return;
    };
    run(Command::new(&upload).arg("--version"));
    let stand = Stand::start();
    let dir = tempfile::tempdir().expect("a folder for temporary files");
    let journal = dir.path().join("own.journal");
    let export = dir.path().join("export");
    let entry = |n: u32| {
        format!(
            "__REALTIME_TIMESTAMP=170000000000000{n}\n__MONOTONIC_TIMESTAMP={n}\n\
             _BOOT_ID=0123456789abcdef0123456789abcdef\n_SYSTEMD_UNIT=shop.service\nPRIORITY=3\n\
             MESSAGE=journal {n}\n\n"
        )
    };
    std::fs::write(&export, [1, 2, 3].map(entry).concat()).expect("write");
    run(Command::new(remote)
        .arg(format!("--output={}", journal.display()))
        .arg(&export));
    // It goes on waiting for entries.
    let _running = Other::start(without_proxies(
        Command::new(upload)
            .arg(format!("--url={}", stand.server.url("")))
            .arg(format!(
                "--save-state={}",
                dir.path().join("state").display()
            ))
            .arg(format!("--file={}", journal.display())),
    ));
    stand.holds(
        "{service_name=~\".+\"} |= \"journal\"",
        &["journal 1", "journal 2", "journal 3"],
    );
}

#[test]
fn loki_answers_at_its_own_port() {
    let stand = Stand::start();
    let ask = |path: &str| get(&format!("{}{path}", stand.loki));
    assert_eq!(ask("/ready"), (200, "ready\n".to_owned()));
    let (status, services) = ask("/services");
    assert!(
        status == 200 && services.contains("=> Running"),
        "{services}"
    );
    let (status, config) = ask("/config");
    assert!(status == 200 && config.contains("self_scrape"), "{config}");
    let (_, metrics) = ask("/metrics");
    for name in [
        "loki_distributor_bytes_received_total",
        "binnacle_logs_requests_total{protocol=\"loki\"}",
    ] {
        assert!(metrics.contains(name), "{name}");
    }
    let (status, build) = ask("/loki/api/v1/status/buildinfo");
    assert!(
        status == 200 && build.contains("\"version\":\"3."),
        "{build}"
    );
    let (_, level) = ask("/log_level");
    assert!(level.contains("Current log level is info"), "{level}");
    let check = escape("vector(1)+vector(1)");
    let (status, answer) = ask(&format!("/loki/api/v1/query?query={check}"));
    assert!(status == 200 && answer.contains("\"2\""), "{answer}");
    assert_eq!(ask("/graph").0, 404, "the UI is not here");
    let post = |path: &str| {
        crate::server::runtime(async {
            let sent = crate::server::client()
                .post(format!("{}{path}", stand.loki))
                .header("content-type", "application/x-www-form-urlencoded")
                .send()
                .await
                .expect("an answer");
            sent.status().as_u16()
        })
    };
    assert_eq!(post("/log_level?log_level=debug"), 200);
    assert!(ask("/log_level").1.contains("debug"));
    assert_eq!(post("/log_level?log_level=loud"), 400);
    assert_eq!(post("/flush"), 204);
    let (status, root) = get(&stand.elasticsearch);
    assert!(
        status == 200 && root.contains("You Know, for Search"),
        "{root}"
    );
}

#[test]
fn a_loki_config_is_in_force() {
    let loki = free_address();
    let file = format!(
        "auth_enabled: true\nserver: {{http_listen_address: 127.0.0.1, http_listen_port: {}}}\n\
         limits_config: {{max_line_size: 100B, max_query_length: 1h, volume_enabled: false, \
         ingestion_rate_mb: 1, ingestion_burst_size_mb: 1}}\ningester: {{chunk_idle_period: 5m}}\n",
        loki.port()
    );
    let config = format!("{QUIET}logs: {{loki_file: loki-config.yaml}}\n");
    let server = Server::start_with(&config, &[("loki-config.yaml", &file)]);
    let url = format!("http://{loki}");
    let send = |tenant: Option<&str>, line: &str| {
        let body = format!(
            "{{\"streams\":[{{\"stream\":{{\"app\":\"a\"}},\"values\":[[\"{}\",\"{line}\"]]}}]}}",
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .expect("after 1970")
                .as_nanos()
        );
        crate::server::runtime(async {
            let mut request = crate::server::client()
                .post(format!("{url}/loki/api/v1/push"))
                .header("content-type", "application/json")
                .body(body);
            if let Some(tenant) = tenant {
                request = request.header("x-scope-orgid", tenant);
            }
            let answer = request.send().await.expect("an answer");
            (
                answer.status().as_u16(),
                answer.text().await.expect("a text"),
            )
        })
    };
    assert_eq!(send(None, "x"), (401, "no org id\n".to_owned()));
    assert_eq!(send(Some("t"), "x").0, 204);
    let (status, text) = send(Some("t"), &"x".repeat(101));
    assert!(
        status == 400 && text.contains("Max entry size '100'"),
        "{text}"
    );
    let (status, text) = send(Some("t"), &"x".repeat(2 << 20));
    assert!(status == 400 && text.contains("Max entry size"), "{text}");
    let ask = |path: &str| get(&server.url(path));
    let query = escape("{app=\"a\"}");
    let (status, text) = ask(&format!(
        "/loki/api/v1/query_range?query={query}&start=1&end=8000"
    ));
    assert!(
        status == 400 && text.contains("the query time range exceeds the limit"),
        "{text}"
    );
    let (status, text) = ask(&format!("/loki/api/v1/index/volume?query={query}"));
    assert!(status == 404, "{status} {text}");
    let (_, metrics) = ask("/metrics");
    let discarded = "loki_discarded_samples_total{protocol=\"loki\",reason=\"line_too_long\",\
                     tenant=\"t\"} 2";
    assert!(metrics.contains(discarded), "{metrics}");
}
