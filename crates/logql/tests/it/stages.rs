//! Suites of stages: what each does with a line and its labels.

use std::sync::Arc;

use binnacle_logql::ast::{
    CompareOp, Extraction, LabelFilter, LabelFormat, LabelFormatValue, LineFilter, LineOp,
    LineOperand, NamedMatcher, Stage,
};
use binnacle_logql::parse::parse;
use binnacle_logql::stage::{Pipeline, RowLabels};
use binnacle_model::Matcher;
use binnacle_model::event::LogLabels;
use binnacle_model::matcher::MatchOp;
use serde_json::Value;

use crate::suites::{run, suite};

/// Of the suite's label formats.
const LABEL_FORMAT_T_NS: i64 = 1_661_518_453_244_672_570;
/// When the tests run, for `now`.
const NOW_NS: i64 = 1_700_000_000_000_000_000;

pub fn text<'c>(case: &'c Value, key: &str) -> &'c str {
    case[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {case}"))
}

pub fn pairs(value: &Value) -> LogLabels {
    let object = value.as_object().into_iter().flatten();
    LogLabels::from_pairs(object.map(|(n, v)| (n.as_str(), v.as_str().expect("text"))))
}

pub fn row(stream: &Value, metadata: &Value) -> RowLabels {
    let mut labels = RowLabels::default();
    labels.reset(&Arc::new(pairs(stream)));
    for (name, value) in pairs(metadata).iter() {
        labels.add_metadata(name, value);
    }
    labels
}

pub fn pipeline(stages: &[Stage]) -> Result<Pipeline, String> {
    Ok(Pipeline::new(stages)?.at(NOW_NS))
}

pub fn same_labels(got: &LogLabels, want: &Value) -> Result<(), String> {
    let want = pairs(want);
    (*got == want)
        .then_some(())
        .ok_or_else(|| format!("\n    got  {got}\n    want {want}"))
}

pub fn same_line(got: Option<&[u8]>, want: &str) -> Result<(), String> {
    let got = got.map(String::from_utf8_lossy);
    (got.as_deref() == Some(want))
        .then_some(())
        .ok_or_else(|| format!("\n    got  {got:?}\n    want {want:?}"))
}

/// Runs one stage over the case's line; answers the line.
fn run_case(case: &Value, stage: Stage, labels: &mut RowLabels) -> Result<Option<Vec<u8>>, String> {
    let line = text(case, "line").as_bytes();
    let pipeline = pipeline(&[stage])?;
    Ok(pipeline.run(0, line, labels).map(|l| l.into_owned()))
}

fn labels_after(case: &Value, stage: Stage, want: &Value) -> Result<(), String> {
    let mut labels = row(&case["stream_labels"], &case["structured_metadata"]);
    let line = run_case(case, stage, &mut labels)?;
    same_line(line.as_deref(), text(case, "line"))?;
    same_labels(&labels.merged(), want).map_err(|e| format!("{}{e}", text(case, "line")))
}

fn extractions(case: &Value) -> Vec<Extraction> {
    let all = case["expressions"].as_array().expect("expressions");
    all.iter().map(extraction).collect()
}

fn extraction(value: &Value) -> Extraction {
    Extraction {
        label: text(value, "label").to_owned(),
        expression: text(value, "expression").to_owned(),
    }
}

fn refused<T>(result: &Result<T, String>) -> Result<(), String> {
    match result {
        Ok(_) => Err("it should be refused".to_owned()),
        Err(_) => Ok(()),
    }
}

fn logfmt(strict: bool, keep_empty: bool, extractions: Vec<Extraction>) -> Stage {
    Stage::Logfmt {
        strict,
        keep_empty,
        extractions,
    }
}

#[test]
fn json() {
    run("stage_json", &[], |case| {
        labels_after(case, Stage::Json(Vec::new()), &case["labels"])
    });
    run("stage_json_expr", &[], |case| {
        labels_after(case, Stage::Json(extractions(case)), &case["labels"])
    });
    run("stage_json_expr_errors", &[], |case| {
        refused(&Pipeline::new(&[Stage::Json(vec![extraction(
            &case["expression"],
        )])]))
    });
    run("json_path_expr", &[], |case| {
        let expression = Extraction {
            label: "x".to_owned(),
            expression: text(case, "expression").to_owned(),
        };
        let compiled = Pipeline::new(&[Stage::Json(vec![expression])]);
        match (compiled, case["path"].as_array()) {
            (Err(_), None) => Ok(()),
            (Ok(_), None) => Err("it should be refused".to_owned()),
            (Err(why), Some(_)) => Err(why),
            // What a path means shows by what it finds.
            (Ok(pipeline), Some(path)) => {
                let mut value = "1".to_owned();
                for step in path.iter().rev() {
                    value = match step.as_u64() {
                        Some(index) => format!("[{}{value}]", "0,".repeat(index as usize)),
                        None => format!("{{{step}:{value}}}"),
                    };
                }
                let mut labels = RowLabels::default();
                pipeline.run(0, value.as_bytes(), &mut labels);
                (labels.get("x") == Some("1"))
                    .then_some(())
                    .ok_or_else(|| format!("{value}: {}", labels.merged()))
            }
        }
    });
}

#[test]
fn regexp() {
    run("stage_regexp", &[], |case| {
        let stage = Stage::Regexp(text(case, "regexp").to_owned());
        labels_after(case, stage, &case["labels"])
    });
    run("stage_regexp_errors", &[], |case| {
        let compiled = Pipeline::new(&[Stage::Regexp(text(case, "re").to_owned())]);
        if case["wantErr"].as_bool().expect("wantErr") {
            refused(&compiled)
        } else {
            compiled.map(drop)
        }
    });
}

#[test]
fn logfmt_lines() {
    run("stage_logfmt", &[], |case| {
        labels_after(case, logfmt(false, false, Vec::new()), &case["labels"])?;
        let strict = logfmt(true, false, Vec::new());
        labels_after(case, strict, &case["labels_strict"])
    });
    run("stage_logfmt_keep_empty", &[], |case| {
        let keep = case["keep_empty"].as_bool().expect("keep_empty");
        labels_after(case, logfmt(false, keep, Vec::new()), &case["labels"])
    });
    run("stage_logfmt_expr", &[], |case| {
        labels_after(
            case,
            logfmt(false, false, extractions(case)),
            &case["labels"],
        )
    });
    run("logfmt_expr", &[], |case| {
        let expression = Extraction {
            label: "x".to_owned(),
            expression: text(case, "expression").to_owned(),
        };
        let compiled = Pipeline::new(&[logfmt(false, false, vec![expression])]);
        match case["path"].as_array() {
            None => refused(&compiled),
            Some(path) => {
                let line = format!("{}=1", path[0].as_str().expect("a key"));
                let mut labels = RowLabels::default();
                compiled?.run(0, line.as_bytes(), &mut labels);
                (labels.get("x") == Some("1"))
                    .then_some(())
                    .ok_or_else(|| format!("{line}: {}", labels.merged()))
            }
        }
    });
}

#[test]
fn unpack() {
    run("stage_unpack", &[], |case| {
        let mut labels = row(&case["stream_labels"], &case["structured_metadata"]);
        let line = run_case(case, Stage::Unpack, &mut labels)?;
        same_line(line.as_deref(), text(case, "out_line"))?;
        same_labels(&labels.merged(), &case["labels"])
    });
}

/// Names of the captures of a pattern, in order.
fn captures(pattern: &str) -> Vec<&str> {
    let mut names: Vec<&str> = pattern
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(name, _)| name)
        .collect();
    names.retain(|n| *n != "_");
    names
}

#[test]
fn patterns() {
    run("stage_pattern", &[], |case| {
        let stage = Stage::Pattern(text(case, "pattern").to_owned());
        labels_after(case, stage, &case["labels"])
    });
    run("pattern", &[], |case| {
        let pattern = text(case, "pattern");
        let mut labels = RowLabels::default();
        run_case(case, Stage::Pattern(pattern.to_owned()), &mut labels)?;
        let names = captures(pattern);
        for (i, name) in names.iter().enumerate() {
            let want = case["captures"][i].as_str();
            if labels.get(name) != want {
                return Err(format!("{name}: {:?} for {want:?}", labels.get(name)));
            }
        }
        let mut bare = pattern.to_owned();
        for name in names {
            bare = bare.replace(&format!("<{name}>"), "<_>");
        }
        let stage = line_stage(LineOp::Pattern, LineOperand::Text(bare));
        let passes = run_case(case, stage, &mut RowLabels::default())?.is_some();
        (passes == case["matches"].as_bool().expect("matches"))
            .then_some(())
            .ok_or_else(|| format!("{case}: passes: {passes}"))
    });
    run("pattern_errors", &[], |case| {
        let pattern = text(case, "pattern").to_owned();
        let compiled = Pipeline::new(&[match text(case, "fn") {
            "| pattern" => Stage::Pattern(pattern),
            _ => line_stage(LineOp::Pattern, LineOperand::Text(pattern)),
        }]);
        if case["valid"].as_bool().expect("valid") {
            compiled.map(drop)
        } else {
            refused(&compiled)
        }
    });
}

fn line_stage(op: LineOp, operand: LineOperand) -> Stage {
    Stage::Line(LineFilter {
        op,
        any: vec![operand],
    })
}

#[test]
fn line_filters() {
    let lines = suite("line_filter_regex").map(|s| s["fields"]["fixture_lines"].clone());
    run("line_filter_regex", &[], |case| {
        let text = text(case, "regex");
        let positive = case["positive"].as_bool().expect("positive");
        let op = if positive {
            LineOp::Matches
        } else {
            LineOp::NotMatches
        };
        let pipeline = Pipeline::new(&[line_stage(op, LineOperand::Text(text.to_owned()))])?;
        let regex = regex::bytes::Regex::new(text).map_err(|e| e.to_string())?;
        for line in lines.iter().flat_map(|l| l.as_array().expect("lines")) {
            let line = line.as_str().expect("a line").as_bytes();
            let passes = pipeline.run(0, line, &mut RowLabels::default()).is_some();
            if passes != (regex.is_match(line) == positive) {
                return Err(format!("{text}: {line:?} passes: {passes}"));
            }
        }
        Ok(())
    });
    run("ip_filter", &[], |case| {
        let operand = LineOperand::Ip(text(case, "pattern").to_owned());
        let compiled = Pipeline::new(&[line_stage(LineOp::Contains, operand)]);
        if case["fails"].as_bool().expect("fails") {
            return refused(&compiled);
        }
        let pipeline = compiled?;
        let lines = case["lines"].as_array().expect("lines");
        let passing: Vec<u64> = (0_u64..)
            .zip(lines)
            .filter(|(_, line)| {
                let line = line.as_str().expect("a line").as_bytes();
                pipeline.run(0, line, &mut RowLabels::default()).is_some()
            })
            .map(|(i, _)| i)
            .collect();
        let want: Vec<u64> = case["passing_line_indexes"]
            .as_array()
            .expect("indexes")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        (passing == want)
            .then_some(())
            .ok_or_else(|| format!("{case}: {passing:?}"))
    });
}

#[test]
fn addresses() {
    run("ip_label_filter", &[], |case| {
        let pattern = text(case, "pat");
        let fails = case["fail"] == true;
        let (query, row) = if let Some(label) = case["label"].as_str() {
            let op = match text(case, "ty") {
                "==" => "=",
                other => other,
            };
            let labels = serde_json::json!({ label: case["val"] });
            (
                format!("{{a=\"b\"}} | {label} {op} ip({pattern:?})"),
                (labels, String::new()),
            )
        } else {
            // The numbers of the suite: |= != |~ !~
            let op = ["|=", "!=", "|~", "!~"][case["ty"].as_u64().expect("ty") as usize];
            (
                format!("{{a=\"b\"}} {op} ip({pattern:?})"),
                (Value::Null, text(case, "line").to_owned()),
            )
        };
        let compiled = parse(&query).map_err(|e| e.to_string()).and_then(|expr| {
            let binnacle_logql::ast::Expr::Log(log) = expr else {
                return Err("it is no log query".to_owned());
            };
            Pipeline::new(&log.stages)
        });
        if fails {
            return refused(&compiled);
        }
        let mut labels = self::row(&row.0, &Value::Null);
        let passes = compiled?.run(0, row.1.as_bytes(), &mut labels).is_some();
        (passes == case["expectedMatch"].as_bool().expect("expectedMatch"))
            .then_some(())
            .ok_or_else(|| format!("{query}: passes: {passes}"))
    });
}

fn compare_op(text: &str) -> CompareOp {
    match text {
        "==" | "=" => CompareOp::Equal,
        "!=" => CompareOp::NotEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterOrEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessOrEqual,
        other => panic!("{other}"),
    }
}

fn match_op(text: &str) -> MatchOp {
    match text {
        "=" => MatchOp::Equal,
        "!=" => MatchOp::NotEqual,
        "=~" => MatchOp::Regex,
        "!~" => MatchOp::NotRegex,
        other => panic!("{other}"),
    }
}

fn filter(value: &Value) -> LabelFilter {
    for (key, is_and) in [("and", true), ("or", false)] {
        if let Some(sides) = value[key].as_array() {
            let (a, b) = (Box::new(filter(&sides[0])), Box::new(filter(&sides[1])));
            return if is_and {
                LabelFilter::And(a, b)
            } else {
                LabelFilter::Or(a, b)
            };
        }
    }
    let name = text(value, "label").to_owned();
    let op = text(value, "op");
    if let Some(want) = value["string"].as_str() {
        return LabelFilter::Text(Matcher::new(name, match_op(op), want).expect("a matcher"));
    }
    let op = compare_op(op);
    if let Some(value) = value["number"].as_f64() {
        return LabelFilter::Number { name, op, value };
    }
    if let Some(value) = value["bytes"].as_u64() {
        return LabelFilter::Bytes {
            name,
            op,
            text: String::new(),
            value,
        };
    }
    LabelFilter::Duration {
        name,
        op,
        text: String::new(),
        value_ns: value["duration_ns"].as_i64().expect("a filter"),
    }
}

fn passes(filter: LabelFilter, labels: &mut RowLabels) -> Result<bool, String> {
    let pipeline = Pipeline::new(&[Stage::Filter(filter)])?;
    Ok(pipeline.run(0, b"line", labels).is_some())
}

fn is_as(got: bool, want: &Value) -> Result<(), String> {
    (Some(got) == want.as_bool())
        .then_some(())
        .ok_or_else(|| format!("passes: {got}"))
}

#[test]
fn label_filters() {
    run("label_filter", &[], |case| {
        let mut labels = row(&case["labels"], &Value::Null);
        let got = passes(filter(&case["filter"]), &mut labels)?;
        is_as(got, &case["pass"])?;
        match case.get("labels_after") {
            Some(want) => same_labels(&labels.merged(), want),
            None => Ok(()),
        }
    });
    run("label_filter_bytes", &[], |case| {
        let value = serde_json::json!({ "bar": case["label"] });
        let mut labels = row(&value, &Value::Null);
        let filter = LabelFilter::Bytes {
            name: "bar".to_owned(),
            op: CompareOp::Equal,
            text: String::new(),
            value: case["expectedBytes"].as_u64().expect("bytes"),
        };
        is_as(passes(filter, &mut labels)?, &case["want"])?;
        (labels.get("bar") == case["wantLabel"].as_str())
            .then_some(())
            .ok_or_else(|| labels.merged().to_string())
    });
    run("label_filter_errors", &[], |case| {
        let mut labels = row(&case["lbs"], &Value::Null);
        labels.set_error(text(case, "err"), "");
        is_as(passes(filter(&case["f"]), &mut labels)?, &case["want"])?;
        same_labels(&labels.merged(), &case["wantLbs"])
    });
}

fn named(value: &Value) -> Vec<NamedMatcher> {
    let one = |v: &Value| match v["Matcher"].as_object() {
        None => NamedMatcher::Name(text(v, "Name").to_owned()),
        Some(_) => {
            let m = &v["Matcher"];
            let op = match_op(text(m, "type"));
            let matcher = Matcher::new(text(m, "name"), op, text(m, "value"));
            NamedMatcher::Matcher(matcher.expect("a matcher"))
        }
    };
    value.as_array().expect("labels").iter().map(one).collect()
}

#[test]
fn drop_and_keep() {
    run("drop_labels", &[], |case| {
        let mut labels = row(&case["lbs"], &Value::Null);
        labels.set_error(text(case, "err"), text(case, "errDetails"));
        pipeline(&[Stage::Drop(named(&case["dropLabels"]))])?.run(0, b"", &mut labels);
        same_labels(&labels.merged(), &case["want"])
    });
    run("keep_labels", &[], |case| {
        let mut labels = row(&case["lbs"], &Value::Null);
        pipeline(&[Stage::Keep(named(&case["keepLabels"]))])?.run(0, b"", &mut labels);
        same_labels(&labels.merged(), &case["want"])
    });
    run("sanitize_label", &[], |case| {
        let got = binnacle_logql::stage::sanitize(text(case, "key"));
        (got == text(case, "want")).then_some(()).ok_or(got)
    });
}

#[test]
fn formats() {
    run("stage_line_format", &[], |case| {
        let mut labels = row(&case["labels"], &Value::Null);
        let pipeline = pipeline(&[Stage::LineFormat(text(case, "template").to_owned())])?;
        let t_ns = case["ts_ns"].as_i64().expect("ts_ns");
        let line = pipeline.run(t_ns, text(case, "line").as_bytes(), &mut labels);
        same_line(line.as_deref(), text(case, "out_line"))?;
        same_labels(&labels.merged(), &case["out_labels"])
    });
    run("stage_label_format", &[], |case| {
        let mut labels = row(&case["labels"], &Value::Null);
        let formats = case["formats"].as_array().expect("formats").iter();
        let formats = formats.map(|f| LabelFormat {
            label: text(f, "label").to_owned(),
            value: match f["rename_from"].as_str() {
                Some(from) => LabelFormatValue::Rename(from.to_owned()),
                None => LabelFormatValue::Template(text(f, "template").to_owned()),
            },
        });
        let pipeline = pipeline(&[Stage::LabelFormat(formats.collect())])?;
        pipeline.run(LABEL_FORMAT_T_NS, b"test line", &mut labels);
        same_labels(&labels.merged(), &case["out_labels"])
    });
    run("template_functions", &[], |case| {
        let number = |key: &str| case[key].as_i64().expect("a number");
        let call = match text(case, "fn") {
            "trunc" => format!("trunc {}", number("c")),
            "AlignLeft" => format!("alignLeft {}", number("c")),
            "AlignRight" => format!("alignRight {}", number("c")),
            "substring" => format!("substr {} {}", number("start"), number("end")),
            other => panic!("{other}"),
        };
        let template = format!("{{{{ {call} __line__ }}}}");
        let pipeline = pipeline(&[Stage::LineFormat(template)])?;
        let mut labels = RowLabels::default();
        let line = pipeline.run(0, text(case, "s").as_bytes(), &mut labels);
        same_line(line.as_deref(), text(case, "want"))
    });
    run("decolorize", &[], |case| {
        let src = text(case, "src").as_bytes();
        let mut labels = RowLabels::default();
        let pipeline = pipeline(&[Stage::Decolorize])?;
        let line = pipeline.run(0, src, &mut labels);
        same_line(line.as_deref(), text(case, "expected"))
    });
    run("line_format_required_labels", &[], |case| {
        let stage = Stage::LineFormat(text(case, "fmt").to_owned());
        let got = pipeline(&[stage])?.required_labels();
        let want: Vec<&str> = case["want"]
            .as_array()
            .expect("names")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        (got == want)
            .then_some(())
            .ok_or_else(|| format!("{got:?}"))
    });
}
