//! The conformance suites, and what they leave open.

use binnacle_model::{MatchOp, Matcher};
use serde_json::{Value, json};

use super::lexer::{Kind, Lexer};
use super::*;
use crate::suite::{cases, text};

fn op(text: &str) -> MatchOp {
    match text {
        "=" => MatchOp::Equal,
        "!=" => MatchOp::NotEqual,
        "=~" => MatchOp::Regex,
        "!~" => MatchOp::NotRegex,
        other => panic!("no operator: {other}"),
    }
}

fn new(name: &str, sign: &str, value: &str) -> Matcher {
    super::new(name, op(sign), value).unwrap()
}

fn of_json(value: &Value) -> Matcher {
    new(
        text(value, "name"),
        text(value, "type"),
        text(value, "value"),
    )
}

/// Holds a reading against `matchers` (or `matcher`) and `error` of a case.
fn check(case: &Value, error: &Value, read: Result<Vec<Matcher>, MatcherError>) {
    let want: Vec<Matcher> = match &case["matchers"] {
        Value::Null if case["matcher"].is_null() => Vec::new(),
        Value::Null => vec![of_json(&case["matcher"])],
        list => list.as_array().into_iter().flatten().map(of_json).collect(),
    };
    match (error.as_str(), read) {
        (None, read) => assert_eq!(read, Ok(want), "{case}"),
        (Some(error), Err(found)) => assert_eq!(found.to_string(), error, "{case}"),
        (Some(_), Ok(found)) => panic!("{case}: read as {found:?}"),
    }
}

fn all(read: Result<Noted<Vec<Matcher>>, MatcherError>) -> Result<Vec<Matcher>, MatcherError> {
    read.map(|(matchers, _)| matchers)
}

#[test]
fn utf8_matchers() {
    for case in cases("matchers_utf8") {
        let read = Language::Utf8.parse(text(&case, "input"));
        check(&case, &case["error"], all(read));
    }
    for case in cases("matcher_utf8") {
        let read = utf8::parse_one(text(&case, "input")).map(|m| vec![m]);
        check(&case, &case["error"], read);
    }
}

#[test]
fn classic_matchers() {
    for case in cases("matchers_classic") {
        let read = Language::Classic.parse(text(&case, "input"));
        check(&case, &case["error"], all(read));
    }
}

#[test]
fn both_languages_agree_where_they_should() {
    for case in cases("matchers_compliance") {
        let input = text(&case, "input");
        if case["skip"] == json!(true) {
            // What only the classic language reads so.
            check(
                &case,
                &case["classic_error"],
                all(Language::Classic.parse(input)),
            );
            continue;
        }
        let utf8 = all(Language::Utf8.parse(input));
        assert_eq!(utf8.is_err(), !case["classic_error"].is_null(), "{case}");
        if let Ok(found) = utf8 {
            check(&case, &Value::Null, Ok(found));
        }
    }
}

#[test]
fn fallback() {
    for case in cases("matchers_fallback") {
        let input = text(&case, "input");
        let read = if case["single"] == json!(true) {
            Language::Fallback.parse_one(input).map(|(m, _)| vec![m])
        } else {
            all(Language::Fallback.parse(input))
        };
        check(&case, &case["error"], read);
    }
}

#[test]
fn fallback_says_what_it_did() {
    let note = |text: &str| Language::Fallback.parse(text).unwrap().1;
    assert_eq!(note("{foo=bar}"), None);
    assert_eq!(note("{}"), None);
    assert_eq!(note("foo🙂=bar"), None);
    assert_eq!(
        note("foo=a b,bar=c"),
        Some(Note::Incompatible {
            error: "6:7: unexpected b: expected a comma or close brace".to_owned(),
            suggestion: "foo=\"a b\",bar=\"c\"".to_owned(),
        })
    );
    assert_eq!(
        note(r#"foo="\t""#),
        Some(Note::Disagreement {
            suggestion: r#"foo="\\t""#.to_owned()
        })
    );
}

#[test]
fn braces_around_one_matcher() {
    for language in [Language::Utf8, Language::Fallback] {
        for text in ["{foo=bar}", "foo=bar}", "{foo=bar"] {
            let error = language.parse_one(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("unexpected open or close brace: {text}")
            );
        }
    }
}

#[test]
fn tokens() {
    for case in cases("matcher_lexer") {
        let mut lexer = Lexer::new(text(&case, "input"));
        let mut found = Vec::new();
        let error = loop {
            match lexer.next() {
                Ok(Some(token)) => found.push((token.kind, token.text.to_owned())),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let want: Vec<_> = case["tokens"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|t| (kind(t["kind"].as_u64()), text(t, "value").to_owned()))
            .collect();
        assert_eq!(found, want, "{case}");
        assert_eq!(error.as_deref(), case["error"].as_str(), "{case}");
    }
}

fn kind(number: Option<u64>) -> Kind {
    match number {
        Some(1) => Kind::OpenBrace,
        Some(2) => Kind::CloseBrace,
        Some(3) => Kind::Comma,
        Some(4) => Kind::Equals,
        Some(5) => Kind::NotEquals,
        Some(6) => Kind::Matches,
        Some(7) => Kind::NotMatches,
        Some(8) => Kind::Quoted,
        Some(9) => Kind::Unquoted,
        other => panic!("no kind: {other:?}"),
    }
}

#[test]
fn printing() {
    for case in cases("matcher_string") {
        let matcher = new(text(&case, "name"), text(&case, "op"), text(&case, "value"));
        assert_eq!(print(&matcher), text(&case, "want"), "{case}");
    }
    let check = |name: &str, value: &str, want: &str| {
        let matcher = Matcher::equal(name, value);
        assert_eq!(print(&matcher), want);
        let read = Language::Utf8.parse_one(want).map(|(m, _)| m);
        assert_eq!(read, Ok(matcher), "{want}");
    };
    check("a b", "c", r#""a b"="c""#);
    check("a\"", "\t", r#""a\""="\t""#);
    check("a\u{a0}", "\u{301}", "\"a\\u00a0\"=\"\u{301}\"");
    check(
        "a,",
        "\u{7}\u{8}\u{c}\u{b}\u{1}\u{ad}",
        r#""a,"="\a\b\f\v\x01\u00ad""#,
    );
    check("a=", "\u{e0001}", r#""a="="\U000e0001""#);
    let several = [new("a", "=", "b"), new("c", "!~", "d|e")];
    assert_eq!(print_all(&several), r#"{a="b",c!~"d|e"}"#);
    assert_eq!(print_all(&[]), "{}");
}

#[test]
fn escapes() {
    let check = |quoted: &str, want: Option<&str>| {
        assert_eq!(quote::unquote(quoted).as_deref(), want, "{quoted}");
    };
    check(
        r#""\a\b\f\n\r\t\v\\\"""#,
        Some("\x07\x08\x0c\n\r\t\x0b\\\""),
    );
    check(r#""\x41\101\u0041\U00000041""#, Some("AAAA"));
    check(r#""\xf0\x9f\x99\x82""#, Some("🙂"));
    for bad in [
        r#""\'""#,
        r#""\x4""#,
        r#""\400""#,
        r#""\ud800""#,
        r#""\U00110000""#,
        r#""\xff""#,
        r#""\"#,
        "\"\n\"",
        "\"",
        "",
    ] {
        check(bad, None);
    }
}

#[test]
fn matching() {
    for case in cases("matcher_match") {
        let matcher = &case["matcher"];
        let matcher = new("foo", text(matcher, "type"), text(matcher, "value"));
        let found = matcher.matches(text(&case, "value"));
        assert_eq!(Some(found), case["match"].as_bool(), "{case}");
    }
}

#[test]
fn api_form() {
    for case in cases("matcher_json") {
        let matcher = new(text(&case, "name"), text(&case, "op"), text(&case, "value"));
        if text(&case, "dir") == "marshal" {
            assert_eq!(to_json(&matcher).to_string(), text(&case, "want"), "{case}");
        } else {
            let value: Value = serde_json::from_str(text(&case, "want")).unwrap();
            assert_eq!(from_json(&value), Ok(matcher), "{case}");
        }
    }
    for bad in [
        json!([]),
        json!({"name": 1}),
        json!({"name": "a", "value": "b", "isRegex": "yes"}),
        json!({"name": "a", "value": "(", "isRegex": true}),
    ] {
        assert!(from_json(&bad).is_err(), "{bad}");
    }
}

#[test]
fn label_names() {
    for case in cases("label_name_valid") {
        let language = match text(&case, "mode") {
            "classic" => Language::Classic,
            _ => Language::Utf8,
        };
        let valid = language.is_valid_label_name(text(&case, "input"));
        assert_eq!(Some(valid), case["valid"].as_bool(), "{case}");
    }
}

/// A matcher of a silence, whose name, kind and value come from outside.
#[test]
fn matchers_of_silences() {
    for (suite, language) in [
        ("silence_matcher_valid_classic", Language::Classic),
        ("silence_matcher_valid_utf8", Language::Utf8),
    ] {
        for case in cases(suite) {
            let given = &case["matcher"];
            // Values that are no text and kinds that are none cannot even be said.
            let (Some(name), Some(value), Some(sign)) = (
                given["Name"].as_str(),
                given["Pattern"].as_str(),
                given["Type"].as_str(),
            ) else {
                assert!(!case["error"].is_null(), "{case}");
                continue;
            };
            let valid =
                language.is_valid_label_name(name) && matcher(name, op(sign), value.into()).is_ok();
            assert_eq!(valid, case["error"].is_null(), "{case}");
        }
    }
}

#[test]
fn order() {
    let mut matchers = [
        new("b", "=", "a"),
        new("a", "!~", "b"),
        new("a", "=", "c"),
        new("a", "=", "b"),
        new("a", "=~", "b"),
        new("a", "!=", "b"),
    ];
    sort(&mut matchers);
    assert_eq!(
        print_all(&matchers),
        r#"{a="b",a!="b",a=~"b",a!~"b",a="c",b="a"}"#
    );
}

#[test]
fn garbage_is_refused_without_panics() {
    let alphabet: Vec<char> = "ab{}!=~,\\\"'` \t\nxuU0157🙂é\u{a0}".chars().collect();
    let mut random = binnacle_stdx::random::Random::new(7);
    for _ in 0..20_000 {
        let length = random.next_u64() % 12;
        let text: String = (0..length)
            .map(|_| alphabet[(random.next_u64() % alphabet.len() as u64) as usize])
            .collect();
        for language in [Language::Classic, Language::Utf8, Language::Fallback] {
            let Ok((matchers, _)) = language.parse(&text) else {
                continue;
            };
            // The new language reads whatever is printed, empty names aside.
            let printed = print_all(&matchers);
            if matchers.iter().all(|m| !m.name.is_empty()) {
                assert_eq!(
                    all(Language::Utf8.parse(&printed)),
                    Ok(matchers),
                    "{text:?}"
                );
            }
        }
    }
}
