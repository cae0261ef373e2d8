//! The web UI's files, embedded when the binary is built with them.

use binnacle_server::state::{Asset, Assets};

/// The files of `ui/dist`, or none.
pub struct EmbeddedAssets;

#[cfg(binnacle_ui)]
#[derive(rust_embed::Embed)]
#[folder = "../../ui/dist"]
#[exclude = "*.map"]
struct Files;

impl Assets for EmbeddedAssets {
    #[cfg(binnacle_ui)]
    fn get(&self, path: &str, brotli: bool, gzip: bool) -> Option<Asset> {
        let encodings = [
            (brotli, ".br", Some("br")),
            (gzip, ".gz", Some("gzip")),
            (true, "", None),
        ];
        encodings
            .into_iter()
            .filter(|(wanted, ..)| *wanted)
            .find_map(|(_, suffix, encoding)| {
                let file = Files::get(&format!("{path}{suffix}"))?;
                Some(Asset {
                    bytes: file.data,
                    encoding,
                    media_type: media_type(path),
                    immutable: path.starts_with("assets/"),
                })
            })
    }

    #[cfg(not(binnacle_ui))]
    fn get(&self, _: &str, _: bool, _: bool) -> Option<Asset> {
        None
    }
}

#[cfg(any(binnacle_ui, test))]
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_have_a_type_that_browsers_run() {
        assert_eq!(
            media_type("assets/index-1a2b.js"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(media_type("LICENSE"), "application/octet-stream");
    }
}
