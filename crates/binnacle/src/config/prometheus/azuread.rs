//! `azuread`: requests with a token of Microsoft Entra.

use binnacle_config::reader::Reader;

/// The ways to get a token, exactly one of which is wanted.
const METHODS: [&str; 5] = [
    "managed_identity",
    "workload_identity",
    "oauth",
    "sdk",
    "certificate",
];

/// Reads the section.
pub fn read(r: &mut Reader<'_>) {
    let cloud = r.text_or("cloud", "AzurePublic");
    if !matches!(
        cloud.as_str(),
        "" | "AzurePublic" | "AzureChina" | "AzureGovernment"
    ) {
        r.refuse("cloud", "must provide a cloud in the Azure AD config");
    }
    let scope = r.text("scope");
    let is_scope =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_:/.-".contains(c);
    if !scope.chars().all(is_scope) {
        r.refuse("scope", "the provided scope contains invalid characters");
    }
    match METHODS.into_iter().filter(|key| r.has(key)).count() {
        0 => r.refuse_all(
            "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or Azure SDK in the Azure AD config",
        ),
        1 => {}
        _ => r.refuse_all("cannot provide multiple authentication methods in the Azure AD config"),
    }
    r.section("managed_identity", |r| {
        client_id(r, "Managed Identity", false);
    });
    r.section("workload_identity", |r| {
        client_id(r, "Workload Identity", true);
        let tenant = r.text("tenant_id");
        require(r, "Workload Identity", "tenant_id", &tenant);
        if !tenant.is_empty() && !is_uuid(&tenant) {
            r.refuse(
                "tenant_id",
                "the provided Azure Workload Identity tenant_id is invalid",
            );
        }
        r.text("token_file_path");
    });
    r.section("oauth", |r| {
        client_id(r, "OAuth", true);
        if r.secret("client_secret").reveal().is_empty() {
            r.refuse(
                "client_secret",
                "must provide an Azure OAuth client_secret in the Azure AD config",
            );
        }
        let tenant = r.text("tenant_id");
        require(r, "OAuth", "tenant_id", &tenant);
    });
    r.section("sdk", |r| r.text("tenant_id"));
    r.section("certificate", |r| {
        client_id(r, "Certificate", true);
        for key in ["tenant_id", "certificate_path"] {
            let value = r.text(key);
            require(r, "Certificate", key, &value);
        }
        r.text("certificate_key_path");
        r.secret("certificate_password");
        r.bool("send_certificate_chain");
    });
}

fn client_id(r: &mut Reader<'_>, method: &str, required: bool) {
    let id = r.text("client_id");
    if required {
        require(r, method, "client_id", &id);
    }
    if !id.is_empty() && !is_uuid(&id) {
        r.refuse(
            "client_id",
            format!("the provided Azure {method} client_id is invalid"),
        );
    }
}

fn require(r: &Reader<'_>, method: &str, key: &str, value: &str) {
    if value.is_empty() {
        r.refuse(
            key,
            format!("must provide an Azure {method} {key} in the Azure AD config"),
        );
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    parts.len() == lengths.len()
        && parts.iter().zip(lengths).all(|(part, length)| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())
        })
}
