//! `kubernetes_sd_configs`: pods, services, endpoints, nodes and ingresses.

mod selector;

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client::{self, HttpClient};
use crate::config::prometheus::url;
use binnacle_config::reader::{Placed, Reader};

/// The roles, and the kinds of objects whose selectors each takes.
const ROLES: [(&str, &[&str]); 6] = [
    ("pod", &["pod", "node"]),
    ("service", &["service"]),
    ("endpoints", &["pod", "service", "endpoints"]),
    ("endpointslice", &["pod", "service", "endpointslice"]),
    ("node", &["node"]),
    ("ingress", &["ingress"]),
];

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let api_server = r.url("api_server");
    if let Err(why) = url::split(&api_server) {
        r.refuse("api_server", why);
    }
    let role = read_role(r);
    if role.is_empty() {
        r.refuse(
            "role",
            "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)",
        );
    }
    let kubeconfig = r.path("kubeconfig_file").is_some();
    let client = http_client::read(r);
    let own_namespace = r.section("namespaces", |r| {
        r.texts("names");
        r.bool_or("own_namespace", false)
    });
    check_access(
        r,
        !api_server.is_empty(),
        kubeconfig,
        &client,
        own_namespace == Some(true),
    );
    let selectors = r.sections("selectors", "empty or null selector", read_selector);
    check_selectors(r, &role, &selectors);
    r.section("attach_metadata", |r| {
        for key in ["node", "namespace", "deployment", "job", "cronjob"] {
            r.bool(key);
        }
    });
    None
}

fn read_role(r: &mut Reader<'_>) -> String {
    let role = r.text("role");
    if !role.is_empty() && !ROLES.iter().any(|(name, _)| *name == role) {
        r.refuse("role", format!("unknown Kubernetes SD role {role:?}"));
    }
    role
}

/// The role of a selector, after checking its expressions.
fn read_selector(r: &mut Reader<'_>) -> Placed<String> {
    let role = read_role(r);
    let label = r.text("label");
    let field = r.text("field");
    if let Err(why) = selector::check_fields(&field) {
        r.refuse("field", why);
    }
    if let Err(why) = selector::check_labels(&label) {
        r.refuse("label", why);
    }
    Placed {
        at: r.at("role"),
        value: role,
    }
}

fn check_access(
    r: &Reader<'_>,
    api_server: bool,
    kubeconfig: bool,
    client: &HttpClient,
    own_namespace: bool,
) {
    let custom = *client != HttpClient::default();
    if api_server && kubeconfig {
        r.refuse(
            "kubeconfig_file",
            "cannot use 'kubeconfig_file' and 'api_server' simultaneously",
        );
    }
    if kubeconfig && custom {
        let message =
            "cannot use a custom HTTP client configuration together with 'kubeconfig_file'";
        r.refuse("kubeconfig_file", message);
    }
    if !api_server && custom && !kubeconfig {
        r.refuse_all(
            "to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
        );
    }
    let both = |key| format!("cannot use '{key}' and 'namespaces.own_namespace' simultaneously");
    if api_server && own_namespace {
        r.refuse("api_server", both("api_server"));
    }
    if kubeconfig && own_namespace {
        r.refuse("kubeconfig_file", both("kubeconfig_file"));
    }
}

fn check_selectors(r: &Reader<'_>, role: &str, selectors: &[Placed<String>]) {
    let Some((_, allowed)) = ROLES.iter().find(|(name, _)| *name == role) else {
        return;
    };
    for (i, selector) in selectors.iter().enumerate() {
        if selectors[..i].iter().any(|s| s.value == selector.value) {
            r.refuse_at(
                selector.at,
                format!("duplicated selector role: {}", selector.value),
            );
        } else if !allowed.contains(&selector.value.as_str()) {
            let message = format!("{role} role supports only {} selectors", allowed.join(", "));
            r.refuse_at(selector.at, message);
        }
    }
}
