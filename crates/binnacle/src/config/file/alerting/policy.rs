//! What `alerting` holds beyond an `alertmanager.yml`: budgets, digests, escalation,
//! the dead-man's switch, severity profiles.

use std::collections::BTreeMap;
use std::time::Duration;

use binnacle_alerting::interval::Location;
use binnacle_alerting::matchers;
use binnacle_alerting::policy::{
    Budget, Budgets, DailyDigest, DeadMan, Escalation, Heartbeat, Policy, Profile, Watchdog,
};
use binnacle_config::reader::Reader;

use crate::config::file::listen::count;

/// Takes the fields.
pub(super) fn read(r: &mut Reader<'_>) -> Policy {
    let default = Policy::default();
    let mut policy = Policy {
        retention: r.duration_or("retention", default.retention),
        ..default
    };
    r.section_or_default("limits", |r| {
        policy.board.alerts = count(r, "alerts_max", policy.board.alerts);
        policy.board.groups = count(r, "groups_max", policy.board.groups);
        policy.silences.silences = number(r, "silences_max", policy.silences.silences);
        policy.silences.silence_bytes =
            number(r, "silence_bytes_max", policy.silences.silence_bytes);
        policy.deliveries_at_once = count(r, "deliveries_at_once", policy.deliveries_at_once);
        policy.history_waiting_max = count(r, "history_waiting_max", policy.history_waiting_max);
    });
    policy.budgets = r.section_or_default("budgets", budgets);
    policy.daily_digest = r.section("daily_digest", daily_digest);
    policy.escalations = r.sections("escalations", "an escalation must not be empty", escalation);
    policy.dead_man = DeadMan {
        heartbeat: r.section("heartbeat", heartbeat),
        watchdogs: r.sections("watchdogs", "a watchdog must not be empty", watchdog),
    };
    policy.profiles = r.sections("profiles", "a profile must not be empty", profile);
    policy
}

/// A number, 0 for no limit.
fn number(r: &mut Reader<'_>, key: &'static str, default: usize) -> usize {
    usize::try_from(r.uint_or(key, default as u64)).unwrap_or(usize::MAX)
}

fn texts(r: &mut Reader<'_>, key: &'static str) -> Vec<String> {
    r.texts(key).into_iter().map(|t| t.value).collect()
}

fn budget(r: &mut Reader<'_>, default: Budget) -> Budget {
    Budget {
        hour: r.uint_or("per_hour", default.hour),
        day: r.uint_or("per_day", default.day),
    }
}

fn budgets(r: &mut Reader<'_>) -> Budgets {
    let default = Budgets::default();
    let exempt = texts(r, "exempt");
    let mut budgets = Budgets {
        team_label: r.text_or("team_label", &default.team_label),
        default: budget(r, default.default),
        hold: r.bool_or("hold", default.hold),
        exempt: if exempt.is_empty() {
            default.exempt
        } else {
            exempt
        },
        digest_every: at_least(
            r,
            "digest_every",
            default.digest_every,
            Duration::from_secs(60),
        ),
        teams: BTreeMap::new(),
    };
    let own = budgets.default;
    budgets.teams = r
        .section("teams", |r| r.each_section(|r| budget(r, own)))
        .unwrap_or_default()
        .into_iter()
        .collect();
    budgets
}

fn at_least(r: &mut Reader<'_>, key: &'static str, default: Duration, least: Duration) -> Duration {
    let duration = r.duration_or(key, default);
    if duration < least {
        r.refuse(key, format!("{key:?} must be at least {least:?}"));
        return default;
    }
    duration
}

fn daily_digest(r: &mut Reader<'_>) -> DailyDigest {
    let severities = texts(r, "severities");
    if severities.is_empty() && !r.context().is_describing() {
        r.refuse_all("\"severities\" is needed: which alerts are told once a day");
    }
    let minute_of_day = r
        .parsed_text("at", |text| {
            let wrong = || format!("{text:?} is no time of day such as 08:30");
            let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
            let (hour, minute): (u16, u16) = (
                hour.parse().map_err(|_| wrong())?,
                minute.parse().map_err(|_| wrong())?,
            );
            if hour > 23 || minute > 59 {
                return Err(wrong());
            }
            Ok(hour * 60 + minute)
        })
        .unwrap_or(8 * 60);
    DailyDigest {
        severities,
        minute_of_day,
        time_zone: zone(r),
    }
}

fn zone(r: &mut Reader<'_>) -> String {
    r.parsed_text("time_zone", |text| {
        Location::parse(text)?;
        Ok(text.to_owned())
    })
    .unwrap_or_default()
}

fn escalation(r: &mut Reader<'_>) -> Escalation {
    let escalation = Escalation {
        receiver: r.text("receiver"),
        then: texts(r, "then"),
    };
    if escalation.then.is_empty() && !r.context().is_describing() {
        r.refuse_all("\"then\" is needed: which receivers are told instead");
    }
    escalation
}

fn heartbeat(r: &mut Reader<'_>) -> Heartbeat {
    let url = r.url("url");
    if url.is_empty() && !r.context().is_describing() {
        r.refuse_all("\"url\" is needed: what is called while all is well");
    }
    Heartbeat {
        url,
        every: at_least(r, "every", Duration::from_secs(60), Duration::from_secs(1)),
    }
}

fn watchdog(r: &mut Reader<'_>) -> Watchdog {
    let matchers: Vec<_> = r
        .texts("matchers")
        .into_iter()
        .filter_map(|text| match matchers::parse_one(&text.value) {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                r.refuse_at(text.at, error.to_string());
                None
            }
        })
        .collect();
    if matchers.is_empty() && !r.context().is_describing() {
        r.refuse_all("\"matchers\" is needed: which alert must keep coming");
    }
    Watchdog {
        name: r.text("name"),
        matchers,
        within: at_least(
            r,
            "within",
            Duration::from_secs(300),
            Duration::from_secs(1),
        ),
        labels: r
            .text_map("labels")
            .into_iter()
            .map(|(name, value)| (name.value, value.value))
            .collect(),
    }
}

fn profile(r: &mut Reader<'_>) -> Profile {
    let name = r.text("name");
    if name.is_empty() && !r.context().is_describing() {
        r.refuse_all("\"name\" is needed, such as P0");
    }
    Profile {
        name,
        severities: texts(r, "severities"),
        respond_within: r.duration_or("respond_within", Duration::from_secs(3600)),
        receivers: texts(r, "receivers"),
    }
}
