//! Escaping by context: what is printed can never be more than data.

use std::sync::Arc;

use binnacle_template::functions::Functions;
use binnacle_template::value::{MAP, Safe};
use binnacle_template::{Function, Map, NoHost, Set, Type, Value};

fn run(text: &str) -> String {
    let safe = |kind: Safe| move |a: &[Value]| Ok(Value::Safe(kind, Arc::from(a[0].to_string())));
    let functions = Functions::builtins().with([
        Function::shared("safeHtml", &[Type::Str], safe(Safe::Html)),
        Function::shared("safeUrl", &[Type::Str], safe(Safe::Url)),
    ]);
    let entry = |name: &str, value: Value| (Arc::<str>::from(name), value);
    let data = Map::new(
        &MAP,
        vec![
            entry("X", "<b>\"'&+".into()),
            entry("U", "http://h/a b?c=d&e".into()),
            entry("J", "javascript:alert(1)".into()),
            entry("N", 5i64.into()),
            entry("L", Value::strings(["a", "</script>"])),
        ],
    );
    let mut set = Set::new(functions);
    let mut out = String::new();
    let result = set
        .parse("t", text)
        .and_then(|()| set.execute_html("t", &data.into(), &NoHost, &mut out));
    result.map_or_else(|e| e.to_string(), |()| out)
}

#[test]
fn values_are_escaped_for_their_place() {
    let check = |text: &str, want: &str| assert_eq!(run(text), want, "{text}");
    check("{{ .X }}", "&lt;b&gt;&#34;&#39;&amp;&#43;");
    check("{{ \"<i>\" | safeHtml }}{{ .None }}", "<i>");
    check(
        "<title>{{ .X }}</title>",
        "<title>&lt;b&gt;&#34;&#39;&amp;&#43;</title>",
    );
    check(
        "<a title=\"{{ .X }}\" alt='{{ .X }}'>",
        "<a title=\"&lt;b&gt;&#34;&#39;&amp;&#43;\" alt='&lt;b&gt;&#34;&#39;&amp;&#43;'>",
    );
    check(
        "<a title={{ .U }} b>",
        "<a title=http://h/a&#32;b?c&#61;d&amp;e b>",
    );
    check("<a title={{ \"\" }} b>", "<a title=ZgotmplZ b>");
    check(
        "<a href=\"{{ .U }}\">",
        "<a href=\"http://h/a%20b?c=d&amp;e\">",
    );
    check("<a href=\"{{ .J }}\">", "<a href=\"#ZgotmplZ\">");
    check(
        "<a href=\"/x/{{ .J }}\">",
        "<a href=\"/x/javascript:alert%281%29\">",
    );
    check(
        "<a href=\"/?q={{ .U }}\">",
        "<a href=\"/?q=http%3a%2f%2fh%2fa%20b%3fc%3dd%26e\">",
    );
    check(
        "<a href=\"{{ .J | safeUrl }}\">",
        "<a href=\"javascript:alert%281%29\">",
    );
    check(
        "<a href='/?{{ if .N }}a{{ else }}b{{ end }}={{ .X | urlquery }}'>",
        "<a href='/?a=%3Cb%3E%22%27%26%2B'>",
    );
    check("{{ .X | html }}", "&lt;b&gt;&#34;&#39;&amp;+");
    check("{{ html \"<\" 1 }}", "&lt;1");
    check(
        "<script>x = {{ .X }}; y = {{ .L }} + {{ .N }};</script>",
        "<script>x = \"\\u003cb\\u003e\\\"'\\u0026+\"; y = [\"a\",\"\\u003c/script\\u003e\"] +  5 ;</script>",
    );
    check(
        "<script>x = '{{ .X }}'</script>",
        "<script>x = '\\u003cb\\u003e\\u0022\\u0027\\u0026\\u002b'</script>",
    );
    check(
        "<b onclick=\"f({{ .X }})\">",
        "<b onclick=\"f(&#34;\\u003cb\\u003e\\&#34;&#39;\\u0026&#43;&#34;)\">",
    );
    check(
        "<p style=\"color: {{ .X }}; width: {{ .N }}px\">",
        "<p style=\"color: ZgotmplZ; width: 5px\">",
    );
    check(
        "<style>p { color: {{ .J }} }</style>",
        "<style>p { color: ZgotmplZ }</style>",
    );
    check("<{{ .X }}>", "&lt;&lt;b&gt;&#34;&#39;&amp;&#43;>");
    check(
        "<a {{ .X }}=1 {{ \"class\" }}=2 {{ \"onclick\" }}=3>",
        "<a ZgotmplZ=1 class=2 ZgotmplZ=3>",
    );
    check(
        "a<!-- {{ .X }} -->b 1 < 2 <!DOCTYPE html>",
        "ab 1 &lt; 2 <!DOCTYPE html>",
    );
    check(
        "<script>/* {{ .X }} */ a // {{ .X }}\n</script>",
        "<script>   a \n</script>",
    );
    check(
        "<img srcset=\"{{ .J }}\"><img src=\"{{ .J }}\">",
        "<img srcset=\"#ZgotmplZ\"><img src=\"#ZgotmplZ\">",
    );
    check(
        "<script>var r = /a\"b/; var x = {{ .N }}</script>",
        "<script>var r = /a\"b/; var x =  5 </script>",
    );
    check(
        "<textarea></textarea{{ .X }}></textarea>",
        "<textarea>&lt;/textarea&lt;b&gt;&#34;&#39;&amp;&#43;></textarea>",
    );
}

#[test]
fn templates_are_escaped_for_each_caller() {
    let text = "{{ define \"x\" }}{{ .X }}{{ end }}{{ template \"x\" . }}<a href=\"?{{ template \"x\" . }}\">";
    assert_eq!(
        run(text),
        "&lt;b&gt;&#34;&#39;&amp;&#43;<a href=\"?%3cb%3e%22%27%26%2b\">"
    );
    let recursive = "{{ define \"r\" }}{{ if .N }}<p>{{ .X }}{{ template \"r\" .L }}{{ end }}{{ end }}{{ template \"r\" . }}";
    assert!(
        run(recursive).contains("can't evaluate field N"),
        "{}",
        run(recursive)
    );
}

#[test]
fn what_cannot_be_safe_is_refused() {
    let check = |text: &str, want: &str| {
        let got = run(text);
        assert!(
            got.starts_with("html/template:t") && got.contains(want),
            "{text}: {got}"
        );
    };
    check(
        "{{ if .N }}<a{{ end }}",
        "branches end in different contexts",
    );
    check("<a href=\"", "ends in a non-text context");
    check("{{ range .L }}<a {{ end }}", "in attribute name");
    check("<script>`{{ .X }}`</script>", "no escaping makes it safe");
    check("<script>/{{ .X }}/</script>", "no escaping makes it safe");
    check(
        "<style>p { background: url({{ .U }}) }</style>",
        "no escaping makes it safe",
    );
    check(
        "<p style=\"font: '{{ .X }}'\">",
        "no escaping makes it safe",
    );
    check(
        "{{ .X | html | print }}",
        "predefined escaper \"html\" disallowed",
    );
    check("<a b=\"c\"d'>", "in attribute name");
    check("<a title=x\"{{ .X }}>", "in unquoted attr");
    check(
        "<a href=\"{{ if .N }}/a{{ else }}?b{{ end }}{{ .X }}\">",
        "ambiguous context",
    );
    check("<p>{{ template \"none\" }}", "no such template \"none\"");
}
