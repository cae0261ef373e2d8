//! Queries that are a little broken: nothing panics, and what still parses prints to what
//! parses again.

use binnacle_logql::parse::{parse, parse_labels, parse_selector};
use binnacle_logql::print::{pretty, pretty_within};

const QUERIES: &[&str] = &[
    r#"{app="a", b!~"c.*"} |= "x" or "y" != ip("10.0.0.0/8") |> "<_> z" | json a="b.c" | d >= 5.5ms"#,
    r#"{app="a"} | logfmt --strict k="v" | line_format "{{.a}}" | label_format x=y | drop a, b="c""#,
    r#"sum by (a) (rate({app="a"} | json | unwrap bytes(size) | __error__="" [5m] offset -1m)) / 2"#,
    r#"quantile_over_time(0.99, {app="a"} | unwrap duration(t) [1h]) by (b) > bool 1e3 ^ -2"#,
    r#"topk(3, count_over_time({a="b"}[1m])) - on (x) group_left (y) vector(1) or vector(0x1p4)"#,
    r#"label_replace(rate({a="b"}[1m]), "c", "$1", "d", "(.*)") unless count(rate({a="b"}[1s])) # end"#,
];

/// The next number of a sequence.
fn next(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) as usize
}

fn broken(query: &str, other: &str, state: &mut u64) -> String {
    let chars: Vec<char> = query.chars().collect();
    let others: Vec<char> = other.chars().collect();
    let (from, to) = (next(state) % chars.len(), next(state) % chars.len());
    let (from, to) = (from.min(to), from.max(to));
    let mid = &others[..next(state) % others.len()];
    let mid = &mid[mid.len().saturating_sub(next(state) % 12)..];
    let short = (to - from).min(next(state) % 8);
    let mut out: String = chars[..from].iter().collect();
    out.extend(mid);
    out.extend(&chars[from + short..]);
    out
}

#[test]
fn broken_queries() {
    let mut state = 7;
    let mut parsed = 0;
    for _ in 0..20_000 {
        let query = QUERIES[next(&mut state) % QUERIES.len()];
        let other = QUERIES[next(&mut state) % QUERIES.len()];
        let text = broken(query, other, &mut state);
        let _ = parse_selector(&text);
        let _ = parse_labels(&text);
        let Ok(expr) = parse(&text) else { continue };
        parsed += 1;
        let printed = expr.to_string();
        for form in [printed.clone(), pretty(&expr), pretty_within(&expr, 0)] {
            let again = parse(&form).unwrap_or_else(|e| panic!("{text}\n{form}\n{e}"));
            assert_eq!(again.to_string(), printed, "{text}\n{form}");
        }
    }
    assert!(parsed > 100, "{parsed} parse");
}

#[test]
fn numbers_that_are_none_come_back() {
    for text in ["1 / 0", "0 / 0", "2 ^ 10000", "-2 ^ 10001", "1e308 * 10"] {
        let printed = parse(text).expect(text).to_string();
        let again = parse(&printed).unwrap_or_else(|e| panic!("{text}: {printed}: {e}"));
        assert_eq!(again.to_string(), printed, "{text}");
    }
}
