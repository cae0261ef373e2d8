//! What stops a query, and what does not.

use std::sync::Arc;

use binnacle_logql::eval::{EvalError, EvalOptions, evaluate};
use binnacle_logql::parse::parse;
use binnacle_model::Labels;
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{Direction, LogsTime, LogsValue};
use binnacle_model::event::select::Parser;
use binnacle_model::limits::{Meter, QueryLimits, Stopped};

use crate::columns::{Event, Store};

const IDS: i64 = 5_000;

/// Lines with as many ids, of which id 7 comes twice and id 8 three times.
fn store() -> Store {
    let event = |t_ns: i64, id: i64| Event {
        labels: Labels::from_pairs([("app", "a")]),
        t_ns,
        line: format!("{{\"id\":\"x{id}\",\"n\":{id}}}"),
        metadata: LogLabels::default(),
        parsed: Some((
            Parser::Json,
            vec![
                ("id".to_owned(), format!("x{id}")),
                ("n".to_owned(), id.to_string()),
            ],
        )),
    };
    let mut all: Vec<Event> = (0..IDS).map(|id| event(id, id)).collect();
    all.extend([7, 8, 8].map(|id| event(IDS + id, id)));
    let units = all.chunks(500).map(<[Event]>::to_vec).collect();
    Store { units, seed: 1 }
}

fn ask(query: &str, series_max: usize, limits: QueryLimits) -> Result<LogsValue, EvalError> {
    let meter = Arc::new(Meter::new(limits));
    ask_with(query, series_max, &meter)
}

fn ask_with(query: &str, series_max: usize, meter: &Arc<Meter>) -> Result<LogsValue, EvalError> {
    let expr = parse(query).expect("a query");
    let options = EvalOptions {
        threads: 2,
        series_max,
        ..EvalOptions::default()
    };
    let time = LogsTime::Instant { at_ns: 2 * IDS };
    let answer = evaluate(
        &expr,
        time,
        100,
        Direction::Backward,
        &store(),
        &options,
        meter,
    );
    answer.map(|(value, ..)| value)
}

fn numbers(value: LogsValue) -> Vec<(String, f64)> {
    let LogsValue::Vector(elements) = value else {
        panic!("{value:?}");
    };
    let element = |(labels, (_, value)): (LogLabels, (i64, f64))| (labels.to_string(), value);
    elements.into_iter().map(element).collect()
}

#[test]
fn series_are_limited_in_the_answer_alone() {
    let by_id = "sum by (id) (count_over_time({app=\"a\"} | json [1m]))";
    let asked = |query: &str| ask(query, 100, QueryLimits::default());
    for query in [by_id, "count_over_time({app=\"a\"} | json [1m])"] {
        let Err(EvalError::Execution { message }) = asked(query) else {
            panic!("{query} is answered");
        };
        assert!(
            message.contains("maximum number of series (100)"),
            "{message}"
        );
    }
    let count = asked(&format!("count({by_id})")).expect("an answer");
    assert_eq!(numbers(count), [("{}".to_owned(), IDS as f64)]);
    for op in ["topk", "approx_topk"] {
        let best = asked(&format!("{op}(2, {by_id})")).expect("an answer");
        let want = [
            (r#"{id="x8"}"#.to_owned(), 3.0),
            (r#"{id="x7"}"#.to_owned(), 2.0),
        ];
        assert_eq!(numbers(best), want);
    }
    let many = asked(&format!("topk(101, {by_id})"));
    assert!(matches!(many, Err(EvalError::Execution { .. })));
    let all = ask(by_id, IDS as usize, QueryLimits::default()).expect("an answer");
    assert_eq!(numbers(all).len(), IDS as usize);
}

#[test]
fn the_meter_stops_queries() {
    let by_id = "count(sum by (id) (count_over_time({app=\"a\"} | json [1m])))";
    let values = "quantile_over_time(0.5, {app=\"a\"} | json | unwrap n [1m]) by (app)";
    let stopped_by = |query: &str, limits: QueryLimits| match ask(query, 100, limits) {
        Err(EvalError::Stopped(Stopped::Limit { what, .. })) => what,
        other => panic!("{query}: {other:?}"),
    };
    let memory = QueryLimits {
        memory_bytes_max: 100_000,
        ..QueryLimits::default()
    };
    assert_eq!(stopped_by(by_id, memory.clone()), "bytes");
    let lines = ask("{app=\"a\"}", 100, memory).expect("the limit of lines is enough");
    assert!(matches!(lines, LogsValue::Streams(_)));
    let samples = QueryLimits {
        samples_max: 1_000,
        ..QueryLimits::default()
    };
    assert_eq!(stopped_by(values, samples.clone()), "samples");
    // Counts keep no rows.
    assert!(ask(by_id, 100, samples).is_ok());
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    meter.cancel();
    for query in [by_id, values, "{app=\"a\"}"] {
        let stopped = ask_with(query, 100, &meter);
        assert_eq!(stopped, Err(EvalError::Stopped(Stopped::Canceled)));
    }
}

#[test]
fn approximate_ranks_are_for_one_time() {
    let expr = parse("approx_topk(2, sum by (id) (count_over_time({app=\"a\"} | json [1m])))");
    let time = LogsTime::Range {
        start_ns: 0,
        end_ns: 100,
        step_ns: 10,
        interval_ns: 0,
    };
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let answer = evaluate(
        &expr.expect("a query"),
        time,
        100,
        Direction::Backward,
        &store(),
        &EvalOptions::default(),
        &meter,
    );
    assert!(
        matches!(answer, Err(EvalError::BadData { .. })),
        "{answer:?}"
    );
}
