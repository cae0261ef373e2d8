//! Test files as they are written: what promtool reads, read to the letter.

use std::path::{Path, PathBuf};

use binnacle_config::reader::{Context, Placed, Reader, read_file};
use binnacle_config::{ConfigErrors, glob, source, yaml};
use binnacle_model::{Labels, duration};
use binnacle_promql::parse::{
    SeriesDescription, SeriesValue, parse_metric, parse_series_description,
};

use super::moment;
use crate::file::Language;

/// Time between evaluations when the file says nothing.
const INTERVAL_MS: i64 = 60_000;

/// A test file.
#[derive(Debug)]
pub(super) struct TestFile {
    /// The rule files that its patterns name.
    pub(super) rule_files: Vec<PathBuf>,
    /// Patterns that match nothing, and other oddities.
    pub(super) warnings: Vec<String>,
    pub(super) evaluation_interval_ms: i64,
    /// Groups that are evaluated in this order.
    pub(super) group_eval_order: Vec<String>,
    /// Whether values that differ in the last bit are the same.
    pub(super) fuzzy_compare: bool,
    pub(super) tests: Vec<TestGroup>,
}

/// Series and lines, and what rules make of them.
#[derive(Debug)]
pub(super) struct TestGroup {
    pub(super) name: String,
    /// Time between the values of input series.
    pub(super) interval_ms: i64,
    pub(super) start_ms: i64,
    pub(super) input_series: Vec<InputSeries>,
    pub(super) input_logs: Vec<InputStream>,
    pub(super) alerts: Vec<AlertTest>,
    pub(super) expressions: Vec<ExpressionTest>,
    pub(super) external_labels: Labels,
    pub(super) external_url: String,
}

/// A series as it is written; read when its test runs, so that one bad test does
/// not keep the others from running.
#[derive(Debug)]
pub(super) struct InputSeries {
    pub(super) series: String,
    pub(super) values: String,
}

/// Lines of a stream.
#[derive(Debug)]
pub(super) struct InputStream {
    /// Its labels as they are written; read when its test runs.
    pub(super) stream: String,
    pub(super) lines: Vec<InputLine>,
}

/// A line that comes once or more often.
#[derive(Debug)]
pub(super) struct InputLine {
    /// When it comes first, after the start of the test.
    pub(super) at_ms: i64,
    pub(super) line: String,
    pub(super) structured_metadata: Vec<(String, String)>,
    /// How often it comes.
    pub(super) repeat: u64,
    /// Time between two of them; 0: the interval of the test.
    pub(super) every_ms: i64,
}

/// Which alerts fire at a time.
#[derive(Debug)]
pub(super) struct AlertTest {
    pub(super) eval_time_ms: i64,
    pub(super) alertname: String,
    pub(super) expected: Vec<Expected>,
}

/// An alert, as far as the rule makes it.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(String, String)>,
}

/// What an expression comes to at a time.
#[derive(Debug)]
pub(super) struct ExpressionTest {
    pub(super) language: Language,
    pub(super) expr: String,
    pub(super) eval_time_ms: i64,
    pub(super) expected: Vec<ExpectedSample>,
}

/// A sample as it is written.
#[derive(Debug)]
pub(super) struct ExpectedSample {
    pub(super) labels: String,
    pub(super) value: f64,
    /// A native histogram; when there is one, the value is not looked at.
    pub(super) histogram: String,
}

/// Reads a test file.
pub(super) fn read(path: &Path) -> Result<TestFile, ConfigErrors> {
    let text = source::read(path)?;
    let root = yaml::parse(path, &text)?;
    let context = Context::new(path);
    let (file, _) = read_file(&context, root.as_deref(), |r| test_file(r, path));
    match ConfigErrors::of(context.take_errors()) {
        Some(errors) => Err(errors),
        None => Ok(file),
    }
}

fn test_file(r: &mut Reader<'_>, path: &Path) -> TestFile {
    let dir = path.parent().unwrap_or(Path::new(""));
    let mut warnings = Vec::new();
    let mut rule_files = Vec::new();
    for pattern in r.texts("rule_files") {
        let found = glob::expand(&dir.join(&pattern.value));
        if found.is_empty() {
            warnings.push(format!("no file matches the pattern {:?}", pattern.value));
        }
        rule_files.extend(found);
    }
    let evaluation_interval_ms = match millis(r, "evaluation_interval") {
        0 => INTERVAL_MS,
        ms => ms,
    };
    let order = r.texts("group_eval_order");
    refuse_repeated(r, &order);
    TestFile {
        rule_files,
        warnings,
        evaluation_interval_ms,
        group_eval_order: order.into_iter().map(|name| name.value).collect(),
        fuzzy_compare: r.bool("fuzzy_compare"),
        tests: r.sections("tests", "a test with nothing in it", |r| {
            test_group(r, evaluation_interval_ms)
        }),
    }
}

fn refuse_repeated(r: &Reader<'_>, order: &[Placed<String>]) {
    for (i, name) in order.iter().enumerate() {
        if order[..i].iter().any(|n| n.value == name.value) {
            let message = format!("group name repeated in evaluation order: {}", name.value);
            r.refuse_at(name.at, message);
        }
    }
}

fn test_group(r: &mut Reader<'_>, evaluation_interval_ms: i64) -> TestGroup {
    let start = r.parsed_text("start_timestamp", |text| {
        moment::parse(text).ok_or_else(|| {
            format!("{text:?} is no time: seconds since 1970 or RFC 3339 are wanted")
        })
    });
    TestGroup {
        name: r.text("name"),
        interval_ms: match millis(r, "interval") {
            0 => evaluation_interval_ms,
            ms => ms,
        },
        start_ms: start.unwrap_or(0),
        input_series: r.sections("input_series", "a series with nothing in it", |r| {
            InputSeries {
                series: r.text("series"),
                values: r.text("values"),
            }
        }),
        input_logs: r.sections("input_logs", "a stream with nothing in it", |r| {
            InputStream {
                stream: r.text("stream"),
                lines: r.sections("lines", "a line with nothing in it", input_line),
            }
        }),
        alerts: r.sections(
            "alert_rule_test",
            "an alert test with nothing in it",
            alert_test,
        ),
        expressions: [Language::Promql, Language::Logql]
            .into_iter()
            .flat_map(|language| expression_tests(r, language))
            .collect(),
        external_labels: Labels::from_pairs(texts(r, "external_labels")),
        external_url: r.text("external_url"),
    }
}

fn input_line(r: &mut Reader<'_>) -> InputLine {
    if !r.has("line") {
        r.refuse_all("an input line needs its text: line: '...'");
    }
    let repeat = r.uint_or("repeat", 1);
    if repeat == 0 {
        r.refuse("repeat", "a line that never comes: leave it out");
    }
    InputLine {
        at_ms: millis(r, "at"),
        line: r.text("line"),
        structured_metadata: texts(r, "structured_metadata"),
        repeat,
        every_ms: millis(r, "every"),
    }
}

fn alert_test(r: &mut Reader<'_>) -> AlertTest {
    let test = AlertTest {
        eval_time_ms: millis(r, "eval_time"),
        alertname: r.text("alertname"),
        expected: r.sections("exp_alerts", "an expected alert is {}, not nothing", |r| {
            Expected {
                labels: texts(r, "exp_labels"),
                annotations: texts(r, "exp_annotations"),
            }
        }),
    };
    if test.alertname.is_empty() {
        r.refuse_all(format!(
            "an item under alert_rule_test misses required attribute alertname at eval_time {}",
            duration::print(test.eval_time_ms)
        ));
    }
    test
}

fn expression_tests(r: &mut Reader<'_>, language: Language) -> Vec<ExpressionTest> {
    let key = match language {
        Language::Promql => "promql_expr_test",
        Language::Logql => "logql_expr_test",
    };
    r.sections(key, "an expression test with nothing in it", |r| {
        expression_test(r, language)
    })
}

fn expression_test(r: &mut Reader<'_>, language: Language) -> ExpressionTest {
    ExpressionTest {
        language,
        expr: r.text("expr"),
        eval_time_ms: millis(r, "eval_time"),
        expected: r.sections(
            "exp_samples",
            "an expected sample with nothing in it",
            |r| ExpectedSample {
                labels: r.text("labels"),
                value: r.float("value"),
                histogram: r.text("histogram"),
            },
        ),
    }
}

fn millis(r: &mut Reader<'_>, key: &'static str) -> i64 {
    i64::try_from(r.duration(key).as_millis()).unwrap_or(i64::MAX)
}

fn texts(r: &mut Reader<'_>, key: &'static str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = r
        .text_map(key)
        .into_iter()
        .map(|(name, value)| (name.value, value.value))
        .collect();
    pairs.sort_unstable();
    pairs
}

impl InputSeries {
    /// Its labels and values.
    pub(super) fn read(&self) -> Result<SeriesDescription, String> {
        let text = format!("{} {}", self.series.trim(), self.values.trim());
        parse_series_description(&text)
            .map_err(|errors| format!("input series {:?}: {errors}", self.series))
    }
}

impl InputStream {
    /// Its labels.
    pub(super) fn labels(&self) -> Result<Labels, String> {
        let wrong = |why: &str| format!("input stream {:?}: {why}", self.stream);
        let labels = parse_metric(&self.stream).map_err(|errors| wrong(&errors.to_string()))?;
        if labels.is_empty() {
            return Err(wrong("a stream has at least one label"));
        }
        Ok(labels)
    }
}

impl ExpectedSample {
    /// Its labels.
    pub(super) fn labels(&self) -> Result<Labels, String> {
        if self.labels.trim().is_empty() {
            return Ok(Labels::empty());
        }
        parse_metric(&self.labels).map_err(|errors| format!("labels {:?}: {errors}", self.labels))
    }

    /// Its native histogram, if it is one.
    pub(super) fn histogram(&self) -> Result<Option<SeriesValue>, String> {
        if self.histogram.is_empty() {
            return Ok(None);
        }
        let series = parse_series_description(&format!("{{}} {}", self.histogram))
            .map_err(|errors| format!("labels {:?}: {errors}", self.labels))?;
        match <[SeriesValue; 1]>::try_from(series.values) {
            Ok([value @ SeriesValue::Histogram { .. }]) => Ok(Some(value)),
            Ok(_) => Err(format!("{:?} is no histogram", self.histogram)),
            Err(values) => Err(format!("expected 1 value, got {}", values.len())),
        }
    }
}
