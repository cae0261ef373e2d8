//! Tokens, against upstream's table and against our own.

use std::path::PathBuf;

use serde_json::Value;

use super::*;

fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        if token.kind == TokenKind::Eof {
            return Ok(tokens);
        }
        tokens.push(token);
    }
}

#[test]
fn upstream() {
    let folder = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join("extracted/prometheus/promql_lex.json"))
    else {
        println!("skipped: no conformance data");
        return;
    };
    let suite: Value = serde_json::from_str(&text).expect("JSON");
    let cases = suite["cases"].as_array().expect("cases");
    let mut checked = 0;
    for case in cases {
        // Series descriptions have no tokens here, and what is not UTF-8 never comes.
        let Some(text) = case["input"].as_str() else {
            continue;
        };
        if case["series_desc"] == true {
            continue;
        }
        checked += 1;
        let got = tokens(text);
        if case["fail"] == true {
            assert!(got.is_err(), "{case} is accepted as {got:?}");
            continue;
        }
        let got: Vec<(usize, &str)> = got
            .unwrap_or_else(|error| panic!("{case}: {error:?}"))
            .iter()
            .map(|token| (token.span.start, &text[token.span.start..token.span.end]))
            .collect();
        let want: Vec<(usize, &str)> = case["tokens"]
            .as_array()
            .expect("tokens")
            .iter()
            .map(|token| {
                let at = token["pos"].as_u64().expect("a position") as usize;
                (at, token["text"].as_str().unwrap_or_default())
            })
            // Comments are no tokens here, nor is the end.
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
            .collect();
        assert_eq!(got, want, "{case}");
    }
    assert!(checked > 50, "{checked} of {} cases", cases.len());
}

#[test]
fn numbers() {
    let check = |text: &str, want: f64| {
        let kinds: Vec<TokenKind> = tokens(text)
            .expect(text)
            .iter()
            .map(|token| token.kind)
            .collect();
        assert_eq!(kinds, [TokenKind::Number], "{text}");
        let got = number::value(text).expect(text);
        assert!(
            got == want || got.is_nan() && want.is_nan(),
            "{text}: {got}"
        );
    };
    check("0", 0.0);
    check("017", 15.0);
    check("018", 18.0);
    check("0x1F", 31.0);
    check("0x1e", 30.0);
    check("0X_ff", 255.0);
    check("1_000.5e-1_0", 1000.5e-10);
    check(".5", 0.5);
    check("5.", 5.0);
    check("inF", f64::INFINITY);
    check("NAN", f64::NAN);
    check("9223372036854775808", 9_223_372_036_854_775_808.0);
    assert_eq!(number::value("0xffffffffffffffffff"), None);
    for text in [
        "1__0", "1_", "_1.", "1e", "1e+", "1.2.3", "0x", "0xg", "1e1e1", "5x", "1_.5",
    ] {
        let is_number = tokens(text)
            .is_ok_and(|tokens| tokens.len() == 1 && tokens[0].kind == TokenKind::Number);
        assert!(!is_number, "{text}");
    }
}

#[test]
fn the_lexer_stops_where_the_text_stops_making_sense() {
    let check = |text: &str, start: usize, message: &str| {
        let error = tokens(text).expect_err(text);
        assert_eq!(
            (error.span.start, error.message.as_str()),
            (start, message),
            "{text}"
        );
    };
    check("a $ b", 2, "unexpected character: '$'");
    check("{é=\"x\"}", 1, "unexpected character inside braces: 'é'");
    check("'\\q'", 0, "unknown escape sequence U+0071 'q'");
    check(
        "'\\ud800'",
        0,
        "escape sequence is an invalid Unicode code point",
    );
    check(
        "'\\400'",
        0,
        "escape sequence is an invalid Unicode code point",
    );
    check("\"a\nb\"", 0, "unterminated quoted string");
    check("`a\nb", 0, "unterminated raw string");
    check("a)", 2, "unexpected right parenthesis ')'");
    check("a[5m:1m:", 7, "unexpected colon ':'");
    check("5mé", 2, "unexpected character: 'é'");
    check("5hours", 0, "bad number or duration syntax: \"5ho\"");
}
