//! The language itself: what templates print, and what they complain about.

use std::sync::Arc;

use binnacle_template::functions::Functions;
use binnacle_template::value::MAP;
use binnacle_template::{Function, Map, MissingKey, NoHost, Set, Type, Value};

fn data() -> Value {
    let entry = |name: &str, value: Value| (Arc::<str>::from(name), value);
    let inner = Map::of_strings([("k", "v"), ("a", "b")]);
    let entries = vec![
        entry("S", "text".into()),
        entry("E", "".into()),
        entry("I", 7i64.into()),
        entry("F", 2.5.into()),
        entry("T", true.into()),
        entry("N", Value::Nil),
        entry("L", Value::strings(["x", "y", "z"])),
        entry(
            "A",
            Value::list(vec![1i64.into(), "two".into(), Value::Nil]),
        ),
        entry("M", inner.into()),
        entry("D", Value::Duration(90_000_000_000)),
        entry(
            "Fn",
            Value::Function(Arc::new(Function::plain("twice", &[Type::Str], |a| {
                Ok(format!("{0}{0}", a[0]).into())
            }))),
        ),
    ];
    Map::new(&MAP, entries).into()
}

fn run(text: &str, missing: MissingKey) -> String {
    let mut set = Set::new(Functions::builtins()).with_missing_key(missing);
    let mut out = String::new();
    let result = set
        .parse("t", text)
        .and_then(|()| set.execute("t", &data(), &NoHost, &mut out));
    match result {
        Ok(()) => out,
        Err(error) => error.to_string(),
    }
}

fn check(text: &str, want: &str) {
    assert_eq!(run(text, MissingKey::Default), want, "{text}");
}

#[test]
fn texts_and_trim_markers() {
    check("a {{- 1 -}} b", "a1b");
    check("a\n\t{{- /* comment */ -}}\n b", "ab");
    check("a {{/* comment */}} b", "a  b");
    check("{{- 3 -}}", "3");
    check("{{-3}}", "-3");
    check("{{ 3 }}{{`raw\n\"`}}{{\"q\\t\\u00e9\"}}", "3raw\n\"q\té");
    check("{{}}", "template: t:1: missing value for command");
    check("{{", "template: t:1: unclosed action");
    check("a\n{{ \"x", "template: t:2: unterminated quoted string");
    check("{{/* x", "template: t:1: unclosed comment");
    check(
        "{{/* x */ y}}",
        "template: t:1: comment ends before closing delimiter",
    );
    check("{{ 1 \n 2", "template: t:2: unclosed action started at t:1");
}

#[test]
fn constants() {
    check(
        "{{ 0x1F }} {{ 1_000 }} {{ 0b11 }} {{ 0o17 }} {{ 'a' }} {{ 1e3 }} {{ 0x1p4 }}",
        "31 1000 3 15 97 1000 16",
    );
    check(
        "{{ -1.5 }} {{ .5 }} {{ 1e100 }} {{ 1000000.0 }} {{ true }}",
        "-1.5 0.5 1e+100 1e+06 true",
    );
    check(
        "{{ 1i }}",
        "template: t:1: imaginary numbers are not supported: 1i",
    );
    check(
        "{{ 1+2i }}",
        "template: t:1: imaginary numbers are not supported: 1+2i",
    );
    check("{{ 1a }}", "template: t:1: bad number syntax: \"1a\"");
    check(
        "{{ 99999999999999999999 }}",
        "template: t:1: integer overflow: \"99999999999999999999\"",
    );
    check(
        "{{ nil }}",
        "template: t:1:3: executing \"t\" at <nil>: nil is not a command",
    );
}

#[test]
fn fields_and_missing_keys() {
    check("{{ .S }} {{ .M.k }} {{ .I }} {{ .D }}", "text v 7 1m30s");
    check(
        "{{ .X }}|{{ .X.Y }}|{{ .M.x }}|{{ .N }}",
        "<no value>|<no value>|<no value>|<no value>",
    );
    check(
        "{{ .N.x }}",
        "template: t:1:5: executing \"t\" at <.N.x>: nil pointer evaluating interface {}.x",
    );
    check(
        "{{ .S.x }}",
        "template: t:1:5: executing \"t\" at <.S.x>: can't evaluate field x in type interface {}",
    );
    check(
        "{{ .M.k 1 }}",
        "template: t:1:5: executing \"t\" at <.M.k>: k is not a method but has arguments",
    );
    check("{{ .D.Seconds }} {{ .D.String }}", "90 1m30s");
    check("{{ (index .A 1) }} {{ (.M).k }}", "two v");
    check(
        "{{ .S.T.U }}\n",
        "template: t:1:5: executing \"t\" at <.S.T.U>: can't evaluate field T in type interface {}",
    );
    assert_eq!(run("{{ .X }}|{{ .M.x }}", MissingKey::Zero), "<no value>|");
    assert_eq!(
        run("\n {{ .X }}", MissingKey::Error),
        "template: t:2:4: executing \"t\" at <.X>: map has no entry for key \"X\""
    );
}

#[test]
fn variables_have_scopes() {
    check(
        "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := $x }}{{ $y }}{{ end }}{{ $x }}",
        "22",
    );
    check(
        "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}",
        "1",
    );
    check(
        "{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}",
        "template: t:1: undefined variable \"$y\"",
    );
    check("{{ $x }}", "template: t:1: undefined variable \"$x\"");
    check("{{ with $x := .S }}{{ $x }}{{ $.I }}{{ end }}", "text7");
    check(
        "{{ $x, $y := 1 }}",
        "template: t:1: too many declarations in command",
    );
    check(
        "{{ define \"d\" }}{{ $ }}{{ end }}{{ template \"d\" 5 }}",
        "5",
    );
}

#[test]
fn branches() {
    check("{{ if .E }}a{{ else if .I }}b{{ else }}c{{ end }}", "b");
    check(
        "{{ with .E }}a{{ else with .S }}{{ . }}{{ else }}c{{ end }}",
        "text",
    );
    check("{{ if and .T .S }}{{ or .E \"d\" }}{{ end }}", "d");
    check("{{ if not .N }}n{{ end }}", "n");
    check("{{ if .S }}", "template: t:1: unexpected EOF");
    check("{{ end }}", "template: t:1: unexpected {{end}}");
    check(
        "{{ if 1 }}{{ else }}{{ else }}{{ end }}",
        "template: t:1: expected end; found {{else}}",
    );
    check(
        "{{ range .L }}{{ else if 1 }}{{ end }}",
        "template: t:1: unexpected <if> in input",
    );
}

#[test]
fn loops() {
    check("{{ range .L }}{{ . }}{{ end }}", "xyz");
    check(
        "{{ range $i, $e := .L }}{{ $i }}{{ $e }} {{ end }}",
        "0x 1y 2z ",
    );
    check(
        "{{ range $k, $v := .M }}{{ $k }}={{ $v }} {{ end }}",
        "a=b k=v ",
    );
    check(
        "{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}",
        "01201",
    );
    check(
        "{{ range .E }}{{ else }}none{{ end }}",
        "template: t:1:9: executing \"t\" at <.E>: range can't iterate over ",
    );
    check("{{ range .N }}{{ else }}none{{ end }}", "none");
    check(
        "{{ range .L }}{{ if eq . \"y\" }}{{ continue }}{{ end }}{{ . }}{{ end }}",
        "xz",
    );
    check("{{ range .L }}{{ . }}{{ break }}{{ else }}e{{ end }}", "x");
    check(
        "{{ range .L }}{{ range $.L }}{{ break }}{{ end }}{{ . }}{{ end }}",
        "xyz",
    );
    check("{{ break }}", "template: t:1: {{break}} outside {{range}}");
    check(
        "{{ $x := 0 }}{{ range .L }}{{ $x = . }}{{ end }}{{ $x }}",
        "z",
    );
    check("{{ $x := 0 }}{{ range $x = .L }}{{ end }}{{ $x }}", "z");
}

#[test]
fn templates() {
    check(
        "{{ define \"a\" }}<{{ . }}>{{ end }}{{ template \"a\" .S }}{{ template \"a\" }}",
        "<text><<no value>>",
    );
    check("{{ block \"b\" .I }}{{ . }}{{ end }}", "7");
    check(
        "{{ template \"none\" }}",
        "template: t:1:12: executing \"t\" at <{{template \"none\"}}>: template \"none\" not defined",
    );
    check(
        "{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}",
        "template: t:1: template: multiple definition of template \"a\"",
    );
    check(
        "{{ define \"a\" }}{{ .X.Y }}{{ template \"c\" }}{{ end }}\n{{ template \"a\" }}",
        "\ntemplate: t:1:38: executing \"a\" at <{{template \"c\"}}>: template \"c\" not defined"
            .trim_start(),
    );
    check(
        "{{ define 1 }}{{ end }}",
        "template: t:1: unexpected \"1\" in define clause",
    );
}

#[test]
fn pipelines_and_functions() {
    check("{{ \"a\" | printf \"%s-%s\" \"b\" }}", "b-a");
    check(
        "{{ 1 | 2 }}",
        "template: t:1: non executable command in pipeline stage 2",
    );
    check(
        "{{ nothing 1 }}",
        "template: t:1: function \"nothing\" not defined",
    );
    check(
        "{{ .S 1 }}",
        "template: t:1:3: executing \"t\" at <.S>: S is not a method but has arguments",
    );
    check(
        "{{ 1 2 }}",
        "template: t:1:3: executing \"t\" at <1>: can't give argument to non-function 1",
    );
    check(
        "{{ not }}",
        "template: t:1:3: executing \"t\" at <not>: wrong number of args for not: want 1 got 0",
    );
    check(
        "{{ printf 1 }}",
        "template: t:1:10: executing \"t\" at <1>: expected string; found 1",
    );
    check(
        "{{ printf .I }}",
        "template: t:1:10: executing \"t\" at <.I>: wrong type for value; expected string; got int",
    );
    check(
        "{{ index .L 5 }}",
        "template: t:1:3: executing \"t\" at <index .L 5>: error calling index: index out of range: 5",
    );
    check(
        "{{ index .M \"k\" }} {{ index .L 1 }} {{ index \"abc\" 1 }} {{ index .M \"none\" }}|",
        "v y 98 |",
    );
    check(
        "{{ slice \"hello\" 1 3 }} {{ slice .L 1 }} {{ len .M }} {{ len \"é\" }}",
        "el [y z] 2 2",
    );
    check(
        "{{ slice .L 2 1 }}",
        "template: t:1:3: executing \"t\" at <slice .L 2 1>: error calling slice: invalid slice index: 2 > 1",
    );
    check("{{ call .Fn \"a\" }}", "aa");
    check(
        "{{ call .Fn 1 }}",
        "template: t:1:3: executing \"t\" at <call .Fn 1>: error calling call: arg 0: value has type int; should be string",
    );
    check("{{ and 0 (index .L 9) }} {{ or 1 (index .L 9) }}", "0 1");
    check(
        "{{ html \"<a'&>\" }} {{ js \"a'<\\n\" }} {{ urlquery \"a b\" \"&\" }}",
        "&lt;a&#39;&amp;&gt; a\\'\\u003C\\u000A a+b%26",
    );
    check(
        "{{ print 1 2 \"a\" 3 }} {{ println 1 \"b\" }}",
        "1 2a3 1 b\n",
    );
    check(
        "{{ .L }} {{ .M }} {{ .A }}",
        "[x y z] map[a:b k:v] [1 two <nil>]",
    );
}

#[test]
fn comparisons() {
    check(
        "{{ eq 1 1 }} {{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1.5 2.5 }} {{ ge \"b\" \"a\" }}",
        "true true true true true",
    );
    check("{{ eq .N nil }} {{ eq .S nil }}", "true false");
    check(
        "{{ eq 1 1.0 }}",
        "template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible types for comparison",
    );
    check(
        "{{ lt true false }}",
        "template: t:1:3: executing \"t\" at <lt true false>: error calling lt: invalid type for comparison",
    );
    check(
        "{{ eq 1 }}",
        "template: t:1:3: executing \"t\" at <eq 1>: error calling eq: missing argument for comparison",
    );
    check("{{ gt .D 5 }}", "true");
}

#[test]
fn printf_is_go_s() {
    let check = |call: &str, want: &str| check(&format!("{{{{ printf {call} }}}}"), want);
    check(
        "\"%d|%5d|%-5d|%05d|%+d|% d\" 1 2 3 4 5 6",
        "1|    2|3    |00004|+5| 6",
    );
    check(
        "\"%s|%5s|%-5s|%.2s|%q|%x|% X\" \"a\" \"b\" \"c\" \"def\" \"g\" \"hi\" \"jk\"",
        "a|    b|c    |de|\"g\"|6869|6A 6B",
    );
    check(
        "\"%f|%.2f|%8.3f|%e|%g|%G|%08.3f|%+.1f\" 1.5 2.345 3.14159 1234.5 1e21 1e-7 -3.14159 2.0",
        "1.500000|2.35|   3.142|1.234500e+03|1e+21|1E-07|-003.142|+2.0",
    );
    check(
        "\"%t|%v|%c|%U|%#U|%b|%o|%O|%#x\" true nil 65 67 68 5 8 8 255",
        "true|<nil>|A|U+0043|U+0044 'D'|101|10|0o10|0xff",
    );
    check(
        "\"%d %s %t\" \"x\" 3 nil",
        "%!d(string=x) %!s(int=3) %!t(<nil>)",
    );
    check("\"%d %s\" 1", "1 %!s(MISSING)");
    check("\"%d\" 1 \"x\" nil", "1%!(EXTRA string=x, <nil>)");
    check("\"%[2]d %[1]d %d\" 1 2", "2 1 2");
    check("\"%[3]d %z %\" 1", "%!d(BADINDEX) %!z(int=1) %!(NOVERB)");
    check("\"%*d|%-*d|%.*f\" 4 1 4 2 1 3.25", "   1|2   |3.2");
    check(
        "\"%v %d %q %x\" .L .A .L .L",
        "[x y z] [1 %!d(string=two) <nil>] [\"x\" \"y\" \"z\"] [78 79 7a]",
    );
    check(
        "\"%T %T %T %T\" 1 \"a\" nil .L",
        "int string <nil> []string",
    );
    check("\"%p\" 1", "%!p(int=1)");
    check("\"%6.2f%%\" 12.345", " 12.35%");
    check("\"%v %s %d\" .D .D .D", "1m30s 1m30s 90000000000");
}
