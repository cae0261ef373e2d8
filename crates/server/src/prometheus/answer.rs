//! The envelope of every answer, `{"status":"success","data":…}`, and the values
//! of queries in it, written in pieces.

use std::vec;

use axum::response::{IntoResponse, Response};
use binnacle_model::annotation::{Annotation, Annotations, Severity};
use binnacle_model::histogram::Histogram;
use binnacle_model::query::{
    MatrixSeries, QueryAnswer, QueryStatistics, QueryValue, Value, VectorElement,
};
use http::header;

use crate::http::json::{push_array, push_key, push_labels, push_string};
use crate::http::number::{push_json_float, push_time, push_value};
use crate::http::stream;

/// Answers `data`, which is written by `push`.
pub fn success(push: impl FnOnce(&mut Vec<u8>)) -> Response {
    success_with(&Annotations::default(), "", push)
}

/// Answers `data` with warnings and infos; positions in them refer to `query`.
pub fn success_with(
    annotations: &Annotations,
    query: &str,
    push: impl FnOnce(&mut Vec<u8>),
) -> Response {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":");
    push(&mut out);
    push_annotations(&mut out, annotations, query);
    out.push(b'}');
    ([(header::CONTENT_TYPE, "application/json")], out).into_response()
}

/// At most so many annotations of a kind are told, as in Prometheus.
const ANNOTATIONS_MAX: usize = 10;

fn push_annotations(out: &mut Vec<u8>, annotations: &Annotations, query: &str) {
    for (key, severity) in [("warnings", Severity::Warning), ("infos", Severity::Info)] {
        let all: Vec<&Annotation> = annotations
            .iter()
            .filter(|a| a.severity == severity)
            .collect();
        if all.is_empty() {
            continue;
        }
        out.push(b',');
        push_key(out, key);
        let mut texts: Vec<String> = all
            .iter()
            .take(ANNOTATIONS_MAX)
            .map(|a| annotation_text(a, query))
            .collect();
        if all.len() > ANNOTATIONS_MAX {
            texts.push(format!(
                "{} more {key} annotations omitted",
                all.len() - ANNOTATIONS_MAX
            ));
        }
        push_array(out, &texts, |out, text| push_string(out, text));
    }
}

/// `PromQL warning: … (1:5)`, with line and column of the query.
fn annotation_text(annotation: &Annotation, query: &str) -> String {
    let Some(span) = annotation.span.filter(|_| !query.is_empty()) else {
        return annotation.message.clone();
    };
    let before = query.get(..span.start).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    format!("{} ({line}:{column})", annotation.message)
}

/// Answers a query's value. The vector or matrix is written while it is sent.
pub fn query_answer(answer: QueryAnswer, query: &str, statistics: bool) -> Response {
    let mut tail = Vec::new();
    if statistics {
        push_statistics(&mut tail, &answer.statistics);
    }
    tail.push(b'}');
    push_annotations(&mut tail, &answer.annotations, query);
    tail.push(b'}');
    stream::json(ValuePieces {
        state: State::Start(answer.value),
        tail,
    })
}

struct ValuePieces {
    state: State,
    tail: Vec<u8>,
}

enum State {
    Start(QueryValue),
    Vector(vec::IntoIter<VectorElement>),
    Matrix(vec::IntoIter<MatrixSeries>),
}

impl stream::Pieces for ValuePieces {
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        match &mut self.state {
            State::Start(value) => {
                let value = std::mem::replace(value, QueryValue::Vector(Vec::new()));
                return self.start(out, value);
            }
            State::Vector(elements) => {
                if let Some(element) = elements.next() {
                    out.push(b',');
                    push_element(out, &element);
                    return true;
                }
            }
            State::Matrix(series) => {
                if let Some(series) = series.next() {
                    out.push(b',');
                    push_series(out, &series);
                    return true;
                }
            }
        }
        out.push(b']');
        out.append(&mut self.tail);
        false
    }
}

impl ValuePieces {
    /// Writes all up to and including the first element.
    fn start(&mut self, out: &mut Vec<u8>, value: QueryValue) -> bool {
        let name = match value {
            QueryValue::Scalar(_) => "scalar",
            QueryValue::String { .. } => "string",
            QueryValue::Vector(_) => "vector",
            QueryValue::Matrix(_) => "matrix",
        };
        out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
        push_string(out, name);
        out.extend_from_slice(b",\"result\":");
        match value {
            QueryValue::Scalar(sample) => {
                push_point(out, sample.t_ms, sample.value);
                out.append(&mut self.tail);
                return false;
            }
            QueryValue::String { t_ms, value } => {
                out.push(b'[');
                push_time(out, t_ms);
                out.push(b',');
                push_string(out, &value);
                out.push(b']');
                out.append(&mut self.tail);
                return false;
            }
            QueryValue::Vector(elements) => {
                out.push(b'[');
                let mut elements = elements.into_iter();
                if let Some(first) = elements.next() {
                    push_element(out, &first);
                }
                self.state = State::Vector(elements);
            }
            QueryValue::Matrix(series) => {
                out.push(b'[');
                let mut series = series.into_iter();
                if let Some(first) = series.next() {
                    push_series(out, &first);
                }
                self.state = State::Matrix(series);
            }
        }
        true
    }
}

fn push_element(out: &mut Vec<u8>, element: &VectorElement) {
    out.extend_from_slice(b"{\"metric\":");
    push_labels(out, &element.labels);
    match &element.value {
        Value::Float(value) => {
            out.extend_from_slice(b",\"value\":");
            push_point(out, element.t_ms, *value);
        }
        Value::Histogram(histogram) => {
            out.extend_from_slice(b",\"histogram\":[");
            push_time(out, element.t_ms);
            out.push(b',');
            push_histogram(out, histogram);
            out.push(b']');
        }
    }
    out.push(b'}');
}

fn push_series(out: &mut Vec<u8>, series: &MatrixSeries) {
    out.extend_from_slice(b"{\"metric\":");
    push_labels(out, &series.labels);
    if !series.floats.is_empty() {
        out.extend_from_slice(b",\"values\":");
        push_array(out, &series.floats, |out, s| {
            push_point(out, s.t_ms, s.value);
        });
    }
    if !series.histograms.is_empty() {
        out.extend_from_slice(b",\"histograms\":");
        push_array(out, &series.histograms, |out, (t_ms, histogram)| {
            out.push(b'[');
            push_time(out, *t_ms);
            out.push(b',');
            push_histogram(out, histogram);
            out.push(b']');
        });
    }
    out.push(b'}');
}

/// `[1435781430.781,"1"]`
pub fn push_point(out: &mut Vec<u8>, t_ms: i64, value: f64) {
    out.push(b'[');
    push_time(out, t_ms);
    out.extend_from_slice(b",\"");
    push_value(out, value);
    out.extend_from_slice(b"\"]");
}

/// Count and sum; buckets come with native histograms.
fn push_histogram(out: &mut Vec<u8>, histogram: &Histogram) {
    out.extend_from_slice(b"{\"count\":\"");
    push_value(out, histogram.count);
    out.extend_from_slice(b"\",\"sum\":\"");
    push_value(out, histogram.sum);
    out.extend_from_slice(b"\"}");
}

fn push_statistics(out: &mut Vec<u8>, statistics: &QueryStatistics) {
    let number = |out: &mut Vec<u8>, key: &str, value: f64| {
        push_key(out, key);
        push_json_float(out, value);
        out.push(b',');
    };
    out.extend_from_slice(b",\"stats\":{\"timings\":{");
    number(
        out,
        "evalTotalTime",
        statistics.prepare_seconds + statistics.eval_seconds,
    );
    number(out, "resultSortTime", 0.0);
    number(out, "queryPreparationTime", statistics.prepare_seconds);
    number(out, "innerEvalTime", statistics.eval_seconds);
    number(out, "execQueueTime", statistics.queue_seconds);
    push_key(out, "execTotalTime");
    push_json_float(out, statistics.total_seconds);
    out.extend_from_slice(b"},\"samples\":{");
    if let Some(steps) = &statistics.samples_per_step {
        push_key(out, "totalQueryableSamplesPerStep");
        push_array(out, steps, |out, &(t_ms, samples)| {
            out.push(b'[');
            push_time(out, t_ms);
            out.push(b',');
            push_value(out, samples as f64);
            out.push(b']');
        });
        out.push(b',');
    }
    push_key(out, "totalQueryableSamples");
    push_value(out, statistics.samples_total as f64);
    out.push(b',');
    push_key(out, "peakSamples");
    push_value(out, statistics.samples_peak as f64);
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::Labels;
    use binnacle_model::annotation::Span;
    use binnacle_model::sample::Sample;
    use http_body_util::BodyExt;

    async fn text(response: Response) -> String {
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("body")
            .to_bytes();
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    }

    fn answer(value: QueryValue) -> QueryAnswer {
        QueryAnswer {
            value,
            annotations: Annotations::default(),
            statistics: QueryStatistics::default(),
        }
    }

    #[tokio::test]
    async fn a_scalar() {
        let value = QueryValue::Scalar(Sample {
            t_ms: 123_400,
            value: 2.0,
        });
        assert_eq!(
            text(query_answer(answer(value), "2", false)).await,
            r#"{"status":"success","data":{"resultType":"scalar","result":[123.4,"2"]}}"#
        );
    }

    #[tokio::test]
    async fn a_large_matrix_in_pieces_is_valid_json() {
        let series: Vec<MatrixSeries> = (0..2_000)
            .map(|i| MatrixSeries {
                labels: Labels::from_pairs([("i", i.to_string())]),
                floats: (0..20)
                    .map(|t| Sample {
                        t_ms: t * 15_000,
                        value: 0.5,
                    })
                    .collect(),
                histograms: Vec::new(),
            })
            .collect();
        let body = text(query_answer(answer(QueryValue::Matrix(series)), "x", true)).await;
        let json: serde_json::Value = serde_json::from_str(&body).expect("valid JSON");
        let result = json["data"]["result"].as_array().expect("array");
        assert_eq!(result.len(), 2_000);
        assert_eq!(result[1_999]["metric"]["i"], "1999");
        assert_eq!(result[7]["values"][1], serde_json::json!([15, "0.5"]));
        assert_eq!(json["data"]["stats"]["samples"]["peakSamples"], 0);
    }

    #[tokio::test]
    async fn annotations_say_where() {
        let mut answer = answer(QueryValue::Vector(Vec::new()));
        answer.annotations.add(Annotation {
            severity: Severity::Warning,
            message: "PromQL warning: careful".to_owned(),
            span: Some(Span { start: 6, end: 8 }),
        });
        assert_eq!(
            text(query_answer(answer, "sum(\n x)", false)).await,
            r#"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["PromQL warning: careful (2:2)"]}"#
        );
    }
}
