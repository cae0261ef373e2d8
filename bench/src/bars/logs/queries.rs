//! L3 and the questions of L5: what is asked of an hour of logs.

use anyhow::Result;

use super::question::{Ask, Question, Window, ask_all};
use super::{kinds, push_made, scale};
use crate::bars::now_ms;
use crate::logs_workload::{Load, Shape};
use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

/// The applications that write JSON.
const JSON: &str = "app=~\"gateway|catalog|cart|accounts\"";
/// All of them.
const ALL: &str = "{app=~\".+\"}";

/// The ten questions. `range` is the time that they are asked about, `step` the
/// seconds of the one question that is asked over time.
pub(super) fn ten(shape: Shape, needle: &str, range: &str, step: i64) -> Vec<Question> {
    let question = |title, ask, logql: String, logsql: String| Question {
        title,
        ask,
        logql,
        logsql: Some(logsql),
        tolerance: 0.0,
    };
    let (app, pod) = (shape.app_of(0), shape.pod(0));
    vec![
        question(
            "trace id",
            Ask::Lines(1_000),
            format!("{ALL} |= \"{needle}\""),
            format!("\"{needle}\" or trace_id:\"{needle}\""),
        ),
        question(
            "rare word",
            Ask::Lines(1_000),
            format!("{ALL} |= \"OOMKilled\""),
            "OOMKilled".to_owned(),
        ),
        question(
            "count by app",
            Ask::Instant,
            format!("sum by (app) (count_over_time({ALL}[{range}]))"),
            "* | stats by (app) count() n".to_owned(),
        ),
        question(
            "phrase over time",
            Ask::Range(step),
            format!("sum(count_over_time({ALL} |= \"connection refused\" [{step}s]))"),
            format!(
                "\"connection refused\" or error:\"connection refused\" | stats by (_time:{step}s) count() n"
            ),
        ),
        question(
            "regular expression",
            Ask::Instant,
            format!("sum(count_over_time({ALL} |~ \"timeout after [0-9]{{4,}}ms\" [{range}]))"),
            "_msg:~\"timeout after [0-9]{4,}ms\" or error:~\"timeout after [0-9]{4,}ms\" | stats count() n"
                .to_owned(),
        ),
        question(
            "newest 100 of a stream",
            Ask::Lines(100),
            format!("{{app=\"{app}\", pod=\"{pod}\"}}"),
            format!("{{app=\"{app}\",pod=\"{pod}\"}}"),
        ),
        Question {
            tolerance: 0.05,
            ..question(
                "p99 of a JSON field",
                Ask::Instant,
                format!(
                    "quantile_over_time(0.99, {{{JSON}}} | json duration_ms=\"duration_ms\" | unwrap duration_ms [{range}]) by (app)"
                ),
                format!("{{{JSON}}} | stats by (app) quantile(0.99, duration_ms) n"),
            )
        },
        question(
            "dense count",
            Ask::Instant,
            format!("sum(count_over_time({ALL} |= \"GET\" [{range}]))"),
            "GET or method:GET | stats count() n".to_owned(),
        ),
        question(
            "top 10 of a field",
            Ask::Instant,
            format!(
                "topk(10, sum by (path) (count_over_time({{{JSON}}} | json path=\"path\" [{range}])))"
            ),
            format!("{{{JSON}}} | top 10 by (path) hits as n"),
        ),
        question(
            "distinct trace ids",
            Ask::Instant,
            format!(
                "count(sum by (trace_id) (count_over_time({{{JSON}}} | json trace_id=\"trace_id\" [{range}])))"
            ),
            format!("{{{JSON}}} | stats count_uniq(trace_id) n"),
        ),
    ]
}

/// Filters on what lines hold, with labels: what Loki has no index for.
fn filters(range: &str) -> Vec<Question> {
    let question = |title, ask, logql: String| Question {
        title,
        ask,
        logql,
        logsql: None,
        tolerance: 0.0,
    };
    vec![
        question(
            "regular expression and labels",
            Ask::Instant,
            format!(
                "sum by (app) (count_over_time({{namespace=\"shop\"}} |~ \"(timeout|deadline).*(redis|postgres)\" [{range}]))"
            ),
        ),
        question(
            "json: status and duration",
            Ask::Instant,
            format!(
                "sum by (app) (count_over_time({{{JSON}}} | json | status >= 500 | duration_ms > 100 [{range}]))"
            ),
        ),
        question(
            "json: lines of one user",
            Ask::Lines(1_000),
            format!("{{{JSON}}} | json | user_id=\"u10038000\""),
        ),
        question(
            "json: count by status",
            Ask::Instant,
            format!("sum by (status) (count_over_time({{{JSON}}} | json [{range}]))"),
        ),
        question(
            "logfmt: errors by caller",
            Ask::Instant,
            format!(
                "sum by (caller) (count_over_time({{app=~\"payments|inventory|shipping\"}} | logfmt | level=\"error\" [{range}]))"
            ),
        ),
        question(
            "pattern: requests by status",
            Ask::Instant,
            format!(
                "sum by (status) (count_over_time({{app=\"ingress\"}} | pattern `<_> \"<method> <path> <_>\" <status> <_>` [{range}]))"
            ),
        ),
    ]
}

pub fn l3() -> Result<Table> {
    let shape = Shape::hour(now_ms(), scale());
    let load = Load::new(shape)?;
    measure(
        &Kind::LOGS,
        shape,
        &load,
        &ten(shape, &load.needle, "1h", 60),
    )
}

pub fn l5() -> Result<Table> {
    let shape = Shape::hour(now_ms(), scale());
    let load = Load::new(shape)?;
    measure(&[Kind::Binnacle, Kind::Loki], shape, &load, &filters("1h"))
}

fn measure(wanted: &[Kind], shape: Shape, load: &Load, questions: &[Question]) -> Result<Table> {
    let mut table = Table::default();
    let mut peers = Vec::new();
    for kind in kinds(&mut table, wanted)? {
        let peer = Peer::start(kind, &Options::default())?;
        push_made(&peer, &load.requests)?;
        let peer = peer.flushed()?;
        peers.push(peer);
    }
    let window = Window {
        start_ns: shape.end_ns - shape.span_ns,
        end_ns: shape.end_ns,
    };
    ask_all(&peers, questions, window, &mut table)?;
    Ok(table)
}
