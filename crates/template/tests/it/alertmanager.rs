//! Alertmanager's own cases.

use binnacle_template::alertmanager::{Alert, Data, Kv, Mode, Template, fingerprint, to_json};
use binnacle_template::{Time, Value};
use serde_json::Value as Json;

use crate::conformance::{STRUCT, Struct, cases, value};

const URL: &str = "http://am:9093";

fn now() -> Time {
    Time::from_unix(1_700_000_000, 0)
}

fn kv(json: &Json) -> Kv {
    let pairs = json.as_object().into_iter().flatten();
    pairs
        .map(|(n, v)| (n.as_str(), v.as_str().expect("a text")))
        .collect()
}

/// Data by Go's names of the fields.
fn data(json: &Json) -> Data {
    Data {
        group_labels: kv(&json["GroupLabels"]),
        route_labels: kv(&json["RouteLabels"]),
        ..Data::default()
    }
}

fn run(template: &Template, case: &Json, mode: Mode) -> Result<String, String> {
    let text = case["in"].as_str().expect("in");
    let given = &case["data"];
    let result = if let Some(alerts) = given["Alerts"].as_array() {
        // As the case has them: without annotations, which is null in Go.
        let alerts = alerts.iter().map(|a| {
            Value::object(Struct(
                &STRUCT,
                vec![
                    ("Status", "status", value(&a["Status"])),
                    ("Labels", "labels", kv(&a["Labels"]).to_value()),
                    ("Annotations", "annotations", Value::Nil),
                    ("StartsAt", "startsAt", Time::default().into()),
                    ("EndsAt", "endsAt", Time::default().into()),
                    ("GeneratorURL", "generatorURL", "".into()),
                    ("Fingerprint", "fingerprint", "".into()),
                ],
            ))
        });
        let alerts = Value::list(alerts.collect());
        let dot = Value::object(Struct(&STRUCT, vec![("Alerts", "alerts", alerts)]));
        template.execute(text, &dot, &now(), mode)
    } else if given.get("RouteLabels").is_some() || given.get("GroupLabels").is_some() {
        template.text(text, &data(given), &now())
    } else {
        template.execute(text, &value(given), &now(), mode)
    };
    result.map_err(|e| e.to_string())
}

#[test]
fn upstream_expansions() {
    let template = Template::new(URL).expect("defaults");
    let mut passed = 0;
    for case in cases("alertmanager/template") {
        let mode = if case["html"] == true {
            Mode::Html
        } else {
            Mode::Text
        };
        let got = run(&template, &case, mode);
        if case["fail"] == true {
            assert!(got.is_err(), "{case}: {got:?}");
        } else {
            assert_eq!(
                got.as_deref(),
                Ok(case["out"].as_str().expect("out")),
                "{case}"
            );
        }
        passed += 1;
    }
    println!("alertmanager/template: {passed} cases");
}

#[test]
fn upstream_functions() {
    let template = Template::new(URL).expect("defaults");
    let mut passed = 0;
    for case in cases("alertmanager/template_funcs") {
        let got = run(&template, &case, Mode::Text);
        match case["error"].as_str() {
            Some(error) => assert_eq!(got.unwrap_err(), error, "{case}"),
            None => assert_eq!(
                got.as_deref(),
                Ok(case["out"].as_str().expect("out")),
                "{case}"
            ),
        }
        passed += 1;
    }
    println!("alertmanager/template_funcs: {passed} cases");
}

#[test]
fn upstream_data() {
    for case in cases("alertmanager/template_data") {
        let alerts = case["alerts"].as_array().cloned().unwrap_or_default();
        let alerts = alerts.iter().map(|a| {
            let a = &a["Alert"];
            let labels = kv(&a["Labels"]);
            let ended = a.get("EndsAt").is_some();
            Alert {
                status: if ended { "resolved" } else { "firing" }.to_owned(),
                fingerprint: fingerprint(&labels),
                labels,
                annotations: kv(&a["Annotations"]),
                ..Alert::default()
            }
        });
        let got = Data::assemble(
            case["receiver"].as_str().expect("receiver"),
            kv(&case["groupLabels"]),
            Kv::default(),
            "first notification",
            alerts.collect(),
            URL,
        );
        let want = &case["exp"];
        assert_eq!(got.receiver, want["Receiver"], "{case}");
        assert_eq!(got.status, want["Status"], "{case}");
        assert_eq!(got.notification_reason, want["NotificationReason"]);
        assert_eq!(got.common_labels, kv(&want["CommonLabels"]), "{case}");
        assert_eq!(
            got.common_annotations,
            kv(&want["CommonAnnotations"]),
            "{case}"
        );
        for (got, want) in got
            .alerts
            .iter()
            .zip(want["Alerts"].as_array().expect("alerts"))
        {
            assert_eq!(got.fingerprint, want["Fingerprint"]);
            assert_eq!(got.status, want["Status"]);
        }
    }
}

#[test]
fn route_labels_are_templates() {
    let template = Template::new(URL).expect("defaults");
    let data = Data {
        group_labels: [("x", "v")].into_iter().collect(),
        route_labels: [
            ("a", "{{ .GroupLabels.x }}{{ routeLabels \"b\" }}"),
            ("b", "w"),
            ("c", "{{ routeLabels \"c\" }}"),
        ]
        .into_iter()
        .collect(),
        ..Data::default()
    };
    assert_eq!(
        template.route_label("a", &data, &now()).as_deref(),
        Ok("vw")
    );
    assert_eq!(
        template.route_label("none", &data, &now()).as_deref(),
        Ok("")
    );
    let error = template
        .route_label("c", &data, &now())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("route label cycle detected: c -> c"),
        "{error}"
    );
    let rendered = Data {
        route_labels_rendered: true,
        also_firing: Vec::new(),
        ..data
    };
    assert_eq!(
        template.route_label("c", &rendered, &now()).as_deref(),
        Ok("{{ routeLabels \"c\" }}")
    );
}

#[test]
fn files_go_over_the_defaults() {
    let files = [
        (
            "my.tmpl",
            "{{ define \"__subject\" }}S{{ end }}{{ define \"mine\" }}{{ .Status }}{{ end }}",
        ),
        ("empty.tmpl", "{{ define \"mine\" }} {{ end }}"),
    ];
    let template = Template::with_files(URL, files).expect("they parse");
    let data = Data {
        status: "firing".to_owned(),
        ..Data::default()
    };
    let text = |text: &str| {
        template
            .text(text, &data, &now())
            .map_err(|e| e.to_string())
    };
    assert_eq!(
        text("{{ template \"slack.default.title\" . }}/{{ template \"mine\" . }}").as_deref(),
        Ok("S/firing")
    );
    assert_eq!(
        text("{{ template \"none\" . }}").unwrap_err(),
        "template: :1:12: executing \"\" at <{{template \"none\" .}}>: template \"none\" not defined"
    );
    assert!(Template::with_files(URL, [("bad.tmpl", "{{")]).is_err());
    assert!(template.check("{{ end }}").is_err());
}

#[test]
fn data_say_themselves_in_json() {
    let data = Data::assemble(
        "a.b",
        Kv::default(),
        Kv::default(),
        "",
        vec![],
        "http://x/<>&",
    );
    assert_eq!(
        data.to_json(),
        "{\"receiver\":\"a\\\\.b\",\"status\":\"resolved\",\"alerts\":[],\"notification_reason\":\"\",\
         \"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},\"routeLabels\":{},\
         \"externalURL\":\"http://x/\\u003c\\u003e\\u0026\"}"
    );
    assert_eq!(to_json(&Value::Float(1e-9)).as_deref(), Ok("1e-9"));
    assert_eq!(to_json(&Value::Float(1e21)).as_deref(), Ok("1e+21"));
    assert!(to_json(&Value::Float(f64::NAN)).is_err());
}

#[test]
fn methods_of_labels() {
    let template = Template::new(URL).expect("defaults");
    let labels: Kv = [("z", "1"), ("alertname", "A"), ("b", "2")]
        .into_iter()
        .collect();
    let data = Data {
        common_labels: labels,
        group_labels: [("b", "2")].into_iter().collect(),
        alerts: vec![
            Alert {
                status: "firing".to_owned(),
                ..Alert::default()
            },
            Alert {
                status: "resolved".to_owned(),
                ..Alert::default()
            },
        ],
        ..Data::default()
    };
    let check = |text: &str, want: &str| {
        let got = template
            .text(text, &data, &now())
            .map_err(|e| e.to_string());
        assert_eq!(got.as_deref(), Ok(want), "{text}");
    };
    check("{{ .CommonLabels }}", "alertname=A, b=2, z=1");
    check(
        "{{ .CommonLabels.SortedPairs.Names | join \",\" }}",
        "alertname,b,z",
    );
    check("{{ .CommonLabels.Values.Join \"-\" }}", "A-2-1");
    check("{{ .CommonLabels.Names }}", "[alertname b z]");
    check(
        "{{ (.CommonLabels.Remove .GroupLabels.Names).Names }}",
        "[alertname z]",
    );
    check(
        "{{ .CommonLabels.Remove (stringSlice \"z\" \"b\") }}",
        "alertname=A",
    );
    check(
        "{{ range $k, $v := .CommonLabels }}{{ $k }}{{ $v }} {{ end }}",
        "alertnameA b2 z1 ",
    );
    check("{{ (index .CommonLabels.SortedPairs 0).Value }}", "A");
    check(
        "{{ len .Alerts.Firing }}{{ len .Alerts.Resolved }}{{ len .Alerts }}",
        "112",
    );
    check("{{ .CommonLabels.none }}|{{ .CommonLabels.z }}", "|1");
    check(
        "{{ since (toDate \"2006-01-02\" \"2023-11-14\") | humanizeDuration }}",
        "22h 13m 20s",
    );
    check(
        "{{ now.UTC.Format \"2006-01-02T15:04:05Z07:00\" }}",
        "2023-11-14T22:13:20Z",
    );
    check(
        "{{ (now.Add 3600000000000).Unix }} {{ now.Weekday }} {{ now.Month }}",
        "1700003600 Tuesday November",
    );
    check(
        "{{ (index .Alerts 0).StartsAt }}",
        "0001-01-01 00:00:00 +0000 UTC",
    );
    check("{{ (index .Alerts 0).EndsAt.IsZero }}", "true");
    check(
        "{{ (tz \"America/New_York\" now).Format \"15:04 MST\" }}",
        "17:13 EST",
    );
    check(
        "{{ dict \"a\" 1 \"b\" (list 1 \"x\") | toJson }}",
        "{\"a\":1,\"b\":[1,\"x\"]}",
    );
    check("{{ title \"foo BAR\" }}", "Foo Bar");
}
