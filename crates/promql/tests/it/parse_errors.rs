//! Texts that are no queries: they are refused, at the right place, with the words
//! that Prometheus has for it.

use binnacle_promql::parse::{ParseOptions, parse, parse_with};

use crate::conformance::{bytes, same, suite};

#[test]
fn upstream() {
    let Some(suite) = suite("prometheus/promql_parse_errors") else {
        return;
    };
    suite.run(|case| {
        let Ok(text) = String::from_utf8(bytes(&case["input"])) else {
            // What is not UTF-8 never reaches the parser.
            return Ok(());
        };
        let options = ParseOptions {
            fill_modifiers: false,
            ..ParseOptions::default()
        };
        let Err(errors) = parse_with(&text, options) else {
            return Err(format!("{text:?} is accepted"));
        };
        let want = &case["errors"][0];
        let got = errors.first();
        let want_end = want["end"].as_u64().unwrap_or_default() as usize;
        // Upstream's range of an operator leaves out its last byte.
        let end = if got.span.end == want_end + 1 {
            want_end
        } else {
            got.span.end
        };
        let want_message = want["message"].as_str().unwrap_or_default();
        same(
            &format!("{text:?} at {}..{end}: {}", got.span.start, got.message),
            &format!("{text:?} at {}..{want_end}: {want_message}", want["start"]),
        )
    });
}

#[track_caller]
fn check(text: &str, want: &str) {
    match parse(text) {
        Ok(expr) => panic!("{text:?} is accepted as {expr}"),
        Err(errors) => assert_eq!(errors.to_string(), want, "{text:?}"),
    }
}

#[test]
fn line_and_column() {
    check(
        "",
        "unknown position: parse error: no expression found in input",
    );
    check(" \n ", "1:1: parse error: no expression found in input");
    check("a +", "1:4: parse error: unexpected end of input");
    check("a\n+ b c", "2:5: parse error: unexpected identifier \"c\"");
    check(
        "sum(\n  a b)",
        "2:5: parse error: unexpected identifier \"b\" in aggregation",
    );
}

#[test]
fn names_that_are_nearly_right() {
    check(
        "rat(a[5m])",
        "1:1: parse error: unknown function with name \"rat\", did you mean \"rate\"?",
    );
    check(
        "xyz(a[5m])",
        "1:1: parse error: unknown function with name \"xyz\"",
    );
}

#[test]
fn switched_off() {
    let check = |text: &str, options: ParseOptions, want: &str| {
        assert!(parse(text).is_ok(), "{text:?} is right");
        let errors = parse_with(text, options).expect_err(text);
        assert_eq!(errors.first().message, want, "{text:?}");
    };
    let on = ParseOptions::default();
    let off = ParseOptions {
        experimental_functions: false,
        ..on
    };
    check(
        "limitk(1, a)",
        off,
        "limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
    );
    check(
        "sort_by_label(a, \"x\")",
        off,
        "function \"sort_by_label\" is not enabled",
    );
    let off = ParseOptions {
        duration_expressions: false,
        ..on
    };
    check(
        "a[5m+1m]",
        off,
        "experimental duration expression is not enabled",
    );
    check(
        "a[step()]",
        off,
        "experimental duration expression is not enabled",
    );
    let off = ParseOptions {
        extended_range_selectors: false,
        ..on
    };
    check(
        "rate(a[5m] anchored)",
        off,
        "anchored modifier is experimental and not enabled",
    );
    let off = ParseOptions {
        fill_modifiers: false,
        ..on
    };
    check(
        "a + fill(0) b",
        off,
        "binop fill modifiers are experimental and not enabled",
    );
}

#[test]
fn nesting_has_an_end() {
    for (open, close) in [
        ("(", ")"),
        ("abs(", ")"),
        ("-", ""),
        ("sum(", ")"),
        ("a + (", ")"),
    ] {
        let text = format!("{}a{}", open.repeat(20_000), close.repeat(20_000));
        let errors = parse(&text).expect_err("too deep");
        assert!(errors.first().message.contains("nested deeper"), "{errors}");
        let text = format!("{}a{}", open.repeat(60), close.repeat(60));
        assert!(parse(&text).is_ok(), "{open}");
    }
    let deep = format!("a[{}5m{}]", "(".repeat(20_000), ")".repeat(20_000));
    assert!(parse(&deep).is_err());
    for suffix in ["[5m:]", "[5m:1m] offset 1m", "[5m:] @ 1"] {
        assert!(
            parse(&format!("a{}", suffix.repeat(20_000))).is_err(),
            "{suffix}"
        );
    }
    let long = vec!["a"; 20_000].join(" or ");
    let errors = parse(&long).expect_err("too long");
    assert!(
        errors.first().message.contains("operators in a row"),
        "{errors}"
    );
    let long = vec!["a"; 500].join(" or ");
    assert_eq!(parse(&long).map(|expr| expr.to_string()).ok(), Some(long));
}
