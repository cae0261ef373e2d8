//! `binnacle import`: sends files with timestamps to a running server.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::remote::Client;
use crate::cli::Import;

/// Sends each file in turn, as a stream.
///
/// # Errors
/// When a file cannot be read, or the server refuses it.
pub async fn run(import: &Import) -> Result<()> {
    let client = Client::new(&import.remote)?;
    let content_type = match import.format.as_str() {
        "openmetrics" => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "text" => "text/plain; version=0.0.4; charset=utf-8",
        other => bail!("unknown format {other:?}: there are `openmetrics` and `text`"),
    };
    for file in &import.files {
        let name = file.display();
        let body = body(file).await.with_context(|| format!("open {name}"))?;
        let answer = client
            .push("/api/v1/import", content_type, body)
            .await
            .with_context(|| format!("import {name}"))?;
        if import.remote.json {
            println!("{answer:#}");
        } else {
            let data = &answer["data"];
            println!(
                "{name}: {} samples of {} new series stored, {} refused",
                data["samples"], data["seriesCreated"], data["refused"]
            );
        }
    }
    Ok(())
}

async fn body(file: &Path) -> Result<reqwest::Body> {
    if file == Path::new("-") {
        return Ok(reqwest::Body::wrap_stream(
            tokio_util::io::ReaderStream::new(tokio::io::stdin()),
        ));
    }
    let file = tokio::fs::File::open(file).await?;
    Ok(reqwest::Body::wrap_stream(
        tokio_util::io::ReaderStream::new(file),
    ))
}
