//! The effective configuration: what receivers have of `global` stands with them, as
//! Alertmanager prints it.

use binnacle_config::yaml::Out;

/// Sections and fields that an integration has of `global` when it has none of its
/// own: list of integrations, field there, field in `global`.
const INHERITED: [(&str, &str, &str); 8] = [
    ("email_configs", "from", "smtp_from"),
    ("email_configs", "hello", "smtp_hello"),
    ("email_configs", "smarthost", "smtp_smarthost"),
    ("email_configs", "auth_username", "smtp_auth_username"),
    ("email_configs", "auth_identity", "smtp_auth_identity"),
    ("email_configs", "require_tls", "smtp_require_tls"),
    ("email_configs", "tls_config", "smtp_tls_config"),
    (
        "email_configs",
        "force_implicit_tls",
        "smtp_force_implicit_tls",
    ),
];

/// Puts what is inherited into the receivers.
pub(super) fn complete(mut effective: Out) -> Out {
    let Some(global) = effective.get("global").cloned() else {
        return effective;
    };
    let Some(receivers) = entry(&mut effective, "receivers") else {
        return effective;
    };
    for receiver in items(receivers) {
        let Out::Map(fields) = receiver else { continue };
        for (key, list) in fields {
            for integration in items(list) {
                inherit(integration, key, &global);
            }
        }
    }
    effective
}

fn inherit(integration: &mut Out, kind: &str, global: &Out) {
    let Out::Map(fields) = integration else {
        return;
    };
    // Own and inherited values stand at the same place, so that what was printed is
    // printed the same again.
    let mut put = |at: usize, key: &str, from: &str| {
        let own = fields.iter().position(|(k, _)| k == key);
        let own = own.map(|i| fields.remove(i).1);
        if let Some(value) = own.or_else(|| global.get(from).cloned()) {
            fields.insert(at.min(fields.len()), (key.to_owned(), value));
        }
    };
    if !matches!(kind, "email_configs" | "exec_configs") {
        // Behind `send_resolved`.
        put(1, "http_config", "http_config");
    }
    for (_, key, from) in INHERITED.iter().filter(|(k, _, _)| *k == kind) {
        put(usize::MAX, key, from);
    }
}

fn entry<'a>(map: &'a mut Out, key: &str) -> Option<&'a mut Out> {
    match map {
        Out::Map(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

fn items(list: &mut Out) -> &mut [Out] {
    match list {
        Out::List(items) => items,
        _ => &mut [],
    }
}
