//! A template can use no more than its limits, whatever it does.

use binnacle_template::{Error, Limits, NoHost, Set, Value, alertmanager};

const SMALL: Limits = Limits {
    depth: 20,
    output_bytes: 10_000,
    steps: 10_000,
};

fn run(text: &str) -> Result<String, Error> {
    let mut set = Set::new(alertmanager::functions()).with_limits(SMALL);
    let mut out = String::new();
    set.parse("t", text)?;
    set.execute("t", &Value::Missing, &NoHost, &mut out)?;
    Ok(out)
}

#[test]
fn limits_are_errors_that_name_them() {
    let check = |text: &str, want: &str| match run(text) {
        Err(Error::Limit { limit, message }) => {
            assert_eq!(limit, want, "{text}");
            assert!(message.contains(want), "{message}");
        }
        other => panic!("{text}: {other:?}"),
    };
    check(
        "{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}",
        "depth",
    );
    check("{{ range 1000000000 }}{{ end }}", "steps");
    check("{{ range 1000000000 }}x{{ end }}", "steps");
    check(
        "{{ range 100 }}{{ range 100 }}xxxxxxxxxxxxxxxxxxxx{{ end }}{{ end }}",
        "output_bytes",
    );
    check("{{ printf \"%20000d\" 1 }}", "output_bytes");
    check(
        "{{ $x := \"ab\" }}{{ range 60 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}",
        "output_bytes",
    );
}

#[test]
fn values_do_not_grow_without_end() {
    let deep = run("{{ $x := list }}{{ range 1000 }}{{ $x = list $x }}{{ end }}").unwrap_err();
    assert!(
        deep.to_string().contains("nested more than 64 deep"),
        "{deep}"
    );
    let wide =
        run("{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}").unwrap_err();
    assert!(wide.to_string().contains("larger than"), "{wide}");
}

#[test]
fn nesting_is_bounded_when_parsed() {
    for text in [
        "(".repeat(5_000),
        "{{ if 1 }}".repeat(5_000),
        "{{ if 1 }}{{ else if 1 }}".repeat(2_000),
    ] {
        let text = format!("{{{{ {text}");
        assert!(matches!(run(&text), Err(Error::Parse { .. })));
    }
}

#[test]
fn random_texts_never_panic() {
    const PARTS: [&str; 40] = [
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        ".",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        ",",
        "if",
        "else",
        "range",
        "with",
        "end",
        "define",
        "template",
        "\"t\"",
        "break",
        "continue",
        "printf",
        "index",
        "slice",
        "list",
        "dict",
        "1",
        "-9",
        "1.5",
        "'é'",
        "\"%[2]*.[1]*f%z\"",
        "<a href=\"",
        "<script>",
        "'",
        "/*",
        "*/",
        "é",
        "\n",
    ];
    let mut random = binnacle_stdx::random::Random::new(11);
    for _ in 0..20_000 {
        let count = random.below(24);
        let text: String = (0..count).map(|_| *random.pick(&PARTS)).collect();
        for text in [format!("{{{{ {text} }}}}"), text] {
            let mut set = Set::new(alertmanager::functions()).with_limits(SMALL);
            if set.parse("t", &text).is_err() {
                continue;
            }
            let mut out = String::new();
            let _ = set.execute("t", &Value::Missing, &NoHost, &mut out);
            let _ = set.execute_html("t", &Value::Missing, &NoHost, &mut out);
        }
    }
}
