//! Bytes by label: `index/volume` and `index/volume_range`.

use std::collections::BTreeMap;

use binnacle_logql::ast::{
    Expr, Grouping, LogExpr, LogRange, RangeAggregation, RangeOp, SampleExpr, VectorAggregation,
    VectorOp,
};
use binnacle_model::Matcher;
use binnacle_model::annotation::Span;
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{
    LogPoint, LogsRequest, LogsTime, LogsValue, StreamsQuery, VolumeQuery,
};
use binnacle_model::query::{QueryError, QueryOptions};

use super::{EmbeddedLogs, volumes_of};

impl EmbeddedLogs {
    pub(super) async fn volume_of(
        &self,
        query: VolumeQuery,
    ) -> Result<Vec<(LogLabels, Vec<LogPoint>)>, QueryError> {
        let limit = query.limit;
        let mut series = if query.step_ns == 0 || query.by_label_name {
            self.volume_at_once(query).await?
        } else {
            self.volume_in_steps(query).await?
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

    async fn volume_in_steps(
        &self,
        query: VolumeQuery,
    ) -> Result<Vec<(LogLabels, Vec<LogPoint>)>, QueryError> {
        let names = target_labels(&query);
        let selectors = if query.streams.selectors.is_empty() {
            vec![vec![everything()?]]
        } else {
            query.streams.selectors.clone()
        };
        let mut all: BTreeMap<LogLabels, Vec<LogPoint>> = BTreeMap::new();
        for matchers in selectors {
            let expr = bytes_by(matchers, query.step_ns, names.clone());
            let request = LogsRequest {
                text: "index/volume_range".to_owned(),
                time: LogsTime::Range {
                    start_ns: query.streams.start_ns,
                    end_ns: query.streams.end_ns,
                    step_ns: query.step_ns,
                    interval_ns: 0,
                },
                limit: 0,
                direction: binnacle_model::event::logs::Direction::Forward,
                options: QueryOptions::default(),
            };
            if let LogsValue::Matrix(series) = self.evaluate(expr, request).await?.value {
                for (labels, points) in series {
                    all.entry(labels).or_default().extend(points);
                }
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

/// `sum by (names) (bytes_over_time({matchers}[step]))`
fn bytes_by(matchers: Vec<Matcher>, step_ns: i64, names: Vec<String>) -> Expr {
    let span = Span { start: 0, end: 0 };
    let range = RangeAggregation {
        op: RangeOp::BytesOverTime,
        parameter: None,
        range: LogRange {
            log: LogExpr {
                matchers,
                stages: Vec::new(),
                span,
            },
            range_ns: step_ns,
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
