use super::*;

fn rule(change: impl FnOnce(&mut RelabelConfig)) -> RelabelRule {
    let mut config = RelabelConfig::default();
    change(&mut config);
    config
        .resolve(NameScheme::Utf8)
        .unwrap_or_else(|e| panic!("{config:?}: {e}"))
}

#[test]
fn steps_tell_what_each_rule_did() {
    let rules = [
        rule(|c| {
            c.source_labels = vec!["a".into(), "b".into()];
            c.target_label = "both".into();
        }),
        rule(|c| {
            c.source_labels = vec!["both".into()];
            c.regex = Some("1;2".into());
            c.action = "Drop".into();
        }),
        rule(|c| {
            c.regex = Some("a".into());
            c.action = "labeldrop".into();
        }),
    ];
    let labels = Labels::from_pairs([("a", "1"), ("b", "2")]);
    let steps = relabel_steps(&rules, &labels);
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0].labels.get("both"), Some("1;2"));
    assert!(steps[0].keep && !steps[1].keep);
    assert!(!relabel(&rules, &mut labels.to_builder()));
}

#[test]
fn an_empty_outcome_removes_the_target() {
    let rule = rule(|c| {
        c.source_labels = vec!["none".into()];
        c.target_label = "a".into();
    });
    let mut labels = Labels::from_pairs([("a", "1"), ("b", "2")]).to_builder();
    assert!(rule.apply(&mut labels));
    assert_eq!(labels.build().to_string(), r#"{b="2"}"#);
}

#[test]
fn letters_change_one_for_one() {
    assert_eq!(letters::upper("straße ᾳ ǰ"), "STRAßE ᾼ ǰ");
    assert_eq!(letters::lower("İΑΣ"), "iας".replace('ς', "σ"));
}

#[test]
fn entries_that_make_no_sense_are_refused() {
    let check = |change: &dyn Fn(&mut RelabelConfig), want: &str| {
        let mut config = RelabelConfig::default();
        change(&mut config);
        match config.resolve(NameScheme::Legacy) {
            Ok(rule) => panic!("{config:?} was taken: {rule:?}"),
            Err(e) => assert_eq!(e.to_string(), want),
        }
    };
    check(
        &|c| c.action = "nope".into(),
        r#"unknown relabel action "nope""#,
    );
    check(
        &|c| c.action = String::new(),
        "relabel action cannot be empty",
    );
    check(
        &|_| {},
        "relabel configuration for replace action requires 'target_label' value",
    );
    check(
        &|c| {
            c.action = "hashmod".into();
            c.target_label = "x".into();
        },
        "relabel configuration for hashmod requires non-zero modulus",
    );
    check(
        &|c| c.target_label = "a-b".into(),
        r#""a-b" is invalid 'target_label' for replace action"#,
    );
    check(
        &|c| c.target_label = "-$1".into(),
        r#""-$1" is invalid 'target_label' for replace action"#,
    );
    check(
        &|c| {
            c.action = "labelkeep".into();
            c.target_label = "x".into();
        },
        "labelkeep action requires only 'regex', and no other fields",
    );
    check(
        &|c| {
            c.action = "dropequal".into();
            c.target_label = "x".into();
            c.separator = ",".into();
        },
        "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
    );
    check(
        &|c| {
            c.action = "labelmap".into();
            c.replacement = "x-$1".into();
        },
        r#""x-$1" is invalid 'replacement' for labelmap action"#,
    );
}
