//! A server with Prometheus' and Loki's API as a [`MetricsQuery`] and an
//! [`EvaluateLogs`], as far as replaying rules needs it: values at one time and over a range.

use std::sync::Arc;

use binnacle_model::annotation::Annotations;
use binnacle_model::append::{AppendError, AppendOptions, Appended};
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{
    EvaluateLogs, LogsAnswer, LogsRequest, LogsStatistics, LogsTime, LogsValue,
};
use binnacle_model::metadata::Metadata;
use binnacle_model::query::{
    Answer, Cardinality, InstantQuery, MatrixSeries, MetricsQuery, QueryAnswer, QueryError,
    QueryStatistics, QueryValue, RangeQuery, ReplayState, RunningQuery, SeriesExemplars,
    SeriesQuery, Value as SampleValue, VectorElement,
};
use binnacle_model::{Append, Batch, Labels, Matcher, Sample};
use serde_json::Value;

use crate::commands::remote::Client;

/// See the module's text.
pub(super) struct OverHttp {
    client: Client,
}

impl OverHttp {
    /// Asks through `client`.
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    async fn ask(&self, path: &str, form: Vec<(&str, String)>) -> Result<QueryAnswer, QueryError> {
        let answer = self.client.form(path, &form).await;
        let answer = answer.map_err(|error| error_of(format!("{error:#}")))?;
        let value = value_of(&answer.data).ok_or_else(|| QueryError::Internal {
            message: "the server's answer is not in the form of Prometheus' API".to_owned(),
        })?;
        Ok(QueryAnswer {
            value,
            annotations: Annotations::default(),
            statistics: QueryStatistics::default(),
        })
    }
}

/// The kind of an error, by the word that the API puts in front of it.
fn error_of(message: String) -> QueryError {
    let kind = message.split(':').next().unwrap_or_default();
    match kind {
        // Loki's API says what is wrong with a query without a word in front.
        _ if kind.starts_with("the server answered 400") => QueryError::Execution { message },
        "bad_data" => QueryError::BadData {
            message,
            span: None,
        },
        "execution" => QueryError::Execution { message },
        "timeout" => QueryError::Timeout { message },
        _ => QueryError::Unavailable { message },
    }
}

fn seconds(ms: i64) -> String {
    format!("{}", ms as f64 / 1000.0)
}

fn value_of(data: &Value) -> Option<QueryValue> {
    let result = &data["result"];
    match data["resultType"].as_str()? {
        "scalar" => Some(QueryValue::Scalar(sample_of(result)?)),
        "string" => Some(QueryValue::String {
            t_ms: 0,
            value: result[1].as_str()?.to_owned(),
        }),
        "vector" => {
            let element = |element: &Value| {
                let sample = sample_of(&element["value"])?;
                Some(VectorElement {
                    labels: labels_of(&element["metric"])?,
                    t_ms: sample.t_ms,
                    value: SampleValue::Float(sample.value),
                })
            };
            // Native histograms have no "value" and are left out.
            let all = result.as_array()?.iter().filter_map(element);
            Some(QueryValue::Vector(all.collect()))
        }
        "matrix" => {
            let series = |series: &Value| {
                let values = series["values"].as_array();
                Some(MatrixSeries {
                    labels: labels_of(&series["metric"])?,
                    floats: values.into_iter().flatten().filter_map(sample_of).collect(),
                    histograms: Vec::new(),
                })
            };
            let all: Option<Vec<MatrixSeries>> = result.as_array()?.iter().map(series).collect();
            Some(QueryValue::Matrix(all?))
        }
        _ => None,
    }
}

fn sample_of(pair: &Value) -> Option<Sample> {
    let value = match pair[1].as_str()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().ok()?,
    };
    Some(Sample {
        t_ms: (pair[0].as_f64()? * 1000.0).round() as i64,
        value,
    })
}

fn labels_of(metric: &Value) -> Option<Labels> {
    let pairs: Option<Vec<(&str, &str)>> = metric
        .as_object()?
        .iter()
        .map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    Some(Labels::from_pairs(pairs?))
}

fn not_here<'a, T: 'a>(what: &'static str) -> Answer<'a, T> {
    Box::pin(async move {
        Err(QueryError::Unavailable {
            message: format!("{what} is not asked of a server here"),
        })
    })
}

/// Takes nothing: a replay over HTTP writes nothing.
struct Nowhere;

impl Append for Nowhere {
    fn append(&self, _batch: &Batch, _options: AppendOptions) -> Result<Appended, AppendError> {
        Err(AppendError::Closed)
    }
}

impl EvaluateLogs for OverHttp {
    fn query(&self, request: LogsRequest) -> Answer<'_, LogsAnswer> {
        Box::pin(async move {
            let limit = ("limit", request.limit.max(1).to_string());
            let form = vec![("query", request.text), limit];
            let answer = match request.time {
                LogsTime::Instant { at_ns } => {
                    let form = [form, vec![("time", at_ns.to_string())]].concat();
                    self.ask("/loki/api/v1/query", form).await?
                }
                LogsTime::Range {
                    start_ns,
                    end_ns,
                    step_ns,
                    ..
                } => {
                    let times = vec![
                        ("start", start_ns.to_string()),
                        ("end", end_ns.to_string()),
                        ("step", seconds(step_ns / 1_000_000)),
                    ];
                    let form = [form, times].concat();
                    self.ask("/loki/api/v1/query_range", form).await?
                }
            };
            let labels = |labels: &Labels| LogLabels::from_pairs(labels.iter());
            let point = |sample: &Sample| (sample.t_ms, sample.value);
            let value = match answer.value {
                QueryValue::Matrix(all) => LogsValue::Matrix(
                    all.iter()
                        .map(|s| (labels(&s.labels), s.floats.iter().map(point).collect()))
                        .collect(),
                ),
                QueryValue::Vector(all) => LogsValue::Vector(
                    all.iter()
                        .filter_map(|e| match e.value {
                            SampleValue::Float(value) => Some((labels(&e.labels), (e.t_ms, value))),
                            SampleValue::Histogram(_) => None,
                        })
                        .collect(),
                ),
                QueryValue::Scalar(sample) => LogsValue::Scalar(point(&sample)),
                QueryValue::String { .. } => LogsValue::Streams(Vec::new()),
            };
            Ok(LogsAnswer {
                value,
                annotations: answer.annotations,
                statistics: LogsStatistics::default(),
            })
        })
    }
}

impl MetricsQuery for OverHttp {
    fn instant(&self, query: InstantQuery) -> Answer<'_, QueryAnswer> {
        Box::pin(async move {
            let form = vec![("query", query.text), ("time", seconds(query.at_ms))];
            self.ask("/api/v1/query", form).await
        })
    }

    fn range(&self, query: RangeQuery) -> Answer<'_, QueryAnswer> {
        Box::pin(async move {
            let form = vec![
                ("query", query.text),
                ("start", seconds(query.start_ms)),
                ("end", seconds(query.end_ms)),
                ("step", seconds(query.step_ms)),
            ];
            self.ask("/api/v1/query_range", form).await
        })
    }

    fn series(&self, _query: SeriesQuery) -> Answer<'_, (Vec<Labels>, Annotations)> {
        not_here("a list of series")
    }

    fn label_names(&self, _query: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)> {
        not_here("a list of labels")
    }

    fn label_values(
        &self,
        _name: String,
        _query: SeriesQuery,
    ) -> Answer<'_, (Vec<String>, Annotations)> {
        not_here("a list of labels")
    }

    fn latest(&self, _query: SeriesQuery, _at_ms: i64) -> Answer<'_, Vec<(Labels, Sample)>> {
        not_here("federation")
    }

    fn exemplars(
        &self,
        _text: String,
        _start_ms: i64,
        _end_ms: i64,
    ) -> Answer<'_, Vec<SeriesExemplars>> {
        not_here("exemplars")
    }

    fn metadata(
        &self,
        _metric: Option<String>,
        _limit: usize,
    ) -> Answer<'_, Vec<(String, Vec<Metadata>)>> {
        not_here("metadata")
    }

    fn format(&self, text: &str) -> Result<String, QueryError> {
        Ok(binnacle_promql::print::pretty(
            &binnacle_promql::parse::parse(text)?,
        ))
    }

    fn syntax_tree(&self, text: &str) -> Result<String, QueryError> {
        let expr = binnacle_promql::parse::parse(text)?;
        Ok(binnacle_promql::syntax_tree::syntax_tree(&expr))
    }

    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError> {
        Ok(binnacle_promql::parse::parse_selector(text)?)
    }

    fn running(&self) -> Vec<RunningQuery> {
        Vec::new()
    }

    fn kill(&self, _id: u64) -> bool {
        false
    }

    fn cardinality(&self, _limit: usize) -> Answer<'_, Cardinality> {
        not_here("cardinality")
    }

    fn replay(&self) -> ReplayState {
        ReplayState {
            done: true,
            ..ReplayState::default()
        }
    }

    fn delete_series(&self, _query: SeriesQuery) -> Answer<'_, ()> {
        not_here("deletion")
    }

    fn clean_tombstones(&self) -> Answer<'_, ()> {
        not_here("deletion")
    }

    fn snapshot(&self, _skip_head: bool) -> Answer<'_, String> {
        not_here("a snapshot")
    }

    fn appender(&self) -> Arc<dyn Append> {
        Arc::new(Nowhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_read() {
        let check = |data: Value, want: &str| {
            assert_eq!(format!("{:?}", value_of(&data)), want, "{data}");
        };
        check(
            json!({"resultType": "scalar", "result": [1.5, "2"]}),
            "Some(Scalar(Sample { t_ms: 1500, value: 2.0 }))",
        );
        check(
            json!({"resultType": "vector", "result": [
                {"metric": {"a": "b"}, "value": [1, "+Inf"]}, {"metric": {}, "histogram": [1, {}]}]}),
            "Some(Vector([VectorElement { labels: {a=\"b\"}, t_ms: 1000, value: Float(inf) }]))",
        );
        check(
            json!({"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "NaN"]]}]}),
            "Some(Matrix([MatrixSeries { labels: {}, floats: [Sample { t_ms: 1000, value: NaN }], histograms: [] }]))",
        );
        check(json!({"resultType": "?"}), "None");
        check(json!(null), "None");
    }
}
