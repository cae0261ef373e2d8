//! Prometheus' own cases, alert texts, and the lint.

use binnacle_model::Labels;
use binnacle_template::prometheus::{
    AlertContext, AlertTemplate, Expander, graph_link, no_query, query_result, table_link,
};
use binnacle_template::{Limits, MissingKey, Value, prometheus};
use serde_json::Value as Json;

use crate::conformance::{cases, value};

fn labels(json: &Json) -> Labels {
    let pairs = json.as_object().into_iter().flatten();
    Labels::from_pairs(pairs.map(|(n, v)| (n.as_str(), v.as_str().expect("a text"))))
}

#[test]
fn upstream_cases() {
    let mut passed = 0;
    for case in cases("prometheus/template") {
        let samples = case["query_result"].as_array().cloned().unwrap_or_default();
        // Histograms are not among the samples that templates query here.
        if case.to_string().contains("\"Count\"") {
            continue;
        }
        let query = |_: &str| -> Result<Vec<(Labels, f64)>, String> {
            let sample = |s: &Json| (labels(&s["Metric"]), s["F"].as_f64().unwrap_or(0.0));
            Ok(samples.iter().map(sample).collect())
        };
        let data = value(&case["input"]);
        let missing_key = match case["options"][0].as_str() {
            None | Some("missingkey=zero") => MissingKey::Zero,
            Some("missingkey=error") => MissingKey::Error,
            Some(_) => MissingKey::Default,
        };
        let expander = Expander {
            name: "test",
            text: case["text"].as_str().expect("text"),
            data: &data,
            now_ms: 1_353_755_652_000,
            external_url: "http://testhost:9090/path/prefix",
            query: &query,
            missing_key,
            limits: Limits::default(),
        };
        let got = match case["html"] == true {
            true => expander.expand_html(&[]),
            false => expander.expand(),
        };
        let got = got.map_err(|e| e.to_string());
        match case["error"].as_str() {
            Some(error) => assert_eq!(got.as_ref().unwrap_err(), error, "{case}"),
            None => assert_eq!(
                got.as_deref(),
                Ok(case["output"].as_str().expect("output")),
                "{case}"
            ),
        }
        passed += 1;
    }
    println!("prometheus/template: {passed} cases");
}

#[test]
fn upstream_links() {
    for case in cases("prometheus/graph_links") {
        let expression = case["expression"].as_str().expect("expression");
        assert_eq!(graph_link(expression), case["expectedGraphLink"]);
        assert_eq!(table_link(expression), case["expectedTableLink"]);
    }
}

#[test]
fn upstream_rule_texts() {
    for case in cases("prometheus/rulefmt_templates") {
        let rules = case["rules"].as_str().expect("rules");
        let texts = rules
            .lines()
            .filter_map(|line| line.split_once(": \"")?.1.strip_suffix('"'));
        let valid = texts
            .map(|text| AlertTemplate::parse("__alert_InstanceDown", text))
            .all(|parsed| parsed.is_ok());
        assert_eq!(valid, case["valid"] == true, "{case}");
    }
}

fn expand(text: &str) -> String {
    let labels = Labels::from_pairs([("instance", "a:1"), ("job", "x")]);
    let external_labels = Labels::from_pairs([("region", "eu")]);
    let query = |q: &str| -> Result<Vec<(Labels, f64)>, String> {
        match q {
            "up" => Ok(vec![(Labels::from_pairs([("instance", "b")]), 7.5)]),
            _ => Err("no such query".to_owned()),
        }
    };
    let context = AlertContext {
        labels: &labels,
        external_labels: &external_labels,
        external_url: "http://x:9090/p?q",
        value: 1_234_567.0,
        now_ms: 1_500,
        query: &query,
    };
    let template = match AlertTemplate::parse("__alert_A", text) {
        Ok(template) => template,
        Err(error) => return error.to_string(),
    };
    template.expand_or_error(&context).0
}

#[test]
fn alert_texts_expand() {
    let check = |text: &str, want: &str| assert_eq!(expand(text), want, "{text}");
    check("plain", "plain");
    check("}} {x", "}} {x");
    check("{{ $labels.instance }} {{ $value }}", "a:1 1.234567e+06");
    check("{{ .Labels.job }}/{{ $externalLabels.region }}", "x/eu");
    check(
        "{{ $externalURL }}{{ pathPrefix }} {{ now }}",
        "http://x:9090/p?q/p 1.5",
    );
    check("{{ $labels.none }}|", "|");
    check("{{ humanize $value }}", "1.235M");
    check(
        "{{ range query \"up\" }}{{ .Labels.instance }}={{ .Value }}{{ end }}",
        "b=7.5",
    );
    check(
        "{{ with query \"up\" }}{{ . | first | value | printf \"%.2f\" }}{{ end }}",
        "7.50",
    );
    check(
        "{{ query \"nope\" }}",
        "<error expanding template: error executing template __alert_A: template: \
         __alert_A:1:115: executing \"__alert_A\" at <query \"nope\">: error calling query: \
         no such query>",
    );
    check(
        "{{ .Labels.a.b }}",
        "<error expanding template: error executing template __alert_A: template: \
         __alert_A:1:122: executing \"__alert_A\" at <.Labels.a.b>: can't evaluate field b in \
         type string>",
    );
    check(
        "{{ $label.x }}",
        "template: __alert_A:1: undefined variable \"$label\"",
    );
    check(
        "{{ tmpl \"x\" . }}",
        "template: __alert_A:1: function \"tmpl\" not defined",
    );
}

#[test]
fn alert_texts_are_linted() {
    let check = |text: &str, want: &[(&str, usize, usize)]| {
        let template = AlertTemplate::parse("__alert_A", text).expect(text);
        let got: Vec<_> = template
            .lint()
            .into_iter()
            .map(|p| (p.message, p.line, p.column))
            .collect();
        let want: Vec<_> = want
            .iter()
            .map(|(m, l, c)| ((*m).to_owned(), *l, *c))
            .collect();
        assert_eq!(got, want, "{text}");
    };
    let alert = "the alert, which has .Labels, .ExternalLabels, .ExternalURL and .Value";
    check("{{ $labels.instance }} {{ .Value }}", &[]);
    check(
        "{{ .Label.foo }}",
        &[(
            &format!(".Label.foo: there is no field Label in {alert}"),
            1,
            3,
        )],
    );
    check(
        "a\n {{ .labels.foo }}",
        &[(
            &format!(".labels.foo: there is no field labels in {alert}"),
            2,
            4,
        )],
    );
    check(
        "{{ $labels.a.b }}",
        &[("$labels.a.b: there is no field b in a text", 1, 3)],
    );
    check(
        "{{ $value.x }}",
        &[("$value.x: there is no field x in a number", 1, 3)],
    );
    check(
        "{{ range query \"up\" }}{{ .instance }}{{ end }}",
        &[(
            ".instance: there is no field instance in a sample, which has .Labels and .Value",
            1,
            25,
        )],
    );
    check(
        "{{ range $i, $s := query \"up\" }}{{ $s.Labels.x }}{{ end }}",
        &[],
    );
    check("{{ with .Labels.x }}{{ . }}{{ end }}", &[]);
    check(
        "{{ template \"x\" }}",
        &[("template \"x\" not defined", 1, 12)],
    );
    check(
        "{{ define \"t\" }}{{ .Foo }}{{ end }}{{ template \"t\" . }}",
        &[(&format!(".Foo: there is no field Foo in {alert}"), 1, 19)],
    );
}

#[test]
fn references_and_queries_are_found() {
    let template = AlertTemplate::parse(
        "a",
        "{{ $labels.x }}\n{{ index .Labels \"y\" }} {{ $value }}",
    )
    .expect("it parses");
    let found: Vec<_> = template
        .references()
        .into_iter()
        .map(|r| (r.of, r.label.unwrap_or_default(), r.line))
        .collect();
    let want = [("Labels", "x", 1), ("Labels", "y", 2), ("Value", "", 2)];
    assert_eq!(
        found,
        want.map(|(of, label, line)| (of, label.to_owned(), line))
    );
    assert!(!template.uses_query());
    let check = |text: &str, want: bool| {
        assert_eq!(
            AlertTemplate::parse("a", text).expect(text).uses_query(),
            want,
            "{text}"
        );
    };
    check("query", false);
    check(
        "{{ if true }}{{ (query \"x\" | first).Value }}{{ end }}",
        true,
    );
}

#[test]
fn consoles_include_each_other() {
    let expander = Expander {
        name: "page",
        text: "<p>{{ tmpl \"part\" (args 1 \"<b>\") }}</p>{{ define \"loop\" }}{{ tmpl \"loop\" . }}{{ end }}",
        data: &Value::Missing,
        now_ms: 0,
        external_url: "",
        query: &no_query,
        missing_key: MissingKey::Zero,
        limits: Limits::default(),
    };
    let part = ("part", "{{ .arg0 }} {{ .arg1 }}");
    assert_eq!(
        expander.expand_html(&[part]).as_deref(),
        Ok("<p>1 &lt;b&gt;</p>")
    );
    let circle = Expander {
        text: "{{ tmpl \"page\" . }}",
        ..expander
    };
    let error = circle.expand_html(&[]).unwrap_err().to_string();
    assert!(error.contains("include each other"), "{error}");
}

#[test]
fn samples_print_as_in_go() {
    let sample = prometheus::Sample::new(&Labels::from_pairs([("a", "b")]), 1.5.into());
    assert_eq!(query_result([sample]).to_string(), "[{map[a:b] 1.5}]");
}
