//! Rules: actions, scopes, streams, reports.

use binnacle_guard::{
    Action, Detector, GuardSettings, Place, Privacy, PrivacySettings, Rule, Scope, SettingsError,
};
use binnacle_model::Matcher;
use binnacle_model::event::FieldValue;
use binnacle_model::event::append::EventRefusal;

use crate::support::{NOW_MS, NOW_NS, Stand, batch, plain, stand};

fn with(rules: Vec<Rule>) -> Stand {
    let privacy = PrivacySettings {
        rules,
        hash_key: b"key".to_vec(),
        ..PrivacySettings::default()
    };
    stand(GuardSettings { privacy, ..plain() })
}

#[test]
fn names_go_there_and_back() {
    for name in [
        "email",
        "ipv4",
        "ipv6",
        "card",
        "iban",
        "phone",
        "bearer",
        "jwt",
        "aws_key",
        "private_key",
        "api_key",
        "password",
        "user_id",
    ] {
        assert_eq!(Detector::from_name(name).map(|d| d.as_str()), Some(name));
    }
    for action in [Action::Count, Action::Mask, Action::Hash, Action::Drop] {
        assert_eq!(Action::from_name(action.as_str()), Some(action));
    }
    for name in PrivacySettings::PROFILES {
        assert!(PrivacySettings::profile(name).is_some());
    }
}

#[test]
fn actions() {
    let stand = with(vec![
        Rule::new(Detector::Email, Action::Hash),
        Rule::new(Detector::Card, Action::Drop),
        Rule::new(Detector::Ipv4, Action::Count),
        Rule {
            name: "ticket".to_owned(),
            ..Rule::new(Detector::Pattern(r"T-(?<value>\d+)".into()), Action::Mask)
        },
    ]);
    let taken = stand.push(batch(
        &[("app", "a")],
        &[
            b"a@b.io and a@b.io",
            b"4111111111111111",
            b"10.0.0.1",
            b"T-12 T-x",
        ],
    ));
    assert_eq!(taken.rows, 3);
    assert_eq!(taken.refused, [(EventRefusal::Dropped, 1)]);
    assert_eq!(
        taken.messages,
        Vec::<String>::new(),
        "it is no fault of the sender"
    );
    let lines = stand.lines();
    let hash = "<email:HASH>".replace("HASH", &lines[0][7..23]);
    assert_eq!(lines[0], format!("{hash} and {hash}"));
    assert!(
        lines[0][7..23].bytes().all(|b| b.is_ascii_hexdigit()),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1..], ["10.0.0.1", "T-<ticket> T-x"]);
}

#[test]
fn hashes_are_hmac_sha256() {
    let privacy = Privacy::new(&PrivacySettings {
        rules: vec![Rule::new(
            Detector::Pattern("The quick brown fox jumps over the lazy dog".into()),
            Action::Hash,
        )],
        hash_key: b"key".to_vec(),
        ..PrivacySettings::default()
    })
    .expect("right");
    // The example that Wikipedia's article on HMAC has.
    let got = privacy.scrub_text("The quick brown fox jumps over the lazy dog");
    assert_eq!(got.text, "<pattern:f7bc83f430538424>");
}

#[test]
fn what_was_secret_is_nowhere_in_the_batch() {
    let stand = with(vec![
        Rule::new(Detector::Password, Action::Mask),
        Rule::new(Detector::Card, Action::Drop),
    ]);
    let mut rows = batch(
        &[("app", "a"), ("token", "abcdef12345")],
        &[b"password=hunter2"],
    );
    rows.push_field("db_password", FieldValue::Text(b"sesame"));
    rows.push_row(NOW_NS, b"4111111111111111");
    stand.push(rows);
    assert_eq!(
        stand.rows(),
        [(
            r#"{app="a", token="<password>"}"#.to_owned(),
            "password=<password>".to_owned(),
            "db_password=<password>".to_owned()
        )]
    );
    let kept = stand.kept.batches.lock();
    let all = [kept[0].bytes.as_slice(), kept[0].label_bytes.as_slice()].concat();
    for secret in ["hunter2", "sesame", "4111111111111111", "abcdef12345"] {
        assert!(
            memchr::memmem::find(&all, secret.as_bytes()).is_none(),
            "{secret}"
        );
    }
}

#[test]
fn scopes_and_streams() {
    let prod = vec![Matcher::equal("env", "prod")];
    let labels_only = Rule {
        scope: Scope::LABELS,
        ..Rule::new(Detector::Email, Action::Mask)
    };
    let stand = with(vec![
        Rule {
            streams: prod,
            ..Rule::new(Detector::Ipv4, Action::Mask)
        },
        Rule::new(Detector::Ipv4, Action::Count),
        labels_only,
    ]);
    for env in ["prod", "test"] {
        let mut rows = batch(&[("env", env), ("who", "a@b.io")], &[b"10.0.0.1 a@b.io"]);
        rows.push_field("ip", FieldValue::Text(b"10.0.0.2"));
        rows.push_field("n", FieldValue::Int(7));
        stand.push(rows);
    }
    let rows = stand.rows();
    assert_eq!(rows[0].0, r#"{env="prod", who="<email>"}"#);
    assert_eq!(rows[0].1, "<ipv4> a@b.io");
    assert_eq!(rows[0].2, "ip=<ipv4> n=7");
    assert_eq!(rows[1].0, r#"{env="test", who="<email>"}"#);
    assert_eq!(rows[1].1, "10.0.0.1 a@b.io");
}

#[test]
fn numbers_in_fields() {
    let stand = with(PrivacySettings::profile("strict").expect("there").rules);
    let mut rows = batch(&[("app", "a")], &[b"x"]);
    rows.push_field("n", FieldValue::Int(4_111_111_111_111_111));
    rows.push_field("pin_password", FieldValue::Int(1234));
    rows.push_field("t", FieldValue::Int(1_700_000_000_000_000_000));
    rows.push_field("min", FieldValue::Int(i64::MIN));
    stand.push(rows);
    assert_eq!(
        stand.rows()[0].2,
        format!(
            "n=<card> pin_password=<password> t=1700000000000000000 min={}",
            i64::MIN
        )
    );
}

#[test]
fn a_secret_on_the_cut_is_still_a_secret() {
    let mut settings = plain();
    settings.limits.line_bytes_max = 20;
    settings.limits.long_lines = binnacle_guard::LongLines::Truncate;
    let stand = stand(settings);
    stand.push(batch(
        &[("app", "a")],
        &[b"0123456 4111111111111111 and more"],
    ));
    assert_eq!(stand.lines(), ["0123456 <card> and m"]);
}

#[test]
fn reports() {
    let stand = stand(GuardSettings::default());
    let mut rows = batch(&[("app", "shop")], &[b"a@b.io a@b.io", b"c@d.io"]);
    rows.push_field("mail", FieldValue::Text(b"a@b.io"));
    stand.push(rows);
    stand.push(batch(&[("user_id", "7")], &[b"x"]));
    let (report, beyond) = stand.guard.report();
    assert_eq!(beyond, 0);
    let got: Vec<_> = report
        .iter()
        .map(|e| {
            (
                e.rule.as_str(),
                e.service.as_str(),
                e.place.clone(),
                e.count,
                e.action,
            )
        })
        .collect();
    assert_eq!(
        got,
        [
            ("email", "shop", Place::Line, 3, "count"),
            ("email", "shop", Place::Field("mail".to_owned()), 1, "count"),
            (
                "user_id",
                "unknown_service",
                Place::Label("user_id".to_owned()),
                1,
                "count"
            ),
        ]
    );
    assert!(
        report
            .iter()
            .all(|e| e.last_ms == NOW_MS && e.protocol == "loki")
    );
    let findings = stand.guard.stats().findings;
    assert_eq!(findings.len(), 2);
    assert_eq!((findings[0].rule.as_str(), findings[0].count), ("email", 4));
}

#[test]
fn reports_are_bounded() {
    let privacy = PrivacySettings {
        report_entries_max: 2,
        ..PrivacySettings::default()
    };
    let stand = stand(GuardSettings {
        privacy,
        ..GuardSettings::default()
    });
    for i in 0..5 {
        stand.push(batch(&[("app", &format!("a{i}"))], &[b"a@b.io"]));
    }
    let (report, beyond) = stand.guard.report();
    assert_eq!((report.len(), beyond), (2, 3));
}

#[test]
fn broken_settings_are_named() {
    let fails = |rule: Rule| {
        Privacy::new(&PrivacySettings {
            rules: vec![rule],
            ..PrivacySettings::default()
        })
        .expect_err("it is broken")
    };
    let error = fails(Rule::new(Detector::Pattern("(".into()), Action::Mask));
    assert!(
        error.to_string().contains("privacy rule \"pattern\""),
        "{error}"
    );
    let error = fails(Rule::new(Detector::Email, Action::Hash));
    assert!(matches!(error, SettingsError::NoKey { .. }));
    assert!(
        !format!(
            "{:?}",
            PrivacySettings {
                hash_key: b"kk".to_vec(),
                ..Default::default()
            }
        )
        .contains("107")
    );
}
