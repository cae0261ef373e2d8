//! `oci_sd_configs`: instances of Oracle Cloud Infrastructure.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::{FileKind, Reader};

use super::seconds;

/// What an API key needs beside its file.
const KEYS: [&str; 3] = ["tenancy", "user", "fingerprint"];

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if r.text("region").is_empty() {
        r.refuse("region", "oci_sd: region is required");
    }
    let auth = r.text_or("auth", "api_key");
    let set: Vec<&str> = KEYS
        .into_iter()
        .filter(|key| !r.text(key).is_empty())
        .collect();
    let key_file = r.file("key_file", FileKind::Credentials).is_some();
    let passphrase = !r.secret("key_passphrase").reveal().is_empty();
    let passphrase_file = r
        .file("key_passphrase_file", FileKind::Credentials)
        .is_some();
    match auth.as_str() {
        "api_key" => {
            for key in KEYS.into_iter().filter(|key| !set.contains(key)) {
                r.refuse(key, format!("oci_sd: api_key auth requires {key}"));
            }
            if !key_file {
                r.refuse("key_file", "oci_sd: api_key auth requires key_file");
            }
            if passphrase && passphrase_file {
                r.refuse(
                    "key_passphrase_file",
                    "oci_sd: at most one of key_passphrase and key_passphrase_file must be configured",
                );
            }
        }
        "instance_principal" => {
            if !set.is_empty() || key_file || passphrase || passphrase_file {
                r.refuse(
                    "auth",
                    "oci_sd: instance_principal auth must not have tenancy, user, fingerprint, key_file, key_passphrase, or key_passphrase_file set",
                );
            }
        }
        other => r.refuse(
            "auth",
            format!("oci_sd: unknown auth method {other:?}, expected \"api_key\" or \"instance_principal\""),
        ),
    }
    for (i, compartment) in r.texts("compartments").iter().enumerate() {
        if compartment.value.is_empty() {
            r.refuse_at(
                compartment.at,
                format!("oci_sd: compartments[{i}] must not be empty"),
            );
        }
    }
    r.int_or("port", 80);
    if r.duration_or("refresh_interval", seconds(60)).is_zero() {
        r.refuse(
            "refresh_interval",
            "oci_sd: refresh_interval must be positive, got 0s",
        );
    }
    http_client::read(r);
    None
}
