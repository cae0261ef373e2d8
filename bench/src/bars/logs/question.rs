//! A question to the servers of logs, each in its own language, what an answer
//! costs, and one number that says what came back: the number must be the same
//! for all.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::http::{Client, escape};
use crate::peer::{Kind, Peer};
use crate::table::{Table, median};

/// How LogQL is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// At the end.
    Instant,
    /// Over all of the time, with so many seconds between steps.
    Range(i64),
    /// For so many of the newest lines.
    Lines(usize),
}

/// A question.
pub(super) struct Question {
    pub(super) title: &'static str,
    pub(super) ask: Ask,
    pub(super) logql: String,
    /// `None`: VictoriaLogs is not asked. Numbers come in a field `n`.
    pub(super) logsql: Option<String>,
    /// The part by which numbers may differ: VictoriaLogs estimates quantiles.
    pub(super) tolerance: f64,
}

/// The time that is asked about: behind the start, up to the end.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
}

impl Question {
    /// The request's path; `None` when this server is not asked.
    fn path(&self, kind: Kind, window: Window) -> Option<String> {
        let Window { start_ns, end_ns } = window;
        if kind == Kind::VictoriaLogs {
            let query = escape(self.logsql.as_deref()?);
            let limit = match self.ask {
                Ask::Lines(n) => format!("&limit={n}"),
                Ask::Instant | Ask::Range(_) => String::new(),
            };
            return Some(format!(
                "/select/logsql/query?query={query}&start={}&end={end_ns}{limit}",
                start_ns + 1
            ));
        }
        let query = escape(&self.logql);
        Some(match self.ask {
            Ask::Instant => format!("/loki/api/v1/query?query={query}&time={end_ns}"),
            Ask::Range(step) => format!(
                "/loki/api/v1/query_range?query={query}&start={}&end={end_ns}&step={step}",
                start_ns + step * 1_000_000_000
            ),
            // The end is not part of the range here.
            Ask::Lines(n) => format!(
                "/loki/api/v1/query_range?query={query}&start={}&end={}&limit={n}&direction=backward",
                start_ns + 1,
                end_ns + 1
            ),
        })
    }

    /// The number of lines, or the sum of all values.
    fn number(&self, kind: Kind, body: &[u8]) -> Result<f64> {
        if kind == Kind::VictoriaLogs {
            let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            return match self.ask {
                Ask::Lines(_) => Ok(lines.count() as f64),
                _ => lines
                    .map(|line| {
                        let value: Value = serde_json::from_slice(line)?;
                        value["n"]
                            .as_str()
                            .and_then(|n| n.parse::<f64>().ok())
                            .with_context(|| format!("no number n in {value}"))
                    })
                    .sum(),
            };
        }
        let json: Value = serde_json::from_slice(body)?;
        let result = json["data"]["result"].as_array().context("no result")?;
        let float = |sample: &Value| sample[1].as_str().and_then(|n| n.parse::<f64>().ok());
        let mut sum = 0.0;
        for one in result {
            sum += match self.ask {
                Ask::Lines(_) => one["values"].as_array().map_or(0, Vec::len) as f64,
                Ask::Instant => float(&one["value"]).context("no value")?,
                Ask::Range(_) => one["values"]
                    .as_array()
                    .map_or(0.0, |values| values.iter().filter_map(float).sum()),
            };
        }
        Ok(sum)
    }

    /// Asks once; answers the milliseconds that it took, and the number.
    fn answer(&self, peer: &Peer, client: &mut Client, path: &str) -> Result<(f64, f64)> {
        let begun = Instant::now();
        let response = client.get(path)?;
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        if response.status != 200 {
            let text = String::from_utf8_lossy(&response.body);
            let first: String = text.chars().take(200).collect();
            bail!("answered {}: {first}", response.status);
        }
        Ok((ms, self.number(peer.kind, &response.body)?))
    }
}

/// What a question cost.
#[derive(Default)]
struct Cost {
    wall_ms: Vec<f64>,
    cpu_ms: Vec<f64>,
    number: Option<f64>,
}

/// Asks until there is enough for the kernel's clock ticks of 10 ms.
fn cost(question: &Question, peer: &Peer, path: &str, cost: &mut Cost) -> Result<()> {
    let mut client = Client::new(peer.address);
    // The first one warms, and says how long one takes.
    let (first_ms, number) = question.answer(peer, &mut client, path)?;
    let repeats = ((300.0 / first_ms.max(0.05)) as usize).clamp(1, 1_000);
    let before = peer.cpu_seconds();
    for _ in 0..repeats {
        cost.wall_ms
            .push(question.answer(peer, &mut client, path)?.0);
    }
    cost.cpu_ms
        .push((peer.cpu_seconds() - before) * 1e3 / repeats as f64);
    cost.number = Some(number);
    Ok(())
}

/// Asks all servers all questions in turn and adds two rows for each, and the
/// geometric mean of the ratios.
pub(super) fn ask_all(
    peers: &[Peer],
    questions: &[Question],
    window: Window,
    table: &mut Table,
) -> Result<()> {
    let mut logs = vec![Vec::new(); peers.len()];
    for question in questions {
        let mut costs: Vec<Cost> = peers.iter().map(|_| Cost::default()).collect();
        let mut failed = vec![false; peers.len()];
        for _ in 0..crate::bars::rounds() {
            for ((peer, spent), failed) in peers.iter().zip(&mut costs).zip(&mut failed) {
                let Some(path) = question.path(peer.kind, window) else {
                    continue;
                };
                if *failed {
                    continue;
                }
                if let Err(error) = cost(question, peer, &path, spent) {
                    *failed = true;
                    let name = peer.kind.name();
                    table
                        .notes
                        .push(format!("{}: {name}: {error:#}", question.title));
                }
            }
        }
        let wall: Vec<Option<f64>> = costs.iter().map(|c| median(&c.wall_ms)).collect();
        for (logs, theirs) in logs.iter_mut().zip(&wall) {
            if let (Some(ours), Some(theirs)) = (wall[0], theirs) {
                logs.push((theirs / ours).ln());
            }
        }
        table.row(format!("{}, wall ms", question.title), true, wall);
        table.row(
            "  CPU ms",
            true,
            costs.iter().map(|c| median(&c.cpu_ms)).collect(),
        );
        compare(question, peers, &costs, table);
    }
    for (peer, logs) in peers.iter().zip(&logs).skip(1) {
        let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
        table.notes.push(format!(
            "geometric mean of wall time: {mean:.2}x of {}, over {} questions",
            peer.kind.name(),
            logs.len()
        ));
    }
    Ok(())
}

/// Says what came back where the servers do not agree.
fn compare(question: &Question, peers: &[Peer], costs: &[Cost], table: &mut Table) {
    let (title, tolerance) = (question.title, question.tolerance);
    let answers: Vec<(&str, f64)> = peers
        .iter()
        .zip(costs)
        .filter_map(|(peer, cost)| Some((peer.kind.name(), cost.number?)))
        .collect();
    let Some((_, first)) = answers.first() else {
        return;
    };
    let agree = |n: f64| (n - first).abs() <= tolerance * first.abs().max(n.abs());
    let verdict = if answers.iter().all(|(_, n)| agree(*n)) {
        format!("answered {first}")
    } else {
        let all: Vec<String> = answers.iter().map(|(k, n)| format!("{k} {n}")).collect();
        format!("answers differ: {}", all.join(", "))
    };
    table.notes.push(format!("{title}: {verdict}"));
}
