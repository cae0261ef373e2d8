//! `logs.privacy`: what is looked for in lines, and what becomes of it.

use binnacle_config::reader::Reader;
use binnacle_guard::{Action, Detector, Privacy, PrivacySettings, Rule, Scope};

/// Reads the section. Own rules come before those of the profile, so that they win.
pub(super) fn read(r: &mut Reader<'_>) -> PrivacySettings {
    let profile = r.text_or("profile", "default");
    let mut settings = PrivacySettings::profile(&profile).unwrap_or_else(|| {
        r.refuse(
            "profile",
            format!("there is no profile {profile:?}: there are default, strict and off"),
        );
        PrivacySettings::default()
    });
    let key = r.secret("hash_key");
    if !key.reveal().is_empty() {
        settings.hash_key = key.reveal().as_bytes().to_vec();
    }
    let own = r.sections("rules", "a detector and an action are needed", read_rule);
    let own: Vec<Rule> = own.into_iter().flatten().collect();
    settings.rules.splice(0..0, own);
    if let Err(error) = Privacy::new(&settings) {
        r.refuse("rules", error.to_string());
    }
    settings
}

fn read_rule(r: &mut Reader<'_>) -> Option<Rule> {
    let detector = read_detector(r);
    let name = r.text("action");
    let action = Action::from_name(&name);
    if action.is_none() {
        r.refuse(
            "action",
            format!("{name:?} is no action: there are count, mask, hash and drop"),
        );
    }
    let places = r.texts("places");
    let mut scope = Scope {
        lines: places.is_empty(),
        fields: places.is_empty(),
        labels: places.is_empty(),
    };
    for place in &places {
        match place.value.as_str() {
            "lines" => scope.lines = true,
            "fields" => scope.fields = true,
            "labels" => scope.labels = true,
            other => r.refuse_at(
                place.at,
                format!("{other:?} is no place: there are lines, fields and labels"),
            ),
        }
    }
    let selector = r.text("selector");
    let mut streams = Vec::new();
    if !selector.is_empty() {
        match binnacle_logql::parse::parse_selector(&selector) {
            Ok(found) => streams = found,
            Err(_) => r.refuse(
                "selector",
                format!("{selector:?} is no stream selector such as {{app=\"shop\"}}"),
            ),
        }
    }
    let named = r.text("name");
    let detector = detector?;
    Some(Rule {
        name: if named.is_empty() {
            detector.as_str().to_owned()
        } else {
            named
        },
        detector,
        action: action?,
        scope,
        streams,
    })
}

fn read_detector(r: &mut Reader<'_>) -> Option<Detector> {
    let name = r.text("detector");
    let regex = r.text("regex");
    let keys: Vec<String> = r.texts("keys").into_iter().map(|k| k.value).collect();
    if name != "pattern" && !regex.is_empty() {
        r.refuse("regex", "\"regex\" goes with detector: pattern only");
    }
    if name != "user_id" && !keys.is_empty() {
        r.refuse("keys", "\"keys\" goes with detector: user_id only");
    }
    match name.as_str() {
        "pattern" if regex.is_empty() => {
            r.refuse("detector", "detector: pattern needs a \"regex\"");
            None
        }
        "pattern" => Some(Detector::Pattern(regex)),
        "user_id" if !keys.is_empty() => Some(Detector::UserId(keys)),
        name => {
            let found = Detector::from_name(name);
            if found.is_none() {
                r.refuse(
                    "detector",
                    format!(
                        "{name:?} is no detector: there are private_key, password, bearer, jwt, \
                         aws_key, api_key, card, iban, email, ipv4, ipv6, phone, user_id and \
                         pattern"
                    ),
                );
            }
            found
        }
    }
}
