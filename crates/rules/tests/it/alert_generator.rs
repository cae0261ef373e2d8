//! The rules of the compliance suite for alert generators, on virtual time: series
//! like those that its cases send, and what its specification demands at each step.

use std::collections::BTreeMap;

use binnacle_model::alert::{AlertState, RuleKind};
use binnacle_rules::file::{self, FileOptions, RuleFile};
use binnacle_rules::group::Group;

use crate::conformance::folder;
use crate::world::World;

const STEP_S: i64 = 30;

fn suite() -> Option<RuleFile> {
    let path = folder()?.join("prometheus-compliance/alert_generator/rules.yaml");
    Some(file::read(&path, FileOptions::default()).expect("a good file"))
}

fn group_of(file: &RuleFile, name: &str) -> Option<Group> {
    let spec = file.groups.iter().find(|g| g.name == name)?;
    Some(Group::new("rules.yaml", spec, STEP_S * 1000, false))
}

/// What is sent, by alert: seconds at which it is sent, and from when to when it says
/// that it fires.
type Sent = BTreeMap<String, Vec<(i64, i64, i64)>>;

/// Evaluates `steps` times; after each one `look` sees the group.
async fn play(world: &World, group: &Group, steps: i64, mut look: impl FnMut(i64, &Group)) -> Sent {
    let mut sent = Sent::new();
    for step in 0..steps {
        let now_s = step * STEP_S;
        world.evaluate(group, now_s).await;
        look(now_s, group);
        for alert in world.inbox.take() {
            let s = |ns: i64| ns / 1_000_000_000;
            let of_alert = sent.entry(alert.name().to_owned()).or_default();
            of_alert.push((now_s, s(alert.starts_at_ns), s(alert.ends_at_ns)));
        }
    }
    sent
}

fn state_of(group: &Group, alert: &str) -> Option<AlertState> {
    let rule = group.status().rules.into_iter().find(|r| r.name == alert)?;
    match rule.kind {
        RuleKind::Alerting { state, .. } => Some(state),
        RuleKind::Recording => None,
    }
}

fn series(group: &str, alert: &str, more: &str, values: &str) -> String {
    format!(
        "load 30s\n  alert_generator_test_suite{{rulegroup=\"{group}\", alertname=\"{alert}\"{more}}} {values}\n"
    )
}

#[tokio::test]
async fn pending_and_firing_and_resolved() {
    let name = "PendingAndFiringAndResolved";
    let Some(group) = suite().as_ref().and_then(|file| group_of(file, name)) else {
        return;
    };
    let world = World::new();
    let alert = "PendingAndFiringAndResolved_SimpleAlert";
    // Above the threshold from 2 min to 12 min.
    world.load(&series(name, alert, "", "9x3 11x19 9x60"));
    let mut states = BTreeMap::new();
    let sent = play(&world, &group, 70, |now_s, group| {
        let state = state_of(group, alert).expect("the rule is there");
        states
            .entry(format!("{state:?}"))
            .or_insert_with(Vec::new)
            .push(now_s);
    })
    .await;
    let bounds = |state: &str| states.get(state).map(|s| (s[0], s[s.len() - 1]));
    assert_eq!(bounds("Pending"), Some((120, 450)), "for 6 minutes");
    assert_eq!(bounds("Firing"), Some((480, 690)));
    let times: Vec<(i64, i64, i64)> = sent[alert].clone();
    // Told when it fires, and again after more than the resend delay of 1 minute.
    assert_eq!(times[0], (480, 480, 480 + 4 * 60));
    assert_eq!(times[1], (570, 480, 570 + 4 * 60));
    // The end is told at once, with its time, and for 15 minutes.
    let ended: Vec<_> = times.iter().filter(|(at, _, end)| end <= at).collect();
    assert_eq!(ended[0], &(720, 480, 720));
    let last = ended[ended.len() - 1].0;
    assert!((720 + 14 * 60..=720 + 15 * 60).contains(&last), "{last}");
}

#[tokio::test]
async fn pending_and_resolved_and_always_inactive() {
    let name = "PendingAndResolved_AlwaysInactive";
    let Some(group) = suite().as_ref().and_then(|file| group_of(file, name)) else {
        return;
    };
    let world = World::new();
    let (pending, inactive) = (
        "PendingAndResolved_AlwaysInactive_PendingAlert",
        "PendingAndResolved_AlwaysInactive_InactiveAlert",
    );
    world.load(&series(name, pending, "", "9x3 11x4 9x20"));
    world.load(&series(name, inactive, "", "9x3 19x4 9x20"));
    let mut seen = false;
    let sent = play(&world, &group, 28, |_, group| {
        assert_eq!(state_of(group, inactive), Some(AlertState::Inactive));
        seen |= state_of(group, pending) == Some(AlertState::Pending);
    })
    .await;
    assert!(seen && sent.is_empty(), "nothing is told: {sent:?}");
    assert_eq!(world.series("ALERTS").len(), 1, "the pending one");
}

#[tokio::test]
async fn zero_and_small_for() {
    let name = "ZeroFor_SmallFor";
    let Some(group) = suite().as_ref().and_then(|file| group_of(file, name)) else {
        return;
    };
    let world = World::new();
    let (zero, small) = ("ZeroFor_SmallFor_ZeroFor", "ZeroFor_SmallFor_SmallFor");
    world.load(&series(name, zero, "", "9x3 11x9 9x20"));
    world.load(&series(name, small, "", "9x3 14x9 9x20"));
    world.load(&series(name, "t", ", for=\"template\", id=\"2\"", "8x40"));
    world.load(&series(name, "t", ", for=\"template\", id=\"1\"", "7x40"));
    let mut texts = BTreeMap::new();
    for step in 0..6 {
        world.evaluate(&group, step * STEP_S).await;
        for alert in world.inbox.take() {
            texts
                .entry(alert.name().to_owned())
                .or_insert((step * STEP_S, alert));
        }
    }
    let (at_s, alert) = &texts[zero];
    assert_eq!(*at_s, 120, "at once");
    assert_eq!(
        alert.annotation("template_query_test"),
        Some("Args are: foo bar 99. first_id:1,1:7,2:8,")
    );
    assert_eq!(
        alert.annotation("template_test"),
        Some("1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC")
    );
    let (at_s, alert) = &texts[small];
    assert_eq!(*at_s, 150, "the next evaluation");
    assert_eq!(
        alert.annotation("template_test"),
        Some("This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .")
    );
}

#[tokio::test]
async fn new_alerts_and_the_order_of_rules() {
    let name = "NewAlerts_OrderCheck";
    let Some(group) = suite().as_ref().and_then(|file| group_of(file, name)) else {
        return;
    };
    let world = World::new();
    let (first, second) = ("NewAlerts_OrderCheck_Rule1", "NewAlerts_OrderCheck_Rule2");
    world.load(&series(name, first, ", variant=\"one\"", "11x40"));
    world.load(&series(name, first, ", variant=\"two\"", "9x3 11x37"));
    let mut fires = BTreeMap::new();
    play(&world, &group, 20, |now_s, group| {
        for alert in [first, second] {
            if state_of(group, alert) == Some(AlertState::Firing) {
                fires.entry(alert).or_insert(now_s);
            }
        }
    })
    .await;
    assert_eq!(fires[first], 180);
    assert_eq!(fires[second], 300, "in the evaluation in which both fire");
}
