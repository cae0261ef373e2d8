//! `logs.tiers` and `logs.retention_profile`: where lines lie by their age, and until when.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_config::reader::Reader;

/// Where lines of some age lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierSettings {
    /// What the tier is called, such as `warm`.
    pub name: String,
    /// Lines that are older than this are moved here.
    pub after: Duration,
    /// The folder; `None`: `logs/NAME` in the data directory.
    pub directory: Option<PathBuf>,
    /// Whether lines are compressed anew with more effort on the way.
    pub recompress: bool,
}

const DAY: Duration = Duration::from_secs(86_400);

/// What a name stands for: how long lines are kept, and the tiers with the days after
/// which lines get there.
struct Profile {
    name: &'static str,
    days: u32,
    tiers: &'static [(&'static str, u32)],
}

const PROFILES: &[Profile] = &[
    Profile {
        name: "30d",
        days: 30,
        tiers: &[],
    },
    Profile {
        name: "15d",
        days: 15,
        tiers: &[],
    },
    Profile {
        name: "7d",
        days: 7,
        tiers: &[],
    },
    Profile {
        name: "hot-warm-cold",
        days: 365,
        tiers: &[("warm", 15), ("cold", 90)],
    },
    Profile {
        name: "archive",
        days: 120,
        tiers: &[("archive", 30)],
    },
];

/// Reads the profile, the tiers and the retention, which say more than the profile.
pub(super) fn read(r: &mut Reader<'_>) -> (Duration, Vec<TierSettings>) {
    let name = r.text_or("retention_profile", PROFILES[0].name);
    let profile = PROFILES.iter().find(|p| p.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|p| p.name).collect();
        r.refuse(
            "retention_profile",
            format!(
                "there is no profile {name:?}: there are {}",
                names.join(", ")
            ),
        );
        &PROFILES[0]
    });
    let retention = r.duration_or("retention_time", DAY * profile.days);
    let own = r.sections("tiers", "a name and an age are needed", read_tier);
    let tiers = if r.has("tiers") {
        own
    } else {
        let of_profile = profile.tiers.iter().map(|(name, days)| TierSettings {
            name: (*name).to_owned(),
            after: DAY * *days,
            directory: None,
            recompress: true,
        });
        // A retention that is shorter than the profile's leaves nothing for the last.
        let is_reached = |t: &TierSettings| retention.is_zero() || t.after < retention;
        of_profile.filter(is_reached).collect()
    };
    for (n, tier) in tiers.iter().enumerate() {
        let before = &tiers[..n];
        if before.iter().any(|t| t.name == tier.name) {
            r.refuse("tiers", format!("two tiers are called {:?}", tier.name));
        }
        if before
            .iter()
            .any(|t| t.directory.is_some() && t.directory == tier.directory)
        {
            r.refuse("tiers", format!("{:?} is the folder of two", tier.name));
        }
        if before.last().is_some_and(|t| t.after >= tier.after) {
            r.refuse(
                "tiers",
                format!("{:?} must be older than the tier before it", tier.name),
            );
        }
        let is_over = !retention.is_zero() && tier.after >= retention;
        if is_over && !r.has("stream_retention") {
            r.refuse(
                "tiers",
                format!(
                    "nothing gets as old as {:?} asks for: \"retention_time\" ends before",
                    tier.name
                ),
            );
        }
    }
    (retention, tiers)
}

fn read_tier(r: &mut Reader<'_>) -> TierSettings {
    let name = r.text("name");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) || matches!(&*name, "parts" | "wal") {
        r.refuse(
            "name",
            format!("{name:?} is no name of letters, digits, - and _, other than parts and wal"),
        );
    }
    let after = r.duration("after");
    if after.is_zero() {
        r.refuse("after", "\"after\" must be longer than zero");
    }
    TierSettings {
        name,
        after,
        directory: r.path("directory"),
        recompress: r.bool_or("recompress", true),
    }
}
