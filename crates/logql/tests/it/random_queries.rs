//! Random queries over random lines: with columns, unknown values and conditions that are
//! applied or not, the answer is that of the plainest evaluation to the last bit.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_logql::ast::Expr;
use binnacle_logql::eval::{EvalOptions, evaluate};
use binnacle_logql::parse::parse;
use binnacle_logql::stage::{Pipeline, RowLabels};
use binnacle_model::Labels;
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{Direction, LogsTime, LogsValue};
use binnacle_model::event::select::Parser;
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::matcher::all_match;

use crate::columns::{Event, Random, Store};
use crate::naive::{Naive, Series, Steps};

const SECOND_NS: i64 = 1_000_000_000;
const SPAN_S: usize = 120;

fn value(random: &mut Random, name: &str) -> serde_json::Value {
    use serde_json::json;
    match name {
        "status" if random.one_in(12) => json!("teapot"),
        "status" => json!(200 + 100 * random.below(4)),
        "dur" => match random.below(8) {
            0 => json!(random.below(50)),
            1 => json!("12ms"),
            2 => json!(""),
            3 => serde_json::Value::Null,
            _ => json!(random.below(100_000) as f64 / 100.0),
        },
        "user" => json!(format!("u{}", random.below(9))),
        "level" => json!(random.pick(&["info", "error", ""])),
        _ => json!(format!("/p/{}", random.below(30))),
    }
}

fn json_line(random: &mut Random) -> (String, Vec<(String, String)>) {
    let mut object = serde_json::Map::new();
    let mut pairs = Vec::new();
    for name in ["status", "dur", "user", "level", "path", "app"] {
        if random.one_in(4) {
            continue;
        }
        let value = value(random, name);
        match &value {
            serde_json::Value::String(text) => pairs.push((name.to_owned(), text.clone())),
            serde_json::Value::Null => {}
            other => pairs.push((name.to_owned(), other.to_string())),
        }
        object.insert(name.to_owned(), value);
    }
    if random.one_in(3) {
        let inner = random.below(5);
        object.insert("a".to_owned(), serde_json::json!({ "b": inner }));
        pairs.push(("a_b".to_owned(), inner.to_string()));
    }
    (serde_json::Value::Object(object).to_string(), pairs)
}

fn logfmt_line(random: &mut Random) -> (String, Vec<(String, String)>) {
    let mut pairs = Vec::new();
    for name in ["status", "dur", "user", "level", "app"] {
        if random.one_in(4) {
            continue;
        }
        let value = match value(random, name) {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => continue,
            other => other.to_string(),
        };
        pairs.push((name.to_owned(), value));
    }
    let parts: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    (parts.join(" "), pairs)
}

fn event(random: &mut Random) -> Event {
    let app = random.pick(&["a", "b", "c"]);
    let mut labels = vec![("app", app), ("pod", random.pick(&["0", "1"]))];
    if app == "c" {
        labels.push(("status", "of the stream"));
    }
    let mut metadata = Vec::new();
    for name in ["level", "user", "trace"] {
        if random.one_in(6) {
            metadata.push((name, format!("m{}", random.below(3))));
        }
    }
    let (line, parsed) = match random.below(10) {
        0..=5 => {
            let (line, pairs) = json_line(random);
            (line, Some((Parser::Json, pairs)))
        }
        6 | 7 => {
            let (line, pairs) = logfmt_line(random);
            // An empty value depends on the parser's flags.
            let is_sure = pairs.iter().all(|(_, v)| !v.is_empty());
            (line, is_sure.then_some((Parser::Logfmt, pairs)))
        }
        8 => (json_line(random).0[1..].to_owned(), None),
        _ => ("plain text of u1".to_owned(), None),
    };
    Event {
        labels: Labels::from_pairs(labels),
        t_ns: random.below(SPAN_S) as i64 * SECOND_NS + random.below(3) as i64,
        line,
        metadata: LogLabels::from_pairs(metadata),
        parsed,
    }
}

fn store(seed: u64) -> Store {
    let mut random = Random::new(seed);
    let count = 1 + random.below(300);
    let mut units = vec![Vec::new(); 1 + random.below(8)];
    for _ in 0..count {
        let event = event(&mut random);
        let unit = random.below(units.len());
        units[unit].push(event);
    }
    for unit in &mut units {
        unit.sort_by(|a: &Event, b| (&a.labels, a.t_ns).cmp(&(&b.labels, b.t_ns)));
    }
    Store { units, seed }
}

fn stages(random: &mut Random) -> String {
    const PARSERS: &[&str] = &[
        "",
        "| json",
        "| json",
        "| json",
        "| logfmt",
        "| logfmt --keep-empty",
        "| json status=\"status\", dur=\"dur\"",
        "| json who=\"user\", in=\"a.b\"",
        "| json user=\"user\", level=\"level\"",
        "| json | logfmt",
        "| pattern `<_> <level> <_>`",
        "| label_format status=`x` | json",
    ];
    const FILTERS: &[&str] = &[
        "| status >= 300",
        "| status = \"200\"",
        "| status != \"\"",
        "| level = \"error\"",
        "| level =~ \"err.*|m1\"",
        "| user = \"u1\"",
        "| user != \"u1\"",
        "| dur > 10",
        "| dur < 5s",
        "| status >= 300 and user = \"u2\" or level = \"info\"",
        "| path =~ \"/p/1.*\", status < 500",
        "| who = \"u3\"",
        "| app = \"a\"",
        "| __error__ = \"\"",
        "| __error__ = \"\"",
        "| drop __error__, __error_details__",
        "| drop status",
        "| keep app, user, status",
        "| label_format s=status, user=`{{.user}}!`",
        "| line_format `{{.user}} said it`",
        "|= \"u1\"",
        "!= \"teapot\"",
        "|~ \"u[1-4]\"",
        "| trace = \"m1\"",
        "| user_extracted = \"u1\"",
    ];
    let mut text = String::new();
    for _ in 0..random.below(2) {
        text += random.pick(FILTERS);
        text.push(' ');
    }
    text += random.pick(PARSERS);
    text.push(' ');
    for _ in 0..random.below(3) {
        text += random.pick(FILTERS);
        text.push(' ');
    }
    if random.one_in(2) {
        text += "| __error__=\"\" ";
    }
    text
}

fn grouping(random: &mut Random) -> String {
    const NAMES: &[&str] = &[
        "app",
        "status",
        "user",
        "level",
        "path",
        "a_b",
        "who",
        "dur",
        "user_extracted",
        "app_extracted",
        "nope",
        "__error__",
    ];
    let names: Vec<&str> = (0..random.below(3)).map(|_| random.pick(NAMES)).collect();
    let word = if random.one_in(6) { "without" } else { "by" };
    format!("{word} ({})", names.join(", "))
}

fn range(random: &mut Random, has_grouping: bool) -> String {
    let selector = random.pick(&[
        "{app=~\".+\"}",
        "{app=\"a\"}",
        "{app=~\"a|c\"}",
        "{pod=\"1\"}",
    ]);
    let stages = stages(random);
    let width = random.pick(&["10s", "30s", "120s", "7s"]);
    let offset = if random.one_in(8) { " offset 5s" } else { "" };
    if random.one_in(2) {
        let op = random.pick(&["count_over_time", "rate", "bytes_over_time", "bytes_rate"]);
        return format!("{op}({selector} {stages}[{width}]{offset})");
    }
    let op = random.pick(&[
        "sum_over_time(",
        "avg_over_time(",
        "min_over_time(",
        "max_over_time(",
        "stddev_over_time(",
        "stdvar_over_time(",
        "first_over_time(",
        "last_over_time(",
        "quantile_over_time(0.9, ",
        "quantile_over_time(0.5, ",
        "rate(",
        "rate_counter(",
    ]);
    let unwrap = random.pick(&[
        "| unwrap dur",
        "| unwrap status",
        "| unwrap status",
        "| unwrap duration(dur)",
        "| unwrap dur | __error__=\"\"",
        "| unwrap dur | __error__=\"\"",
        "| unwrap dur | dur > 3",
    ]);
    let own = match op {
        _ if !has_grouping => String::new(),
        "sum_over_time(" | "rate(" | "rate_counter(" => String::new(),
        _ => grouping(random),
    };
    format!("{op}{selector} {stages}{unwrap} [{width}]{offset}) {own}")
}

fn query(random: &mut Random) -> String {
    match random.below(6) {
        0 => range(random, true),
        1 | 2 => format!("sum {} ({})", grouping(random), range(random, false)),
        3 => {
            let op = random.pick(&["count", "max", "min", "avg", "stddev", "sum"]);
            let inner = format!("sum {} ({})", grouping(random), range(random, false));
            format!("{op}({inner})")
        }
        4 => {
            let op = random.pick(&["topk(2, ", "bottomk(3, ", "topk(50, "]);
            let inner = format!("sum {} ({})", grouping(random), range(random, false));
            format!("{op}{inner})")
        }
        _ => {
            let op = random.pick(&["sum", "avg", "max", "count"]);
            let inner = range(random, true);
            format!("{op} {} ({inner})", grouping(random))
        }
    }
}

fn got(value: LogsValue, steps: &Steps) -> Series {
    let mut series = Series::new();
    match value {
        LogsValue::Vector(elements) => {
            for (labels, (_, value)) in elements {
                series.insert(labels, vec![Some(value)]);
            }
        }
        LogsValue::Matrix(all) => {
            for (labels, points) in all {
                let mut values = vec![None; steps.count];
                for (t_ms, value) in points {
                    let i = (t_ms * 1_000_000 - steps.start_ns) / steps.step_ns;
                    values[i as usize] = Some(value);
                }
                series.insert(labels, values);
            }
        }
        other => panic!("{other:?}"),
    }
    series
}

/// To the last bit.
fn bits(series: &Series) -> BTreeMap<String, Vec<Option<u64>>> {
    series
        .iter()
        .filter(|(_, values)| values.iter().any(Option::is_some))
        .map(|(labels, values)| {
            let bits = values.iter().map(|v| v.map(f64::to_bits)).collect();
            (labels.to_string(), bits)
        })
        .collect()
}

fn options(threads: usize) -> EvalOptions {
    EvalOptions {
        threads,
        ..EvalOptions::default()
    }
}

#[test]
fn metric_queries() {
    let (mut answered, mut refused) = (0, 0);
    for seed in 0..1_200 {
        let mut random = Random::new(seed);
        let store = store(seed / 10);
        let text = query(&mut random);
        let Ok(expr) = parse(&text) else {
            refused += 1;
            continue;
        };
        let is_instant = random.one_in(3);
        let steps = Steps {
            start_ns: (10 + random.below(110)) as i64 * SECOND_NS,
            step_ns: (1 + random.below(40)) as i64 * SECOND_NS,
            count: if is_instant { 1 } else { 1 + random.below(9) },
        };
        let time = if is_instant {
            LogsTime::Instant {
                at_ns: steps.start_ns,
            }
        } else {
            LogsTime::Range {
                start_ns: steps.start_ns,
                end_ns: steps.at(steps.count - 1),
                step_ns: steps.step_ns,
                interval_ns: 0,
            }
        };
        let naive = Naive {
            store: &store,
            steps,
        };
        let want = naive.answer(&expr);
        for threads in [1, 3] {
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let answer = evaluate(
                &expr,
                time,
                100,
                Direction::Backward,
                &store,
                &options(threads),
                &meter,
            );
            match (&want, answer) {
                (Ok(want), Ok((value, ..))) => {
                    let got = got(value, &steps);
                    assert_eq!(bits(&got), bits(want), "seed {seed}: {text} {steps:?}");
                    answered += usize::from(!want.is_empty());
                }
                (Err(_), Err(_)) => {}
                (want, got) => panic!("seed {seed}: {text} {steps:?}\n{want:?}\n{got:?}"),
            }
        }
    }
    assert!(answered > 600 && refused < 100, "{answered} {refused}");
}

#[test]
fn log_queries() {
    let mut found = 0;
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let store = store(seed / 10);
        let text = format!("{{app=~\".+\"}} {}", stages(&mut random));
        let Ok(expr @ Expr::Log(_)) = parse(&text) else {
            continue;
        };
        let Expr::Log(log) = &expr else { continue };
        let (start_ns, end_ns) = (10 * SECOND_NS, 90 * SECOND_NS);
        let pipeline = Pipeline::new(&log.stages).expect("a pipeline");
        let mut want = Vec::new();
        let mut labels = RowLabels::default();
        for event in store.units.iter().flatten() {
            let is_in = event.t_ns >= start_ns && event.t_ns < end_ns;
            if !is_in || !all_match(&log.matchers, &event.labels) {
                continue;
            }
            labels.reset(&Arc::new(LogLabels::from(&event.labels)));
            for (name, value) in event.metadata.iter() {
                labels.add_metadata(name, value);
            }
            if let Some(line) = pipeline.run(event.t_ns, event.line.as_bytes(), &mut labels) {
                want.push((event.t_ns, labels.merged(), line.into_owned()));
            }
        }
        want.sort();
        let (limit, backward) = (1 + random.below(60), random.one_in(2));
        let time = LogsTime::Range {
            start_ns,
            end_ns,
            step_ns: SECOND_NS,
            interval_ns: 0,
        };
        let direction = match backward {
            true => Direction::Backward,
            false => Direction::Forward,
        };
        let mut answers = Vec::new();
        for threads in [1, 4] {
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let options = options(threads);
            let answer = evaluate(&expr, time, limit, direction, &store, &options, &meter);
            let Ok((LogsValue::Streams(streams), ..)) = answer else {
                panic!("{text}: {answer:?}");
            };
            answers.push(streams);
        }
        assert_eq!(answers[0], answers[1], "seed {seed}: {text}");
        let mut got = Vec::new();
        for stream in &answers[0] {
            for entry in &stream.entries {
                got.push((entry.t_ns, stream.labels.clone(), entry.line.clone()));
            }
        }
        got.sort();
        found += got.len();
        let times = |of: &[(i64, LogLabels, Vec<u8>)]| of.iter().map(|l| l.0).collect::<Vec<_>>();
        let kept = match backward {
            true => &want[want.len().saturating_sub(limit)..],
            false => &want[..want.len().min(limit)],
        };
        assert_eq!(times(&got), times(kept), "seed {seed}: {text}");
        // Of lines of one time any may be those within the limit.
        let mut all = want.iter();
        assert!(
            got.iter().all(|g| all.any(|w| w == g)),
            "seed {seed}: {text}"
        );
    }
    assert!(found > 2_000, "{found}");
}
