//! Ratios against Prometheus, Alertmanager, VictoriaMetrics, VictoriaLogs and Loki,
//! measured side by side in one run: `cargo run --release -p bench -- [BAR ...]`, or
//! `make bench BARS="m1 m8"`.
//!
//! Absolute times mean nothing on a shared machine. Each bar starts every server
//! afresh on loopback with its defaults, feeds all of them the same bytes in turn
//! (ours, theirs, ours, theirs) and compares the CPU seconds (user and system)
//! that the kernel charged to the server's process, its peak memory and its bytes
//! on disk. Nothing here fails on time.
//!
//! The environment says more: `ROUNDS` (3) of each measurement, `SCALE` (1) of the
//! workloads of logs, `BINNACLE` for our binary, and where the servers of logs are
//! unless they are on the `PATH`: `BINNACLE_BENCH_VICTORIA_LOGS` and
//! `BINNACLE_BENCH_LOKI`.

mod bars;
mod http;
mod logs_workload;
mod machine;
mod other;
mod peer;
mod table;
mod websocket;
mod workload;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).map(|a| a.to_lowercase()).collect();
    for name in &asked {
        if !bars::ALL.iter().any(|(bar, ..)| bar == name) {
            let known: Vec<&str> = bars::ALL.iter().map(|(bar, ..)| *bar).collect();
            bail!("there is no bar {name:?}: there are {}", known.join(", "));
        }
    }
    println!("{}", machine::describe());
    for (name, title, run) in bars::ALL {
        if !asked.is_empty() && !asked.iter().any(|a| a == name) {
            continue;
        }
        println!("\n## {} {title}", name.to_uppercase());
        match run() {
            Ok(table) => print!("{table}"),
            Err(error) => println!("not measured: {error:#}"),
        }
        println!("load {}", machine::load());
    }
    Ok(())
}
