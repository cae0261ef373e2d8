//! Matchers as the API has them: `{"name":…,"value":…,"isRegex":…,"isEqual":…}`.

use binnacle_model::{MatchOp, Matcher};
use serde_json::{Value, json};

use super::MatcherError;

/// A matcher as JSON.
#[must_use]
pub fn to_json(matcher: &Matcher) -> Value {
    json!({
        "name": matcher.name,
        "value": matcher.value,
        "isRegex": matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex),
        "isEqual": matches!(matcher.op, MatchOp::Equal | MatchOp::Regex),
    })
}

/// A matcher from JSON. `isEqual` was not always there, and is true when it is not.
///
/// # Errors
/// When a field has another type, or the value is no regular expression.
pub fn from_json(value: &Value) -> Result<Matcher, MatcherError> {
    let fields = value
        .as_object()
        .ok_or_else(|| MatcherError("a matcher must be an object".to_owned()))?;
    let text = |key: &str| match fields.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(MatcherError(format!("{key} of a matcher must be text"))),
    };
    let flag = |key: &str, default: bool| match fields.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(MatcherError(format!(
            "{key} of a matcher must be true or false"
        ))),
    };
    let op = match (flag("isEqual", true)?, flag("isRegex", false)?) {
        (true, false) => MatchOp::Equal,
        (false, false) => MatchOp::NotEqual,
        (true, true) => MatchOp::Regex,
        (false, true) => MatchOp::NotRegex,
    };
    super::matcher(&text("name")?, op, text("value")?).map_err(MatcherError)
}
