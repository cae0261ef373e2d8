//! `/api/binnacle/v1/logs/searches`: searches of logs that people keep and share.
//!
//! A search is what the page of logs needs to show itself again: the query, the range
//! as it was typed, the columns and the choices of display. The server reads the query,
//! so that none is kept that cannot run; the display is the page's own text and is
//! carried as it is. A version keeps two people from overwriting each other unseen.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Router, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::body;
use crate::http::error::{ApiError, ErrorType};
use crate::http::params::Params;
use crate::prometheus::answer;
use crate::state::{App, Kept, ShelfError, format_rfc3339};

/// Under which kind searches are kept.
const KIND: &str = "log_search";
/// How many searches are kept.
const SEARCHES_MAX: usize = 2_000;
/// Characters of a name, a description and an owner.
const NAME_CHARS_MAX: usize = 200;
/// Bytes of a query.
const QUERY_BYTES_MAX: usize = 64 * 1024;
/// Columns of a table, and characters of each.
const COLUMNS_MAX: usize = 50;
/// Bytes of what the page says of its display.
const DISPLAY_BYTES_MAX: usize = 4 * 1024;

/// The routes below `/api/binnacle/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/logs/searches", get(list).post(create))
        .route("/logs/searches/{id}", put(replace).delete(remove))
}

/// A search as it is sent and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    name: String,
    #[serde(default)]
    description: String,
    query: String,
    /// Ends of the range as typed, such as `now-1h`; empty: whatever range is shown.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    columns: Vec<String>,
    /// Choices of display, as the page writes them into its address.
    #[serde(default)]
    display: String,
    /// Whose it is: who saved it first, unless somebody else is named.
    #[serde(default)]
    owner: String,
}

/// What is sent: a search, who saves it, and over which version.
#[derive(Debug, Deserialize)]
struct Asked {
    by: String,
    #[serde(default)]
    version: Option<i64>,
    search: Search,
}

impl From<ShelfError> for ApiError {
    fn from(error: ShelfError) -> Self {
        let (kind, message) = match error {
            ShelfError::Conflict(message) => (ErrorType::Conflict, message),
            ShelfError::Failed(message) => (ErrorType::Internal, message),
        };
        Self { kind, message }
    }
}

/// `GET /logs/searches`: all, by name.
async fn list(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let mut searches = Vec::new();
    for kept in app.shelf.list(KIND.to_owned()).await? {
        searches.push(shown(&kept)?);
    }
    let name = |v: &Value| v["name"].as_str().unwrap_or_default().to_lowercase();
    searches.sort_by_key(name);
    Ok(success(&json!({ "searches": searches })))
}

/// `POST /logs/searches`
async fn create(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let mut asked = read(&app, body).await?;
    if asked.search.owner.trim().is_empty() {
        asked.search.owner.clone_from(&asked.by);
    }
    check(&app, &asked)?;
    let kept = app.shelf.list(KIND.to_owned()).await?;
    if kept.len() >= SEARCHES_MAX {
        return Err(ApiError::bad_data(format!(
            "{SEARCHES_MAX} searches are kept, which is the most there may be: delete one first"
        )));
    }
    // The time tells searches apart; two of one millisecond take the next free number.
    let mut number = app.process.now_ms().unsigned_abs();
    while kept.iter().any(|one| one.id == id_of(number)) {
        number += 1;
    }
    store(&app, id_of(number), asked, Some(0)).await
}

/// `PUT /logs/searches/{id}`: with `version` only over that version.
async fn replace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let mut asked = read(&app, body).await?;
    let kept = app.shelf.list(KIND.to_owned()).await?;
    let Some(old) = kept.iter().find(|one| one.id == id) else {
        return Err(missing(&id));
    };
    if asked.search.owner.trim().is_empty() {
        asked.search.owner = parsed(old)?.owner;
    }
    check(&app, &asked)?;
    let version = asked.version;
    store(&app, id, asked, version).await
}

/// `DELETE /logs/searches/{id}?by=`
async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    named(params.get("by"))?;
    if app.shelf.remove(KIND.to_owned(), id.clone()).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(missing(&id))
}

async fn store(
    app: &App,
    id: String,
    asked: Asked,
    expected: Option<i64>,
) -> Result<Response, ApiError> {
    // Texts and lists of texts always print.
    let body = serde_json::to_string(&asked.search).unwrap_or_default();
    let kept = Kept {
        id,
        version: 0,
        updated_ms: app.process.now_ms(),
        by: asked.by,
        body,
    };
    let version = app
        .shelf
        .save(KIND.to_owned(), kept.clone(), expected)
        .await?;
    let kept = Kept { version, ..kept };
    Ok(success(&shown(&kept)?))
}

fn id_of(number: u64) -> String {
    format!("{number:x}")
}

fn missing(id: &str) -> ApiError {
    ApiError {
        kind: ErrorType::NotFound,
        message: format!("no search has the id {id}: somebody may have deleted it"),
    }
}

fn parsed(kept: &Kept) -> Result<Search, ApiError> {
    serde_json::from_str(&kept.body).map_err(|e| ApiError {
        kind: ErrorType::Internal,
        message: format!("the kept search {} cannot be read: {e}", kept.id),
    })
}

/// A kept search with what is known of it.
fn shown(kept: &Kept) -> Result<Value, ApiError> {
    let mut value = json!(parsed(kept)?);
    value["id"] = json!(kept.id);
    value["version"] = json!(kept.version);
    value["updated"] = json!(format_rfc3339(kept.updated_ms));
    value["updatedBy"] = json!(kept.by);
    Ok(value)
}

fn success(data: &Value) -> Response {
    answer::success(|out| out.extend_from_slice(data.to_string().as_bytes()))
}

async fn read(app: &App, body: Body) -> Result<Asked, ApiError> {
    let bytes = body::whole(body, app.settings.form_bytes_max)
        .await
        .map_err(|e| ApiError::bad_data(e.to_string()))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| ApiError::bad_data(format!("the body is not valid: {e}")))
}

fn named(by: &str) -> Result<(), ApiError> {
    if by.trim().is_empty() {
        return Err(ApiError::parameter("by", "say who does this"));
    }
    within("by", by, NAME_CHARS_MAX)
}

fn within(field: &str, text: &str, chars_max: usize) -> Result<(), ApiError> {
    let count = text.chars().count();
    if count > chars_max {
        return Err(ApiError::parameter(
            field,
            format!("{count} characters are more than {chars_max}"),
        ));
    }
    Ok(())
}

/// Refuses what cannot be shown or run again.
fn check(app: &App, asked: &Asked) -> Result<(), ApiError> {
    named(&asked.by)?;
    let search = &asked.search;
    if search.name.trim().is_empty() {
        return Err(ApiError::parameter("name", "give the search a name"));
    }
    within("name", &search.name, NAME_CHARS_MAX)?;
    within("description", &search.description, NAME_CHARS_MAX * 5)?;
    within("owner", &search.owner, NAME_CHARS_MAX)?;
    within("from", &search.from, NAME_CHARS_MAX)?;
    within("to", &search.to, NAME_CHARS_MAX)?;
    within("display", &search.display, DISPLAY_BYTES_MAX)?;
    if search.columns.len() > COLUMNS_MAX {
        return Err(ApiError::parameter(
            "columns",
            format!("{} are more than {COLUMNS_MAX}", search.columns.len()),
        ));
    }
    for column in &search.columns {
        within("columns", column, NAME_CHARS_MAX)?;
    }
    if search.query.len() > QUERY_BYTES_MAX {
        return Err(ApiError::parameter(
            "query",
            format!(
                "{} bytes are more than {QUERY_BYTES_MAX}",
                search.query.len()
            ),
        ));
    }
    app.logs
        .format(&search.query)
        .map(drop)
        .map_err(|e| ApiError::from(e).of_parameter("query"))
}
