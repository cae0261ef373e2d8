//! `sigv4`: requests signed for AWS.

use binnacle_config::reader::Reader;

/// Reads the section.
pub fn read(r: &mut Reader<'_>) {
    for key in ["region", "profile", "role_arn", "external_id", "service"] {
        r.text(key);
    }
    r.bool("use_fips_sts_endpoint");
    let access = r.text("access_key").is_empty();
    let secret = r.secret("secret_key").reveal().is_empty();
    if access != secret {
        r.refuse_all(
            "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config",
        );
    }
}
