//! Parameters of a request: those of the URL and, for a POST, those of the form
//! in its body, which come first as in Go's `FormValue`.

use axum::extract::{FromRequest, Request};
use http::{Method, header};
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use std::sync::Arc;

use crate::http::error::ApiError;
use crate::http::time::{parse_duration, parse_time};
use crate::state::App;

/// Decoded parameters, repeatable.
#[derive(Debug, Default, Clone)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=2`.
    ///
    /// # Errors
    /// When a percent sequence is not UTF-8.
    pub fn parse(&mut self, text: &str) -> Result<(), ApiError> {
        for pair in text.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.push((decode(name)?, decode(value)?));
        }
        Ok(())
    }

    /// The first value of `name`, or the empty string.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v)
    }

    /// The first value of `name` when it is there and not empty.
    #[must_use]
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|v| !v.is_empty())
    }

    /// All values of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// A time in milliseconds, or `default` when it is not given.
    ///
    /// # Errors
    /// When it is none.
    pub fn time(&self, name: &str, default: i64) -> Result<i64, ApiError> {
        match self.some(name) {
            None => Ok(default),
            Some(text) => parse_time(text).map_err(|e| {
                ApiError::parameter(name, format!("invalid time value for '{name}': {e}"))
            }),
        }
    }

    /// A time in milliseconds that must be given.
    ///
    /// # Errors
    /// When it is none.
    pub fn time_needed(&self, name: &str) -> Result<i64, ApiError> {
        parse_time(self.get(name)).map_err(|e| ApiError::parameter(name, e))
    }

    /// A duration in milliseconds, when it is given.
    ///
    /// # Errors
    /// When it is none.
    pub fn duration(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.some(name)
            .map(|text| parse_duration(text).map_err(|e| ApiError::parameter(name, e)))
            .transpose()
    }

    /// A limit; 0 (the default) means none.
    ///
    /// # Errors
    /// When it is not a whole number from 0.
    pub fn limit(&self, name: &str) -> Result<usize, ApiError> {
        match self.some(name) {
            None => Ok(0),
            Some(text) => match text.parse::<i64>() {
                Ok(n) if n >= 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
                Ok(_) => Err(ApiError::parameter(name, "limit must be non-negative")),
                Err(_) => Err(ApiError::parameter(
                    name,
                    format!("cannot parse {text:?} to a number"),
                )),
            },
        }
    }

    /// A truth value as Go's `ParseBool` reads it; false when it is not given.
    ///
    /// # Errors
    /// When it is none.
    pub fn boolean(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            other => Err(ApiError::parameter(
                name,
                format!("unable to parse boolean: {other:?} is neither true nor false"),
            )),
        }
    }
}

fn decode(text: &str) -> Result<String, ApiError> {
    let spaced;
    let text = if text.contains('+') {
        spaced = text.replace('+', " ");
        &spaced
    } else {
        text
    };
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| {
            ApiError::bad_data(format!("error parsing form values: {text:?} is not UTF-8"))
        })
}

impl FromRequest<Arc<App>> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let mut params = Self::default();
        let is_form = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH)
            && parts
                .headers
                .get(header::CONTENT_TYPE)
                .and_then(|v| v.to_str().ok())
                .is_some_and(|v| {
                    v.trim_start()
                        .starts_with("application/x-www-form-urlencoded")
                });
        if is_form {
            let limit = app.settings.form_bytes_max;
            let bytes = http_body_util::Limited::new(body, limit)
                .collect()
                .await
                .map_err(|e| {
                    ApiError::bad_data(format!(
                        "error parsing form values: {e} (limit: {limit} bytes)"
                    ))
                })?
                .to_bytes();
            let text = std::str::from_utf8(&bytes).map_err(|_| {
                ApiError::bad_data("error parsing form values: the body is not UTF-8")
            })?;
            params.parse(text)?;
        }
        params.parse(parts.uri.query().unwrap_or(""))?;
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_decode() {
        let mut params = Params::default();
        params
            .parse("query=a%20%2B+b&match[]=x&match%5B%5D=y&empty=")
            .expect("valid");
        assert_eq!(params.get("query"), "a + b");
        assert_eq!(params.all("match[]").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(params.some("empty"), None);
        assert!(Params::default().parse("a=%ff").is_err());
    }

    #[test]
    fn limits() {
        let limit = |text: &str| {
            let mut params = Params::default();
            params.parse(text).expect("valid");
            params.limit("limit").map_err(|e| e.message)
        };
        assert_eq!(limit(""), Ok(0));
        assert_eq!(limit("limit=7"), Ok(7));
        assert_eq!(
            limit("limit=-1"),
            Err("invalid parameter \"limit\": limit must be non-negative".to_owned())
        );
    }
}
