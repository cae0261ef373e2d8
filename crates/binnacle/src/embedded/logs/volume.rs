//! Bytes by label: `index/volume` and `index/volume_range`.
//!
//! By labels of streams, the engine knows from its blocks. By fields of lines, and of lines
//! that stages let through, lines are read: a metric query counts their bytes.

use std::collections::BTreeMap;

use binnacle_logql::ast::{
    Expr, Grouping, LogExpr, LogRange, RangeAggregation, RangeOp, SampleExpr, Stage,
    VectorAggregation, VectorOp,
};
use binnacle_model::Matcher;
use binnacle_model::annotation::Span;
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{
    LogPoint, LogsRequest, LogsTime, LogsValue, StreamsQuery, VolumeQuery,
};
use binnacle_model::query::{QueryError, QueryOptions};

use super::{EmbeddedLogs, parse_log, volumes_of};

impl EmbeddedLogs {
    pub(super) async fn volume_of(
        &self,
        mut query: VolumeQuery,
    ) -> Result<Vec<(LogLabels, Vec<LogPoint>)>, QueryError> {
        let limit = query.limit;
        let mut stages = Vec::new();
        if !query.log.is_empty() {
            let log = parse_log(&query.log)?;
            query.streams.selectors = vec![log.matchers];
            stages = log.stages;
        }
        let is_by_blocks = query.by_label_name
            || (query.step_ns == 0 && stages.is_empty() && !self.sums_fields(&query).await?);
        let mut series = if is_by_blocks {
            self.volume_at_once(query).await?
        } else {
            self.volume_of_lines(query, stages).await?
        };
        let sum = |points: &[LogPoint]| points.iter().map(|p| p.1).sum::<f64>();
        series.sort_by(|a, b| sum(&b.1).total_cmp(&sum(&a.1)).then_with(|| a.0.cmp(&b.0)));
        if limit > 0 {
            series.truncate(limit);
        }
        Ok(series)
    }

    /// From what the engine knows of its blocks, without reading lines.
    async fn volume_at_once(
        &self,
        query: VolumeQuery,
    ) -> Result<Vec<(LogLabels, Vec<LogPoint>)>, QueryError> {
        let names = target_labels(&query);
        let t_ms = query.streams.end_ns.div_euclid(1_000_000);
        let by_name = query.by_label_name;
        self.ask(move |engine, meter| {
            let mut sums: BTreeMap<LogLabels, f64> = BTreeMap::new();
            for volume in volumes_of(engine, &query.streams, meter)? {
                let bytes = volume.bytes as f64;
                if by_name {
                    for (name, _) in volume.labels.iter() {
                        if names.is_empty() || names.iter().any(|n| n == name) {
                            *sums.entry(LogLabels::from_pairs([(name, "")])).or_default() += bytes;
                        }
                    }
                } else {
                    let kept = volume
                        .labels
                        .iter()
                        .filter(|(n, _)| names.iter().any(|name| name == n));
                    *sums.entry(LogLabels::from_pairs(kept)).or_default() += bytes;
                }
            }
            Ok(sums
                .into_iter()
                .map(|(labels, bytes)| (labels, vec![(t_ms, bytes)]))
                .collect())
        })
        .await
    }

    /// Whether a name to sum by is no label of any stream that matches.
    async fn sums_fields(&self, query: &VolumeQuery) -> Result<bool, QueryError> {
        let names = query.target_labels.clone();
        if names.is_empty() {
            return Ok(false);
        }
        let streams = query.streams.clone();
        self.ask(move |engine, meter| {
            let volumes = volumes_of(engine, &streams, meter)?;
            let is_label = |name: &String| volumes.iter().any(|v| v.labels.get(name).is_some());
            Ok(!names.iter().all(is_label))
        })
        .await
    }

    /// By reading the lines: a value at the end, or one for each step.
    async fn volume_of_lines(
        &self,
        query: VolumeQuery,
        stages: Vec<Stage>,
    ) -> Result<Vec<(LogLabels, Vec<LogPoint>)>, QueryError> {
        let names = target_labels(&query);
        let selectors = if query.streams.selectors.is_empty() {
            vec![vec![everything()?]]
        } else {
            query.streams.selectors.clone()
        };
        let StreamsQuery {
            start_ns, end_ns, ..
        } = query.streams;
        let (time, range_ns) = match query.step_ns {
            0 => (
                LogsTime::Instant { at_ns: end_ns },
                end_ns.saturating_sub(start_ns).max(1),
            ),
            step_ns => (
                LogsTime::Range {
                    start_ns,
                    end_ns,
                    step_ns,
                    interval_ns: 0,
                },
                step_ns,
            ),
        };
        let mut all: BTreeMap<LogLabels, Vec<LogPoint>> = BTreeMap::new();
        for matchers in selectors {
            let expr = bytes_by(matchers, stages.clone(), range_ns, names.clone());
            let request = LogsRequest {
                text: "index/volume".to_owned(),
                time,
                limit: 0,
                direction: binnacle_model::event::logs::Direction::Forward,
                options: QueryOptions::default(),
            };
            match self.evaluate(expr, request).await?.value {
                LogsValue::Matrix(series) => {
                    for (labels, points) in series {
                        all.entry(labels).or_default().extend(points);
                    }
                }
                LogsValue::Vector(series) => {
                    for (labels, point) in series {
                        all.entry(labels).or_default().push(point);
                    }
                }
                LogsValue::Streams(_) | LogsValue::Scalar(_) => {}
            }
        }
        Ok(all.into_iter().collect())
    }
}

/// The labels to sum by: those asked for, else those that the matchers name.
fn target_labels(query: &VolumeQuery) -> Vec<String> {
    if !query.target_labels.is_empty() {
        return query.target_labels.clone();
    }
    let StreamsQuery { selectors, .. } = &query.streams;
    let mut names: Vec<String> = selectors.iter().flatten().map(|m| m.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A matcher that every stream passes.
fn everything() -> Result<Matcher, QueryError> {
    use binnacle_model::MatchOp;
    Matcher::new("service_name", MatchOp::Regex, ".*").map_err(|e| QueryError::Internal {
        message: e.to_string(),
    })
}

/// `sum by (names) (bytes_over_time({matchers} stages [range]))`
fn bytes_by(matchers: Vec<Matcher>, stages: Vec<Stage>, range_ns: i64, names: Vec<String>) -> Expr {
    let span = Span { start: 0, end: 0 };
    let range = RangeAggregation {
        op: RangeOp::BytesOverTime,
        parameter: None,
        range: LogRange {
            log: LogExpr {
                matchers,
                stages,
                span,
            },
            range_ns,
            offset_ns: 0,
            unwrap: None,
        },
        grouping: None,
        span,
    };
    Expr::Sample(SampleExpr::Vector(Box::new(VectorAggregation {
        op: VectorOp::Sum,
        parameter: None,
        expr: SampleExpr::Range(Box::new(range)),
        grouping: Some(Grouping {
            without: false,
            labels: names,
        }),
        span,
    })))
}
