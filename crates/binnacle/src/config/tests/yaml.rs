//! Places, merge keys, and the bounds of the YAML reader.

use std::path::Path;

use binnacle_config::yaml::{DEPTH_MAX, Node, Out, Value, parse, print};

fn error(text: &str) -> String {
    match parse(Path::new("f.yml"), text) {
        Ok(_) => "reads".to_owned(),
        Err(e) => e.to_string(),
    }
}

/// The tree as an effective form, every scalar as text.
fn out(node: &Node) -> Out {
    match &node.value {
        Value::Scalar(s) => Out::Text(s.text.clone()),
        Value::List(items) => Out::List(items.iter().map(|n| out(n)).collect()),
        Value::Map(entries) => Out::Map(
            entries
                .iter()
                .map(|e| (e.key.text.clone(), out(&e.value)))
                .collect(),
        ),
    }
}

fn read(text: &str) -> Out {
    let root = parse(Path::new("f.yml"), text)
        .expect("it is YAML")
        .expect("it holds something");
    out(&root)
}

#[test]
fn mistakes_have_their_place() {
    let check = |text: &str, want: &str| assert_eq!(error(text), want, "{text}");
    check(
        "a: 1\nb: 2\na: 3\n",
        "f.yml:3:1: field \"a\" already set at line 1",
    );
    check(
        "a: {b: 1, b: 2}\n",
        "f.yml:1:11: field \"b\" already set at line 1",
    );
    check(
        "a: 1\n---\nb: 2\n",
        "f.yml:3:1: a second document starts here, only one is read",
    );
    check("a: 1\n---\n", "reads");
    check("---\na: 1\n...\n", "reads");
    check("", "reads");
    check(
        "a: &x [*x]\n",
        "f.yml:1:8: an anchor may not contain itself",
    );
    check("[a]: 1\n", "f.yml:1:1: a key must be text, not a list");
    check("a: !thing 1\n", "f.yml:1:4: the tag !thing is not known");
    check(
        "<<: 1\n",
        "f.yml:1:5: \"<<\" wants a mapping or a list of mappings, found the number 1",
    );
    check(
        "ä: 1\nä: 2\n",
        "f.yml:2:1: field \"ä\" already set at line 1",
    );
    for text in [
        "a: [1, 2\n",
        "a: \"\n",
        "a: *x\n",
        "a\n  b: c: d\n",
        "\t- a\n b",
    ] {
        let message = error(text);
        assert!(
            message.starts_with("f.yml:") && message.contains("not YAML"),
            "{text}: {message}"
        );
    }
}

#[test]
fn merge_keys_are_merged() {
    let check = |text: &str, want: &str| assert_eq!(print(&read(text)), want, "{text}");
    check(
        "base: &b {x: one, y: two}\nuse:\n  <<: *b\n  y: three\n",
        "base:\n  x: one\n  \"y\": two\nuse:\n  \"y\": three\n  x: one\n",
    );
    check(
        "a: &a {k: first}\nb: &b {k: second, l: other}\nc:\n  <<: [*a, *b]\n",
        "a:\n  k: first\nb:\n  k: second\n  l: other\nc:\n  k: first\n  l: other\n",
    );
}

#[test]
fn hostile_files_are_bounded() {
    let deep = format!("{}{}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
    let want = format!(
        "f.yml:1:{}: nested deeper than {DEPTH_MAX} levels",
        DEPTH_MAX + 1
    );
    assert_eq!(error(&deep), want);
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let items = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs.push_str(&format!("a{i}: &a{i} [{items}]\n"));
    }
    let message = error(&laughs);
    assert!(
        message.contains("more than 4000000 values once aliases are expanded"),
        "{message}"
    );
    assert!(message.starts_with("f.yml:7:"), "{message}");
}

#[test]
fn what_is_printed_reads_back() {
    let texts = [
        "",
        " ",
        "a",
        "true",
        "no",
        "null",
        "~",
        "1",
        "1.5",
        "0x1",
        ".inf",
        "<<",
        "- a",
        "-a",
        "-1",
        "a: b",
        "a #b",
        "a:",
        "#a",
        "'a'",
        "\"a\"",
        "a\nb",
        "tab\there",
        "\u{1}",
        "ü",
        "\u{feff}x",
        "[a]",
        "{a}",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "a\\b",
        "$1",
        "${1}:2",
        "(.*)",
        "\u{2028}",
        "a ",
        "?",
        "? a",
        "...",
        "---",
        "=",
        ";",
    ];
    for text in texts {
        let value = Out::Map(vec![(
            text.to_owned(),
            Out::List(vec![Out::Text(text.to_owned())]),
        )]);
        let printed = print(&value);
        assert_eq!(read(&printed), value, "{printed}");
    }
    let nested = Out::List(vec![
        Out::List(vec![
            Out::Text("a".to_owned()),
            Out::Map(vec![("k".to_owned(), Out::List(vec![]))]),
        ]),
        Out::Map(vec![(
            "e".to_owned(),
            Out::Map(vec![("f".to_owned(), Out::Text("g".to_owned()))]),
        )]),
    ]);
    assert_eq!(read(&print(&nested)), nested);
}
