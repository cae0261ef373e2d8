//! Own privacy rules in `binnacle.yaml`.

use binnacle_guard::{Action, Detector, PrivacySettings};

use crate::config::file::{self, Overrides};

fn load(privacy: &str) -> Result<PrivacySettings, String> {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let text = format!("logs:\n  privacy: {privacy}\n");
    let path = super::write(dir.path(), "binnacle.yaml", &text);
    file::load_with(Some(&path), &Overrides::default(), &|_| None)
        .map(|loaded| loaded.settings.logs.guard.privacy)
        .map_err(|errors| errors.to_string())
}

#[test]
fn own_rules_come_first() {
    let settings = load(
        "{hash_key: k, rules: [{detector: email, action: hash}, {detector: pattern, regex: 'a+', \
         name: own, action: mask, places: [lines], selector: '{app=\"x\"}'}, {detector: user_id, \
         keys: [kunde], action: drop}]}",
    )
    .expect("it loads");
    assert_eq!(settings.hash_key, b"k");
    assert_eq!(
        settings.rules.len(),
        3 + PrivacySettings::default().rules.len()
    );
    assert_eq!(settings.rules[0].action, Action::Hash);
    let own = &settings.rules[1];
    assert_eq!((own.name.as_str(), own.streams.len()), ("own", 1));
    assert!(own.scope.lines && !own.scope.fields && !own.scope.labels);
    assert_eq!(
        settings.rules[2].detector,
        Detector::UserId(vec!["kunde".into()])
    );
}

#[test]
fn mistakes_are_told() {
    let check = |privacy: &str, want: &str| {
        let error = load(privacy).expect_err(privacy);
        assert!(error.contains(want), "{privacy}: {error}");
    };
    check("{profile: x}", "no profile \"x\"");
    check("{rules: [{detector: x, action: mask}]}", "no detector");
    check("{rules: [{detector: email, action: x}]}", "no action");
    check(
        "{rules: [{detector: email, action: hash}]}",
        "binnacle.yaml:2",
    );
    check(
        "{rules: [{detector: pattern, action: mask}]}",
        "needs a \"regex\"",
    );
    check(
        "{rules: [{detector: pattern, action: mask, regex: '('}]}",
        "binnacle.yaml:2",
    );
    check(
        "{rules: [{detector: email, action: mask, places: [x]}]}",
        "no place",
    );
    check(
        "{rules: [{detector: email, action: mask, selector: x}]}",
        "no stream selector",
    );
    check(
        "{rules: [{detector: email, action: mask, regex: a}]}",
        "detector: pattern only",
    );
}
