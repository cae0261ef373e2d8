//! A client of a running server.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cli::Remote;

/// Speaks to one server.
pub(super) struct Client {
    http: reqwest::Client,
    remote: Remote,
}

impl Client {
    pub(super) fn new(remote: &Remote) -> Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("set up the HTTP client")?;
        Ok(Self {
            http,
            remote: remote.clone(),
        })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.remote.url.trim_end_matches('/'));
        let request = self.http.request(method, url);
        match self
            .remote
            .user
            .as_deref()
            .map(|u| u.split_once(':').unwrap_or((u, "")))
        {
            None => request,
            Some((name, password)) => request.basic_auth(name, Some(password)),
        }
    }

    /// Posts a form and answers the `data` of the answer and its warnings.
    pub(super) async fn form(&self, path: &str, form: &[(&str, String)]) -> Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.answer(request).await
    }

    /// Gets and answers as [`Self::form`].
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Answer> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        self.answer(self.request(reqwest::Method::GET, &format!("{path}?{query}")))
            .await
    }

    /// Posts bytes.
    pub(super) async fn push(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<Value> {
        let request = self
            .request(reqwest::Method::POST, path)
            .header("content-type", content_type)
            .body(body);
        let response = request.send().await.with_context(|| self.hint())?;
        let status = response.status();
        let text = response.text().await.context("read the answer")?;
        if !status.is_success() {
            bail!("the server answered {status}: {}", text.trim());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Sends JSON and answers the JSON that comes back, if any.
    pub(super) async fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let method = method.parse().context("a method of HTTP")?;
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        self.value(request).await
    }

    /// Gets JSON that has no envelope.
    pub(super) async fn plain(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let path = format!("{path}?{query}");
        self.value(self.request(reqwest::Method::GET, &path)).await
    }

    async fn value(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = request.send().await.with_context(|| self.hint())?;
        let status = response.status();
        let text = response.text().await.context("read the answer")?;
        let json: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(json);
        }
        let message = json["error"].as_str().or(json.as_str());
        match message {
            Some(message) => bail!("{message}"),
            None => bail!("the server answered {status}: {}", text.trim()),
        }
    }

    fn hint(&self) -> String {
        format!("cannot reach {}: is it running? See --url", self.remote.url)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let response = request.send().await.with_context(|| self.hint())?;
        let status = response.status();
        let text = response.text().await.context("read the answer")?;
        let Ok(mut json) = serde_json::from_str::<Value>(&text) else {
            bail!("the server answered {status}: {}", text.trim());
        };
        if json["status"] != "success" {
            let message = json["error"].as_str().unwrap_or("no reason given");
            bail!(
                "{}: {message}",
                json["errorType"].as_str().unwrap_or("error")
            );
        }
        let texts = |value: &Value| -> Vec<String> {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        let mut remarks = texts(&json["warnings"]);
        remarks.append(&mut texts(&json["infos"]));
        Ok(Answer {
            data: json["data"].take(),
            remarks,
        })
    }
}

/// What the server said.
pub(super) struct Answer {
    pub(super) data: Value,
    pub(super) remarks: Vec<String>,
}
