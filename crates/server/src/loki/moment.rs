//! Times, steps and ranges as Loki's parameters have them.

use binnacle_model::duration;
use binnacle_model::event::logs::{Direction, StreamsQuery};

use super::LokiError;
use crate::http::params::Params;
use crate::http::time::parse_nanos;
use crate::state::App;

/// Nanoseconds of a second.
pub const SECOND_NS: i64 = 1_000_000_000;

/// Lines of an answer when none are asked for.
const LIMIT_DEFAULT: usize = 100;

/// Points that a default step makes of a range, about.
const POINTS_DEFAULT: i64 = 250;

/// A range of time, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From, inclusive.
    pub start_ns: i64,
    /// To, exclusive.
    pub end_ns: i64,
}

/// A time: whole numbers of up to ten digits are seconds and longer ones nanoseconds,
/// fractions are seconds, everything else is RFC 3339.
pub fn parse(text: &str) -> Option<i64> {
    if text.contains('.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        let whole = seconds.trunc();
        // Milliseconds: a float has no more digits than that in this century.
        let fraction = ((seconds - whole) * 1e3).round() / 1e3;
        return Some((whole as i64).saturating_mul(SECOND_NS) + (fraction * 1e9) as i64);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(if text.len() <= 10 {
            number.saturating_mul(SECOND_NS)
        } else {
            number
        });
    }
    parse_nanos(text).ok()
}

/// The time `name`, or `default`.
pub fn time(params: &Params, name: &str, default: i64) -> Result<i64, LokiError> {
    match params.some(name) {
        None => Ok(default),
        Some(text) => parse(text).ok_or_else(|| {
            LokiError::bad(format!(
                "could not parse '{name}' parameter: {text:?} is neither nanoseconds, seconds \
                 nor RFC 3339"
            ))
        }),
    }
}

/// `start`, `end` and `since`; by default the hour before now.
pub fn range(app: &App, params: &Params) -> Result<Range, LokiError> {
    let now_ns = app.process.now_ms().saturating_mul(1_000_000);
    let end_ns = time(params, "end", now_ns)?;
    let since = match params.some("since") {
        None => 3_600 * SECOND_NS,
        Some(text) => span(text).ok_or_else(|| {
            LokiError::bad(format!("could not parse 'since' parameter: {text:?}"))
        })?,
    };
    let start_ns = time(params, "start", end_ns.min(now_ns).saturating_sub(since))?;
    if end_ns < start_ns {
        return Err(LokiError::bad(
            "invalid query, through < from: end timestamp must not be before or equal to start \
             time",
        ));
    }
    Ok(Range { start_ns, end_ns })
}

/// A length of time in nanoseconds: seconds as a number, or a duration text.
pub fn span(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ns = seconds * 1e9;
        return (ns.is_finite() && ns.abs() < 9e18).then_some(ns as i64);
    }
    duration::parse(text)
        .ok()
        .map(|ms| ms.saturating_mul(1_000_000))
}

/// `step`; by default some 250 steps of whole seconds.
pub fn step(params: &Params, range: Range) -> Result<i64, LokiError> {
    let Some(text) = params.some("step") else {
        let seconds = range.end_ns.saturating_sub(range.start_ns) / SECOND_NS;
        return Ok((seconds / POINTS_DEFAULT).max(1) * SECOND_NS);
    };
    match span(text) {
        None => Err(LokiError::bad(format!(
            "cannot parse {text:?} to a valid duration (parameter 'step')"
        ))),
        Some(ns) if ns <= 0 => Err(LokiError::bad(
            "zero or negative query resolution step widths are not accepted. Try a positive \
             integer",
        )),
        Some(ns) => Ok(ns),
    }
}

/// `interval`; 0 when it is not there.
pub fn interval(params: &Params) -> Result<i64, LokiError> {
    match params.some("interval") {
        None => Ok(0),
        Some(text) => match span(text) {
            Some(ns) if ns >= 0 => Ok(ns),
            _ => Err(LokiError::bad(format!(
                "cannot parse {text:?} to a valid duration (parameter 'interval')"
            ))),
        },
    }
}

/// `limit`, at most `most`.
pub fn limit(params: &Params, name: &str, default: usize) -> Result<usize, LokiError> {
    match params.some(name) {
        None => Ok(default),
        Some(text) => match text.parse::<i64>() {
            Ok(n) if n > 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            Ok(_) => Err(LokiError::bad(format!("{name} must be a positive value"))),
            Err(_) => Err(LokiError::bad(format!(
                "could not parse '{name}' parameter: {text:?} is no number"
            ))),
        },
    }
}

/// Lines wanted.
pub fn lines(params: &Params) -> Result<usize, LokiError> {
    limit(params, "limit", LIMIT_DEFAULT)
}

/// `direction`.
pub fn direction(params: &Params) -> Result<Direction, LokiError> {
    match params.get("direction").to_ascii_lowercase().as_str() {
        "" | "backward" => Ok(Direction::Backward),
        "forward" => Ok(Direction::Forward),
        other => Err(LokiError::bad(format!(
            "invalid direction {other:?}: there are 'forward' and 'backward'"
        ))),
    }
}

/// Streams by the selectors of `match`, `match[]` and `query` in the asked range.
pub fn streams(app: &App, params: &Params, names: &[&str]) -> Result<StreamsQuery, LokiError> {
    let range = range(app, params)?;
    let mut texts: Vec<&str> = Vec::new();
    for name in names {
        for text in params.all(name) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    let mut selectors = Vec::new();
    for text in texts {
        if text.is_empty() || text.replace(' ', "") == "{}" {
            continue;
        }
        selectors.push(app.logs.selector(text)?);
    }
    Ok(StreamsQuery {
        selectors,
        start_ns: range.start_ns,
        end_ns: range.end_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(
            parse("1571334162051000000"),
            Some(1_571_334_162_051_000_000)
        );
        assert_eq!(parse("1571334162"), Some(1_571_334_162 * SECOND_NS));
        assert_eq!(parse("1571334162.051"), Some(1_571_334_162_051_000_000));
        assert_eq!(
            parse("2002-10-02T15:00:00Z"),
            Some(1_033_570_800_000_000_000)
        );
        assert_eq!(parse("we"), None);
    }

    #[test]
    fn steps() {
        let hour = Range {
            start_ns: 0,
            end_ns: 3_600 * SECOND_NS,
        };
        let step_of = |text: &str| {
            let mut params = Params::default();
            params.parse(text).expect("valid");
            step(&params, hour).ok()
        };
        assert_eq!(step_of(""), Some(14 * SECOND_NS));
        assert_eq!(step_of("step=5"), Some(5 * SECOND_NS));
        assert_eq!(step_of("step=5.500"), Some(5_500_000_000));
        assert_eq!(step_of("step=5m"), Some(300 * SECOND_NS));
        assert_eq!(step_of("step=0"), None);
        assert_eq!(step_of("step=a"), None);
    }
}
