//! `/federate`: the newest sample of each matching series, as exposition text,
//! with this server's external labels where a series does not have them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use binnacle_model::Labels;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_model::query::SeriesQuery;
use binnacle_model::sample::Sample;
use binnacle_wire::names::Escaping;
use binnacle_wire::negotiate::answer_format;
use binnacle_wire::text::ExpositionWriter;
use http::{HeaderMap, StatusCode, header};

use crate::counters::Counters;
use crate::http::error::ErrorType;
use crate::http::params::Params;
use crate::prometheus::series::selectors;
use crate::state::App;

/// `/federate`
pub async fn federate(State(app): State<Arc<App>>, headers: HeaderMap, params: Params) -> Response {
    let selectors = match selectors(&app, &params) {
        Ok(selectors) => selectors,
        Err(error) => return (StatusCode::BAD_REQUEST, error.message).into_response(),
    };
    let now_ms = app.process.now_ms();
    let start_ms = now_ms.saturating_sub(app.process.lookback_ms());
    let query = SeriesQuery {
        selectors,
        start_ms,
        end_ms: now_ms,
        limit: 0,
    };
    let mut all = match app.metrics.latest(query, now_ms).await {
        Ok(all) => all,
        Err(error) => {
            Counters::count(&app.counters.federation_errors);
            let status = match crate::http::error::ApiError::from(error.clone()).kind {
                ErrorType::Timeout | ErrorType::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            return (status, error.to_string()).into_response();
        }
    };
    // Families must stand together.
    all.sort_by(|(a, _), (b, _)| a.metric_name().cmp(&b.metric_name()).then_with(|| a.cmp(b)));
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let format = answer_format(accept, false, Escaping::Underscores);
    let mut writer = ExpositionWriter::new(format.dialect, format.escaping);
    write(&mut writer, &all, &app.process.external_labels());
    (
        [(header::CONTENT_TYPE, format.content_type())],
        writer.finish(),
    )
        .into_response()
}

fn write(writer: &mut ExpositionWriter, all: &[(Labels, Sample)], external: &Labels) {
    let untyped = Metadata {
        kind: MetricType::Unknown,
        help: String::new(),
        unit: String::new(),
    };
    let mut family = "";
    for (labels, sample) in all {
        // A series without a name cannot be written.
        let Some(name) = labels.metric_name() else {
            continue;
        };
        if name != family {
            writer.family(name, &untyped);
            family = name;
        }
        let own = labels.iter().filter(|(n, _)| *n != METRIC_NAME);
        let added = external.iter().filter(|(n, _)| labels.get(n).is_none());
        // An empty instance label keeps the federating server from writing its own
        // target's address over what has none.
        let no_instance = labels.get("instance").is_none() && external.get("instance").is_none();
        let instance = no_instance.then_some(("instance", ""));
        writer.sample(
            own.chain(added).chain(instance),
            sample.value,
            Some(sample.t_ms),
        );
    }
}
