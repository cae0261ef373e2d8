//! Target groups from an HTTP server (`http_sd_configs`).

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};
use url::Url;

use super::REFRESH_MIN;
use super::{Discovery, Teller, groups};
use crate::settings::{HttpDiscovery, TargetGroup};
use binnacle_client::{Client, HttpError};

/// Bytes of an answer, at most.
const ANSWER_BYTES_MAX: usize = 64 << 20;

pub(super) struct HttpTargets {
    url: Url,
    refresh: Duration,
    client: Client,
}

impl HttpTargets {
    pub(super) fn new(settings: &HttpDiscovery) -> Result<Self, HttpError> {
        let url = Url::parse(&settings.url)
            .map_err(|e| HttpError::Settings(format!("URL {:?}: {e}", settings.url)))?;
        Ok(Self {
            url,
            refresh: settings.refresh_interval.max(REFRESH_MIN),
            client: Client::new(&settings.http)?,
        })
    }

    async fn ask(&self) -> Result<Vec<TargetGroup>, String> {
        let seconds = self.refresh.as_secs_f64().to_string();
        let headers = [
            ("Accept", "application/json"),
            ("X-Prometheus-Refresh-Interval-Seconds", seconds.as_str()),
        ];
        let mut answer = self
            .client
            .get(&self.url, &headers)
            .await
            .map_err(|e| e.to_string())?;
        if answer.status() != 200 {
            return Err(format!("server returned HTTP status {}", answer.status()));
        }
        let content_type = answer
            .headers()
            .get("content-type")
            .and_then(|v| v.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(format!("unsupported content type {content_type:?}"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| e.to_string())? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(format!("more than {ANSWER_BYTES_MAX} bytes"));
            }
        }
        let text = String::from_utf8(body).map_err(|_| "not UTF-8".to_owned())?;
        let url = self.url.as_str();
        groups::parse_json(&text, url, ("__meta_url", url))
    }
}

impl Discovery for HttpTargets {
    fn run(self: Box<Self>, teller: Teller) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let asked = timeout(self.refresh, self.ask()).await;
                match asked.unwrap_or_else(|_| Err("no answer in time".into())) {
                    Ok(groups) => teller.tell(groups).await,
                    Err(error) => teller.failed(self.url.as_str(), &error),
                }
                sleep(self.refresh).await;
            }
        })
    }
}
