//! `eval instant at 5m …`, `eval range from 0 to 1h step 5m …`, and what is
//! expected below.

use binnacle_model::Labels;
use regex::Regex;

use super::{Lines, ScriptError};
use crate::lexer::number;
use crate::parse::{self, SeriesValue, parse_series_description};

/// A query and what it must answer.
#[derive(Debug, Clone)]
pub struct Eval {
    /// PromQL.
    pub query: String,
    /// When.
    pub times: EvalTimes,
    /// Whether the order of the answer matters.
    pub ordered: bool,
    /// Patterns that the error must match, all of them; `None`: it must succeed.
    pub fail: Option<Vec<TextPattern>>,
    /// What is expected of warnings.
    pub warnings: AnnotationExpectation,
    /// What is expected of infos.
    pub infos: AnnotationExpectation,
    /// The series of the answer. None, and no scalar and no string: no series.
    pub series: Vec<ExpectedSeries>,
    /// The scalar that the answer is.
    pub scalar: Option<f64>,
    /// The string that the answer is.
    pub string: Option<String>,
    /// For an instant query that answers a range vector: the times of the values.
    pub range_vector: Option<Steps>,
}

/// When a query is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalTimes {
    /// Once.
    Instant {
        /// Milliseconds.
        at_ms: i64,
    },
    /// At every step.
    Range(Steps),
}

/// Times from start to end, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Milliseconds.
    pub start_ms: i64,
    /// Milliseconds.
    pub end_ms: i64,
    /// Milliseconds.
    pub step_ms: i64,
}

/// One series of the answer.
#[derive(Debug, Clone)]
pub struct ExpectedSeries {
    /// Its labels.
    pub labels: Labels,
    /// One value for each step.
    pub values: Vec<SeriesValue>,
}

/// What is expected of the annotations of one severity.
#[derive(Debug, Clone, Default)]
pub struct AnnotationExpectation {
    /// There must be one at least.
    pub some: bool,
    /// There must be none.
    pub none: bool,
    /// If there are any: each must match one, and one must match each.
    pub patterns: Vec<TextPattern>,
}

/// A text, or texts.
#[derive(Debug, Clone)]
pub enum TextPattern {
    /// Any.
    Any,
    /// This one.
    Exact(String),
    /// Those in which the expression is found.
    Regex(Regex),
}

impl TextPattern {
    /// Whether `text` is one that is meant.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

pub(super) fn parse(text: &str, lines: &mut Lines<'_>) -> Result<Eval, ScriptError> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (query, times) = head(rest.trim_start(), lines)?;
    let unreadable = parse::parse(query)
        .err()
        .map(|errors| lines.unreadable(&errors));
    let mut eval = Eval {
        query: query.to_owned(),
        times,
        ordered: false,
        fail: None,
        warnings: AnnotationExpectation::default(),
        infos: AnnotationExpectation::default(),
        series: Vec::new(),
        scalar: None,
        string: None,
        range_vector: None,
    };
    match word {
        "eval" => {}
        "eval_fail" => eval.fail = Some(Vec::new()),
        "eval_warn" => eval.warnings.some = true,
        "eval_info" => eval.infos.some = true,
        "eval_ordered" if matches!(times, EvalTimes::Instant { .. }) => eval.ordered = true,
        _ => return Err(invalid_command(lines)),
    }
    while let Some(text) = lines.detail() {
        if !detail(&mut eval, text, lines)? {
            break;
        }
    }
    match unreadable {
        // A query that must fail may fail that early.
        Some(error) if eval.fail.is_none() => Err(error),
        _ => Ok(eval),
    }
}

fn head<'a>(text: &'a str, lines: &Lines<'_>) -> Result<(&'a str, EvalTimes), ScriptError> {
    let mut words = Words(text);
    match words.next() {
        "instant" => {
            if words.next() != "at" {
                return Err(invalid_command(lines));
            }
            let at_ms = lines.duration("timestamp", words.next())?;
            Ok((words.rest(lines)?, EvalTimes::Instant { at_ms }))
        }
        "range" => {
            let steps = steps(&mut words, lines)?;
            Ok((words.rest(lines)?, EvalTimes::Range(steps)))
        }
        _ => Err(invalid_command(lines)),
    }
}

/// Reads `from 0 to 1h step 5m`.
fn steps(words: &mut Words<'_>, lines: &Lines<'_>) -> Result<Steps, ScriptError> {
    let mut times = [0; 3];
    let keywords = [
        ("from", "start timestamp"),
        ("to", "end timestamp"),
        ("step", "step"),
    ];
    for (time, (keyword, what)) in times.iter_mut().zip(keywords) {
        if words.next() != keyword {
            return Err(lines.error(format!("invalid range definition: {keyword:?} expected")));
        }
        *time = lines.duration(what, words.next())?;
    }
    let [start_ms, end_ms, step_ms] = times;
    if end_ms < start_ms {
        return Err(lines.error("invalid test definition, end timestamp is before start timestamp"));
    }
    Ok(Steps {
        start_ms,
        end_ms,
        step_ms,
    })
}

fn invalid_command(lines: &Lines<'_>) -> ScriptError {
    lines.error("invalid evaluation command. Must be either 'eval[_fail|_warn|_info|_ordered] instant at <offset:duration> <query>' or 'eval[_fail|_warn|_info] range from <from> to <to> step <step> <query>'")
}

/// Reads a line below a query; false when it was the last that may be there.
fn detail(eval: &mut Eval, text: &str, lines: &Lines<'_>) -> Result<bool, ScriptError> {
    if let Some(fail) = &mut eval.fail {
        if let Some(message) = text.strip_prefix("expected_fail_message") {
            fail.push(TextPattern::Exact(message.trim().to_owned()));
            return Ok(false);
        }
        if let Some(pattern) = text.strip_prefix("expected_fail_regexp") {
            fail.push(regex(pattern, "expected_fail_regexp", lines)?);
            return Ok(false);
        }
    }
    if let Some(range) = text.strip_prefix("expect range vector") {
        let mut words = Words(range.trim_start());
        eval.range_vector = Some(steps(&mut words, lines)?);
        return Ok(true);
    }
    if let Some(string) = text.strip_prefix("expect string") {
        eval.string = Some(expected_string(string, lines)?);
        return Ok(true);
    }
    // A metric of that name is written with braces: `expect{}`.
    if let Some(expectation) = text.strip_prefix("expect ") {
        expect(eval, expectation.trim_start(), lines)?;
        return Ok(true);
    }
    if let Some(scalar) = signed_number(text) {
        eval.scalar = Some(scalar);
        return Ok(false);
    }
    let series = parse_series_description(text).map_err(|errors| lines.unreadable(&errors))?;
    let instant = matches!(eval.times, EvalTimes::Instant { .. });
    if series.values.len() > 1 && instant && eval.range_vector.is_none() {
        return Err(lines.error("expecting multiple values in instant evaluation not allowed. consider using 'expect range vector' directive to enable a range vector result for an instant query"));
    }
    eval.series.push(ExpectedSeries {
        labels: series.labels,
        values: series.values,
    });
    Ok(true)
}

/// Reads `warn msg: …` and the like.
fn expect(eval: &mut Eval, text: &str, lines: &Lines<'_>) -> Result<(), ScriptError> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim_start();
    let pattern = if rest.is_empty() {
        TextPattern::Any
    } else if let Some(message) = rest.strip_prefix("msg:").filter(|text| !text.is_empty()) {
        TextPattern::Exact(message.trim().to_owned())
    } else if let Some(pattern) = rest.strip_prefix("regex:").filter(|text| !text.is_empty()) {
        regex(pattern, word, lines)?
    } else {
        return Err(invalid_expect(lines));
    };
    match word {
        "ordered" => eval.ordered = true,
        "warn" => eval.warnings.expect(pattern),
        "no_warn" => eval.warnings.none = true,
        "info" => eval.infos.expect(pattern),
        "no_info" => eval.infos.none = true,
        "fail" => match &mut eval.fail {
            Some(patterns) if !patterns.is_empty() => {
                return Err(
                    lines.error("invalid expect lines, multiple expect fail lines are not allowed")
                );
            }
            fail => fail.get_or_insert_default().push(pattern),
        },
        _ => return Err(invalid_expect(lines)),
    }
    for (name, expectation) in [("info", &eval.infos), ("warn", &eval.warnings)] {
        if expectation.none && !expectation.patterns.is_empty() {
            return Err(lines.error(format!(
                "invalid expect lines, {name} and no_{name} cannot be used together"
            )));
        }
    }
    Ok(())
}

impl AnnotationExpectation {
    fn expect(&mut self, pattern: TextPattern) {
        self.some = true;
        self.patterns.push(pattern);
    }
}

fn invalid_expect(lines: &Lines<'_>) -> ScriptError {
    lines
        .error("invalid expect statement, must match `expect <type> <match_type>: <string>` format")
}

fn regex(pattern: &str, place: &str, lines: &Lines<'_>) -> Result<TextPattern, ScriptError> {
    let pattern = pattern.trim();
    Regex::new(pattern)
        .map(TextPattern::Regex)
        .map_err(|error| lines.error(format!("invalid regexp '{pattern}' for {place}: {error}")))
}

fn expected_string(text: &str, lines: &Lines<'_>) -> Result<String, ScriptError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(
            lines.error("expected string literal not valid - a quoted string literal is required")
        );
    }
    parse::unquote(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            lines.error(
                "expected string literal not valid - check that the string is correctly quoted",
            )
        })
}

fn signed_number(text: &str) -> Option<f64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = number::value(digits)?;
    Some(if negative { -value } else { value })
}

/// Words of a line, and what is left of it.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// The next word, empty at the end.
    fn next(&mut self) -> &'a str {
        let end = self.0.find(char::is_whitespace).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.trim_start();
        word
    }

    fn rest(&self, lines: &Lines<'_>) -> Result<&'a str, ScriptError> {
        if self.0.is_empty() {
            Err(invalid_command(lines))
        } else {
            Ok(self.0)
        }
    }
}
