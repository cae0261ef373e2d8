use super::*;

fn matches(text: &str, value: &str) -> bool {
    let pattern = Pattern::new(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    pattern.is_match(value)
}

#[test]
fn gos_constructs_mean_what_go_means() {
    let check = |text: &str, value: &str, want: bool| {
        assert_eq!(matches(text, value), want, "{text:?} on {value:?}");
    };
    check(r"\d+", "12", true);
    check(r"\d+", "\u{661}", false);
    check(r"\w", "é", false);
    check(r"\W", "é", true);
    check(r"\s", "\u{b}", false);
    check(r"[[:space:]]", "\u{b}", true);
    check(r"\Qa.b\E+", "a.bb", true);
    check(r"\Qa.b", "axb", false);
    check("a.b", "a\nb", true);
    check("(?-s)a.b", "a\nb", false);
    check("(?-s:a.b)", "a\nb", false);
    check("a{,2}", "a{,2}", true);
    check("a{,2}", "aa", false);
    check("a{2", "a{2", true);
    check("a{02}", "a{02}", true);
    check("{", "{", true);
    check("x{2}", "xx", true);
    check("[a&&b]", "&", true);
    check("[a&&b]+", "ab", true);
    check("[+--]", ",", true);
    check("[a~~b]", "~", true);
    check("[[a]", "[", true);
    check("[]a]", "]", true);
    check("[^]a]", "]", false);
    check("[a-]", "-", true);
    check("[-a]", "-", true);
    check("[[:^alpha:]]", "1", true);
    check(r"[\d\-x]", "-", true);
    check(r"[^\D]", "7", true);
    check(r"\pL", "é", true);
    check(r"\p{Greek}+", "αβγ", true);
    check(r"\P{Greek}", "α", false);
    check(r"\p{^Greek}", "a", true);
    check(r"\101", "A", true);
    check(r"\0", "\0", true);
    check(r"\x41\x{42}", "AB", true);
    check(r"(?i)straSSe", "STRAßE", false);
    check(r"(?i)foo|BAR", "bar", true);
    check(r"(?i:f)oo", "FOO", false);
    check(r"(?ii-i)foo", "FOO", false);
    check(r"(?)foo", "foo", true);
    check(r"foo\b.*", "foo bar", true);
    check(r"fooé\b.*", "fooé bar", false);
    check(r"a\Bb", "ab", true);
}

#[test]
#[should_panic(expected = "unexpected )")]
fn a_pattern_cannot_leave_its_group() {
    matches("a)(?:b", "ab");
}

#[test]
fn what_go_refuses_is_refused_with_gos_words() {
    let check = |text: &str, want: &str| match Pattern::new(text) {
        Ok(p) => panic!("{text} was taken: {p:?}"),
        Err(e) => assert_eq!(e.message, format!("error parsing regexp: {want}")),
    };
    check("*", "missing argument to repetition operator: `*`");
    check("a|*", "missing argument to repetition operator: `*`");
    check("(+)", "missing argument to repetition operator: `+`");
    check("a**", "invalid nested repetition operator: `**`");
    check("a*?*", "invalid nested repetition operator: `*?*`");
    check("a{2}{3}", "invalid nested repetition operator: `{2}{3}`");
    check("a{1001}", "invalid repeat count: `{1001}`");
    check("a{3,2}", "invalid repeat count: `{3,2}`");
    check("(a{100}){11}", "invalid repeat count: `{11}`");
    check("a(b", "missing closing ): `a(b`");
    check("a)", "unexpected ): `a)`");
    check("[a", "missing closing ]: `[a`");
    check("[b-a]", "invalid character class range: `b-a`");
    check("[[:foo:]]", "invalid character class range: `[:foo:]`");
    check(r"\p{Nope}", r"invalid character class range: `\p{Nope}`");
    check(r"a\", "trailing backslash at end of expression: ``");
    check(r"\C", r"invalid escape sequence: `\C`");
    check(r"\Z", r"invalid escape sequence: `\Z`");
    check(r"\1", r"invalid escape sequence: `\1`");
    check(r"\8", r"invalid escape sequence: `\8`");
    check("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
    check("(?x)a", "invalid or unsupported Perl syntax: `(?x`");
    check("(?P<a>x)(?P<a>y)", "duplicate capture group name: `a`");
    check("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`");
}

#[test]
fn shapes_are_found() {
    let set = |text: &str| {
        Pattern::new(text)
            .ok()
            .and_then(|p| p.set().map(|s| s.join(",")))
    };
    assert_eq!(set("b|a|a").as_deref(), Some("a,b"));
    assert_eq!(set("^(?:foo|fa[bc])$").as_deref(), Some("fab,fac,foo"));
    assert_eq!(set("a?").as_deref(), Some(",a"));
    assert_eq!(set(""), Some(String::new()));
    assert_eq!(set("a^b"), None);
    assert_eq!(set("a.*"), None);
    let prefix = |text: &str| {
        Pattern::new(text)
            .ok()
            .and_then(|p| p.prefix().map(str::to_owned))
    };
    assert_eq!(prefix("api_(a|b).*").as_deref(), Some("api_"));
    assert_eq!(prefix("api_[0-9]+[a-z]*").as_deref(), Some("api_"));
    assert_eq!(prefix(".*x"), None);
    let all = |text: &str| Pattern::new(text).is_ok_and(|p| p.is_match_all());
    assert!(all(".*") && all("(.*)") && all("^.*$") && all(".*|x") && all(".*.*") && all("|.+"));
    assert!(!all(".+") && !all("(?-s).*"));
    assert!(Pattern::new(".*").is_ok_and(|p| p.matches_empty()));
    assert!(Pattern::new(".+").is_ok_and(|p| !p.matches_empty()));
}

/// Every plan must say what the automaton says.
#[test]
fn plans_agree_with_the_automaton() {
    let parts = [
        "a", "b", "ab", ".*", ".+", "(a|b)", "[ab]", "^", "$", "(?i)a", "é", "a?", "(|b)", "|",
    ];
    let values = [
        "", "a", "b", "ab", "aab", "A", "é", "aé", "ba", "abab", "aaa", "\n", "aXb", "éa",
    ];
    let mut seed = 7u64;
    let mut next = |n: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for _ in 0..5_000 {
        let text: String = (0..1 + next(5)).map(|_| parts[next(parts.len())]).collect();
        let Ok(pattern) = Pattern::new(&text) else {
            continue;
        };
        let oracle = compile(&pattern.translated, usize::MAX).expect("it compiled before");
        for value in values {
            assert_eq!(
                pattern.is_match(value),
                oracle.is_match(value),
                "{text:?} on {value:?}"
            );
            if pattern.is_match(value) {
                assert!(
                    value.starts_with(pattern.prefix().unwrap_or("")),
                    "{text:?} prefix"
                );
            }
        }
    }
}

#[test]
fn templates_expand_as_go_expands() {
    let check = |text: &str, value: &str, template: &str, want: Option<&str>| {
        let pattern = Pattern::new(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            pattern.replace_template(value, template).as_deref(),
            want,
            "{text} {template}"
        );
    };
    check("(.*)", "foo", "x$1y", Some("x"));
    check("(.*)", "foo", "x${1}y$0", Some("xfooyfoo"));
    check("(.*)", "foo", "$2-", Some("-"));
    check("f(.)(.)", "foo", "$2$1$$$", Some("oo$$"));
    check(
        "f(?P<rest>.*)",
        "foo",
        "${rest} $rest, $rester",
        Some("oo oo, "),
    );
    check("f(?P<1x>.*)", "foo", "$1x", Some("oo"));
    check("(a)|(b)", "b", "$1-$2", Some("-b"));
    check("a", "b", "x", None);
    check("a", "a", "${", Some("${"));
    check("a", "a", "${}$-", Some("${}$-"));
    check("(a)", "a", "$01", Some(""));
}

#[test]
fn deep_and_wide_expressions_end() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(matches(&nested(200), "a"));
    assert!(Pattern::new(&nested(201)).is_err_and(|e| e.message.contains("too deeply")));
    let deep = format!("{}z{}", "(a|b*".repeat(200), ")+".repeat(200));
    assert!(matches(&deep, "bz"));
    let words: Vec<String> = (0..20_000).map(|i| format!("host-{i}")).collect();
    let pattern = Pattern::new(&words.join("|")).expect("words");
    assert_eq!(pattern.set().map(<[String]>::len), Some(words.len()));
    assert_eq!(pattern.prefix(), Some("host-"));
    assert!(matches(&"(a|b)?".repeat(40), "abba"));
}
