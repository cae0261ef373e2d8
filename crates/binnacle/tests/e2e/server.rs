//! A running binary with a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A server that ends when it goes out of scope.
pub struct Server {
    child: Child,
    address: SocketAddr,
    scheme: &'static str,
    directory: tempfile::TempDir,
}

/// Nothing is watched, nothing is forgotten: data at the epoch stay.
pub const QUIET: &str = "metrics:\n  self_scrape: false\n  host:\n    enabled: false\n\
                         data:\n  retention_time: 100y\n";

impl Server {
    /// Starts with a configuration in a fresh directory; waits until it is ready.
    pub fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// As [`Self::start`], with more files beside the configuration.
    pub fn start_with(config: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("binnacle.yaml"), config).expect("write");
        for (name, text) in files {
            fs::write(directory.path().join(name), text).expect("write");
        }
        let data = directory.path().join("data");
        let (child, address) = spawn(directory.path(), &data);
        let scheme = if config.contains("web_config_file") {
            "https"
        } else {
            "http"
        };
        let server = Self {
            child,
            address,
            scheme,
            directory,
        };
        server.wait_until_ready();
        server
    }

    /// Starts on a copy of a data directory.
    pub fn start_from(config: &str, data: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("binnacle.yaml"), config).expect("write");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(data)
            .arg(directory.path().join("data"))
            .status()
            .expect("cp");
        assert!(copied.success());
        let (child, address) = spawn(directory.path(), &directory.path().join("data"));
        let server = Self {
            child,
            address,
            scheme: "http",
            directory,
        };
        server.wait_until_ready();
        server
    }

    /// Starts with its data elsewhere.
    pub fn start_in(config: &str, data: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("binnacle.yaml"), config).expect("write");
        std::os::unix::fs::symlink(data, directory.path().join("data")).expect("link");
        fs::create_dir_all(data).expect("make");
        let (child, address) = spawn(directory.path(), &directory.path().join("data"));
        let server = Self {
            child,
            address,
            scheme: "http",
            directory,
        };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        if self.scheme == "https" {
            // Its log said that it listens; what it answers is the test's business.
            return;
        }
        let begun = Instant::now();
        while status(&self.url("/-/ready")) != Some(200) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the server does not become ready"
            );
            std::thread::yield_now();
        }
    }

    /// An address on this server.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The directory with its configuration and, below `data`, its data.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as a crash would, and starts it again on the same data.
    pub fn crash_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Starts a process that was killed again, on the same data.
    pub fn restart(&mut self) {
        let data = self.directory.path().join("data");
        (self.child, self.address) = spawn(self.directory.path(), &data);
        self.wait_until_ready();
    }

    /// Ends the process as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Asks the process to stop, and answers how it ended and after how long.
    pub fn stop(&mut self) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        signal(self.pid(), "TERM");
        let status = self.child.wait().expect("wait");
        (status.code(), begun.elapsed())
    }

    /// `GET` that must answer JSON with `status: success`; answers its `data`.
    pub fn data(&self, path: &str) -> Value {
        let (status, json) = self.json(path);
        assert_eq!(status, 200, "{path}: {json}");
        json["data"].clone()
    }

    /// `GET` that answers JSON.
    pub fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = get(&self.url(path));
        let json = serde_json::from_str(&body)
            .unwrap_or_else(|e| panic!("{path} answered {status} and no JSON ({e}): {body}"));
        (status, json)
    }

    /// The value of an instant query with a single element or a scalar.
    pub fn value(&self, query: &str, time: f64) -> Option<f64> {
        let data = self.data(&format!(
            "/api/v1/query?query={}&time={time}",
            escape(query)
        ));
        let point = match data["resultType"].as_str() {
            Some("scalar") => &data["result"],
            _ => &data["result"][0]["value"],
        };
        point[1]
            .as_str()
            .map(|text| text.parse().expect("a number"))
    }

    /// Sends a remote write request; answers the status.
    pub fn push(&self, body: Vec<u8>) -> Option<u16> {
        let sent = runtime(async {
            client()
                .post(self.url("/api/v1/write"))
                .header("content-type", "application/x-protobuf")
                .header("content-encoding", "snappy")
                .body(body)
                .send()
                .await
        });
        sent.ok().map(|response| response.status().as_u16())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command line of the binary under test.
pub fn binnacle() -> Command {
    Command::new(env!("CARGO_BIN_EXE_binnacle"))
}

/// Starts the binary in `directory` on a free port and reads from its log where it
/// listens.
fn spawn(directory: &Path, data: &Path) -> (Child, SocketAddr) {
    let mut child = binnacle()
        .current_dir(directory)
        .arg("serve")
        .args([
            "--listen",
            "127.0.0.1:0",
            "--log-format",
            "json",
            "--data-dir",
        ])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start the binary");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut seen = String::new();
    let address = loop {
        let mut line = String::new();
        if log.read_line(&mut line).unwrap_or(0) == 0 {
            let status = child.wait();
            panic!("the server ended before it listened ({status:?}):\n{seen}");
        }
        seen.push_str(&line);
        let json: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = json["fields"]["address"].as_str()
            && json["fields"]["message"] == "listening"
        {
            break address.parse().expect("an address");
        }
    };
    // Keep reading, so that the log never blocks the server.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (child, address)
}

/// Sends a signal by name.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(status.expect("kill").success(), "signal {name} to {pid}");
}

/// Waits until `done` says so; the other side works on its own time.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "in vain: {what}");
        std::thread::yield_now();
    }
}

/// A client that asks no proxy.
pub fn client() -> reqwest::Client {
    install_crypto();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

/// TLS needs to be told once which implementation to use.
pub fn install_crypto() {
    // A second call finds it installed: that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Runs a future to its end.
pub fn runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// `GET`: status and text.
pub fn get(url: &str) -> (u16, String) {
    runtime(async {
        let response = client()
            .get(url)
            .send()
            .await
            .unwrap_or_else(|e| panic!("{url}: {e}"));
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    })
}

fn status(url: &str) -> Option<u16> {
    runtime(async {
        client()
            .get(url)
            .send()
            .await
            .ok()
            .map(|r| r.status().as_u16())
    })
}

/// Escapes a value of a query string.
pub fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An installed program, or one line that says what is skipped.
pub fn program(path: &str, what: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {what}: {} is not installed", path.display());
    None
}

/// A program that runs beside the server and is ended with the test.
pub struct Other(Child);

impl Other {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the program");
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a free port")
}
