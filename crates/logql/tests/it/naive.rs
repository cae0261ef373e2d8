//! The plainest evaluation of metric queries: every stage on every line, every window
//! summed anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_logql::ast::{
    Expr, Grouping, RangeAggregation, RangeOp, SampleExpr, VectorAggregation, VectorOp,
};
use binnacle_logql::stage::{Hints, Pipeline, RowLabels, Value};
use binnacle_model::event::LogLabels;
use binnacle_model::matcher::all_match;

use crate::columns::Store;

/// Steps: the first, the width, how many.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    pub start_ns: i64,
    pub step_ns: i64,
    pub count: usize,
}

impl Steps {
    pub fn at(&self, i: usize) -> i64 {
        self.start_ns + i as i64 * self.step_ns
    }
}

pub type Series = BTreeMap<LogLabels, Vec<Option<f64>>>;

type Member<'m> = (&'m LogLabels, &'m Vec<Option<f64>>);

pub struct Naive<'n> {
    pub store: &'n Store,
    pub steps: Steps,
}

impl Naive<'_> {
    pub fn answer(&self, expr: &Expr) -> Result<Series, String> {
        match expr {
            Expr::Sample(sample) => self.sample(sample),
            Expr::Log(_) => Err("it has no numbers".to_owned()),
        }
    }

    fn sample(&self, expr: &SampleExpr) -> Result<Series, String> {
        match expr {
            SampleExpr::Range(range) => self.range(range, range.grouping.as_ref()),
            SampleExpr::Vector(vector) => self.vector(vector),
            _ => Err("that is not asked here".to_owned()),
        }
    }

    fn range(
        &self,
        range: &RangeAggregation,
        grouping: Option<&Grouping>,
    ) -> Result<Series, String> {
        let log = &range.range.log;
        let unwrap = range.range.unwrap.as_ref();
        let pipeline = Pipeline::new(&log.stages)?;
        let hints = Hints::of_metric(&pipeline.required_labels(), unwrap, grouping);
        let pipeline = pipeline.with_hints(hints);
        let value = unwrap.map(Value::new).transpose()?;
        let value = value.map(|v| v.grouped(grouping));
        let window = |i: usize| {
            let until = self.steps.at(i) - range.range.offset_ns;
            (until - range.range.range_ns, until)
        };
        let mut groups: BTreeMap<LogLabels, Vec<(i64, usize, f64)>> = BTreeMap::new();
        let mut labels = RowLabels::default();
        for (unit, events) in self.store.units.iter().enumerate() {
            for event in events {
                let t_ns = event.t_ns;
                let sees = |i| t_ns > window(i).0 && t_ns <= window(i).1;
                if !all_match(&log.matchers, &event.labels) || !(0..self.steps.count).any(sees) {
                    continue;
                }
                labels.reset(&Arc::new(LogLabels::from(&event.labels)));
                for (name, value) in event.metadata.iter() {
                    labels.add_metadata(name, value);
                }
                let Some(line) = pipeline.run(t_ns, event.line.as_bytes(), &mut labels) else {
                    continue;
                };
                let number = match &value {
                    Some(value) => match value.of(&mut labels) {
                        Some(number) => number,
                        None => continue,
                    },
                    None if is_of_bytes(range.op) => line.len() as f64,
                    None => 1.0,
                };
                if labels.error().is_some() && !labels.preserves_error() {
                    return Err("a row has an error".to_owned());
                }
                let group = group(&labels.merged(), grouping);
                groups.entry(group).or_default().push((t_ns, unit, number));
            }
        }
        let mut series = Series::new();
        for (labels, mut samples) in groups {
            samples.sort_by_key(|s| (s.0, s.1));
            let values = (0..self.steps.count).map(|i| {
                let (after, until) = window(i);
                let own = samples.iter().filter(|s| s.0 > after && s.0 <= until);
                let own: Vec<(i64, f64)> = own.map(|s| (s.0, s.2)).collect();
                value_of(range, &own, after, until)
            });
            series.insert(labels, values.collect());
        }
        Ok(series)
    }

    fn vector(&self, vector: &VectorAggregation) -> Result<Series, String> {
        let all = Grouping {
            without: false,
            labels: Vec::new(),
        };
        let grouping = vector.grouping.as_ref().unwrap_or(&all);
        if let (SampleExpr::Range(range), VectorOp::Sum) = (&vector.expr, vector.op)
            && is_additive(range.op)
        {
            // The grouping is that of the rows.
            return self.range(range, Some(grouping));
        }
        let inner = self.sample(&vector.expr)?;
        let mut groups: BTreeMap<LogLabels, Vec<Member<'_>>> = BTreeMap::new();
        for (labels, values) in &inner {
            let own = groups.entry(group(labels, Some(grouping))).or_default();
            own.push((labels, values));
        }
        let mut series = Series::new();
        for (labels, members) in groups {
            for i in 0..self.steps.count {
                let values: Vec<(&LogLabels, f64)> = members
                    .iter()
                    .filter_map(|(l, v)| Some((*l, v[i]?)))
                    .collect();
                if matches!(vector.op, VectorOp::Topk | VectorOp::Bottomk) {
                    let k = vector.parameter.expect("a number") as usize;
                    for (labels, value) in best(vector.op, values, k) {
                        let own = series.entry(labels.clone());
                        own.or_insert_with(|| vec![None; self.steps.count])[i] = Some(value);
                    }
                    continue;
                }
                let values: Vec<f64> = values.into_iter().map(|v| v.1).collect();
                let own = series.entry(labels.clone());
                own.or_insert_with(|| vec![None; self.steps.count])[i] = reduce(vector.op, &values);
            }
        }
        Ok(series)
    }
}

fn best(op: VectorOp, mut values: Vec<(&LogLabels, f64)>, k: usize) -> Vec<(&LogLabels, f64)> {
    values.sort_by(|a, b| {
        let order = match op {
            VectorOp::Topk => b.1.partial_cmp(&a.1),
            _ => a.1.partial_cmp(&b.1),
        };
        let order = order.unwrap_or_else(|| a.1.is_nan().cmp(&b.1.is_nan()));
        order.then_with(|| a.0.cmp(b.0))
    });
    values.truncate(k);
    values
}

fn is_of_bytes(op: RangeOp) -> bool {
    matches!(op, RangeOp::BytesOverTime | RangeOp::BytesRate)
}

fn is_additive(op: RangeOp) -> bool {
    is_of_bytes(op)
        || matches!(
            op,
            RangeOp::CountOverTime | RangeOp::Rate | RangeOp::SumOverTime
        )
}

fn group(labels: &LogLabels, grouping: Option<&Grouping>) -> LogLabels {
    let mut kept = labels.clone();
    if let Some(grouping) = grouping {
        kept.retain(|name, _| grouping.labels.iter().any(|l| l == name) != grouping.without);
    }
    kept
}

fn reduce(op: VectorOp, values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let (first, rest) = values.split_first()?;
    let variance = || {
        let mean = mean(values);
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n
    };
    Some(match op {
        VectorOp::Sum => values.iter().sum(),
        VectorOp::Avg => mean(values),
        VectorOp::Count => n,
        VectorOp::Min => rest.iter().fold(*first, |m, v| if *v < m { *v } else { m }),
        VectorOp::Max => rest.iter().fold(*first, |m, v| if *v > m { *v } else { m }),
        VectorOp::Stdvar => variance(),
        VectorOp::Stddev => variance().sqrt(),
        _ => return None,
    })
}

fn mean(values: &[f64]) -> f64 {
    let mut mean = 0.0;
    for (i, value) in values.iter().enumerate() {
        mean += (value - mean) / (i + 1) as f64;
    }
    mean
}

fn value_of(
    range: &RangeAggregation,
    samples: &[(i64, f64)],
    after: i64,
    until: i64,
) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let values: Vec<f64> = samples.iter().map(|s| s.1).collect();
    let sum = || values.iter().sum::<f64>();
    let seconds = range.range.range_ns as f64 / 1e9;
    Some(match range.op {
        RangeOp::Rate | RangeOp::BytesRate => sum() / seconds,
        RangeOp::CountOverTime | RangeOp::BytesOverTime | RangeOp::SumOverTime => sum(),
        RangeOp::AvgOverTime => mean(&values),
        RangeOp::MinOverTime => reduce(VectorOp::Min, &values)?,
        RangeOp::MaxOverTime => reduce(VectorOp::Max, &values)?,
        RangeOp::StdvarOverTime => variance(&values),
        RangeOp::StddevOverTime => variance(&values).sqrt(),
        RangeOp::QuantileOverTime => quantile(range.parameter.expect("a number"), values),
        RangeOp::FirstOverTime => first.1,
        RangeOp::LastOverTime => last.1,
        RangeOp::RateCounter => counter_rate(samples, after, until),
        RangeOp::AbsentOverTime => return None,
    })
}

fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut sum) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        let delta = value - mean;
        mean += delta / (i + 1) as f64;
        sum += delta * (value - mean);
    }
    sum / values.len() as f64
}

fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(f64::total_cmp);
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

fn counter_rate(samples: &[(i64, f64)], after: i64, until: i64) -> f64 {
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    if first.0 == last.0 {
        return 0.0;
    }
    let mut increase = last.1 - first.1;
    for pair in samples.windows(2) {
        if pair[1].1 < pair[0].1 {
            increase += pair[0].1;
        }
    }
    let seconds = |ns: i64| ns as f64 / 1e9;
    let sampled = seconds(last.0 - first.0);
    let between = sampled / (samples.len() - 1) as f64;
    let mut to_start = seconds(first.0 - after);
    let to_end = seconds(until - last.0);
    if increase > 0.0 && first.1 >= 0.0 {
        to_start = to_start.min(sampled * (first.1 / increase));
    }
    let mut covered = sampled;
    for gap in [to_start, to_end] {
        covered += if gap < between * 1.1 {
            gap
        } else {
            between / 2.0
        };
    }
    increase * (covered / sampled) / seconds(until - after)
}
