//! The default templates print what Alertmanager's print, byte for byte: both are
//! executed on many data.

use std::collections::BTreeSet;

use binnacle_stdx::random::Random;
use binnacle_template::alertmanager::{Alert, Data, Kv, Mode, Template, fingerprint, functions};
use binnacle_template::{MissingKey, Set, Time};

use crate::conformance::folder;

/// Names and values that escaping must not leave alone.
const TEXTS: [&str; 12] = [
    "warning",
    "critical",
    "info",
    "a b",
    "<b>&\"'</b>",
    "http://x/y?a=b&c=d#e",
    "javascript:alert(1)",
    "",
    "é+ü=%20",
    "{{ .Status }}",
    "line\nline",
    "1",
];
const NAMES: [&str; 7] = [
    "alertname",
    "severity",
    "job",
    "zone",
    "Env",
    "instance",
    "ünï",
];

fn kv(random: &mut Random, most: u64) -> Kv {
    let count = random.below(most + 1);
    (0..count)
        .map(|_| (*random.pick(&NAMES), *random.pick(&TEXTS)))
        .collect()
}

fn generate(random: &mut Random) -> Data {
    let shared = kv(random, 3);
    let count = random.below(5);
    let alerts = (0..count).map(|_| {
        let mut labels = kv(random, 4);
        labels.0.extend(shared.0.clone());
        let status = *random.pick(&["firing", "firing", "resolved"]);
        Alert {
            status: status.to_owned(),
            fingerprint: fingerprint(&labels),
            labels,
            annotations: kv(random, 3),
            starts_at: Time::from_unix(1_700_000_000, 0),
            ends_at: Time::default(),
            generator_url: (*random.pick(&TEXTS)).to_owned(),
        }
    });
    let alerts = alerts.collect();
    let receiver = *random.pick(&["team/slack", "a b", "web.hook+1"]);
    let group = kv(random, 2);
    Data::assemble(
        receiver,
        group,
        Kv::default(),
        "",
        alerts,
        "http://am.example:9093/x",
    )
}

/// Alertmanager's texts and our own, if the data are there.
fn both() -> Option<(Template, Set)> {
    let folder = folder()?.join("alertmanager/template");
    let mut reference = Set::new(functions()).with_missing_key(MissingKey::Zero);
    for file in ["default.tmpl", "email.tmpl"] {
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        reference.parse("", &text).expect(file);
    }
    let ours = Template::new("http://am.example:9093").expect("defaults");
    Some((ours, reference))
}

/// The templates that have a name, and not the text around them.
fn named(set: &Set) -> impl Iterator<Item = &str> {
    set.names().into_iter().filter(|name| !name.is_empty())
}

#[test]
fn the_same_names_are_defined() {
    let Some((ours, reference)) = both() else {
        return;
    };
    let public = |name: &&str| !name.starts_with("__binnacle_");
    let ours: BTreeSet<&str> = ours.names().into_iter().filter(public).collect();
    let reference: BTreeSet<&str> = reference.names().into_iter().collect();
    assert_eq!(ours, reference);
}

#[test]
fn the_same_bytes_are_printed() {
    let Some((ours, reference)) = both() else {
        return;
    };
    let mut random = Random::new(7);
    let now = Time::from_unix(1_700_000_100, 0);
    let mut compared = 0;
    for round in 0..60 {
        let data = generate(&mut random);
        let dot = data.to_value();
        for name in named(&reference) {
            // These print lists of alerts, and not the whole.
            let lists = [
                "__text_alert_list",
                "__text_alert_list_markdown",
                "pagerduty.default.instances",
            ];
            let dot_text = if lists.contains(&name) {
                ".Alerts"
            } else {
                "."
            };
            let text = format!("{{{{ template \"{name}\" {dot_text} }}}}");
            for mode in [Mode::Text, Mode::Html] {
                // The others are no pages; as Alertmanager, only the e-mail is one.
                if mode == Mode::Html && !name.starts_with("email.") && round > 3 {
                    continue;
                }
                let set = reference.with_text("", &text).expect("a call");
                let mut want = String::new();
                let host = binnacle_template::NoHost;
                let result = match mode {
                    Mode::Text => set.execute("", &dot, &host, &mut want),
                    Mode::Html => set.execute_html("", &dot, &host, &mut want),
                };
                result.expect(name);
                let got = match mode {
                    Mode::Text => ours.text(&text, &data, &now),
                    Mode::Html => ours.html(&text, &data, &now),
                };
                assert_eq!(
                    got.as_deref(),
                    Ok(want.as_str()),
                    "{name} {mode:?} {data:?}"
                );
                compared += 1;
            }
        }
    }
    println!("default templates: {compared} outputs are the same");
}

#[test]
fn overrides_reach_the_templates_that_use_them() {
    let Some((_, reference)) = both() else {
        return;
    };
    let now = Time::from_unix(1_700_000_100, 0);
    let data = generate(&mut Random::new(3));
    for name in named(&reference) {
        let over = format!("{{{{ define \"{name}\" }}}}OVER{{{{ end }}}}");
        let ours = Template::with_files("http://am.example:9093", [("x.tmpl", over.as_str())])
            .expect(name);
        let mut theirs = reference.clone();
        theirs.parse("x.tmpl", &over).expect(name);
        for caller in named(&reference) {
            let text = format!("{{{{ template \"{caller}\" . }}}}");
            let set = theirs.with_text("", &text).expect("a call");
            let mut want = String::new();
            let host = binnacle_template::NoHost;
            if set.execute("", &data.to_value(), &host, &mut want).is_err() {
                continue;
            }
            let got = ours.text(&text, &data, &now);
            assert_eq!(
                got.as_deref(),
                Ok(want.as_str()),
                "{caller} with {name} over it"
            );
        }
    }
}
