//! Range aggregations: rows to groups, groups to windows.

use binnacle_model::MatchOp;
use binnacle_model::event::LogLabels;

use super::cells::Cells;
use super::gather::{Gathers, Samples, Tally, Values};
use super::grouped::Grouped;
use super::read::Reading;
use super::rows::{Purpose, Scan};
use super::{Context, EvalError, Series};
use crate::ast::{Grouping, RangeAggregation, RangeOp};
use crate::stage::{KeyShape, Value};

impl Context<'_> {
    /// Evaluates an aggregation, its series grouped by `grouping`; more of them than
    /// `groups_max` are an error.
    pub(super) fn range(
        &self,
        aggregation: &RangeAggregation,
        grouping: Option<&Grouping>,
        groups_max: usize,
    ) -> Result<Grouped, EvalError> {
        let range = &aggregation.range;
        let cells = Cells::new(&self.steps, range.range_ns, range.offset_ns);
        let is_counted = range.unwrap.is_none()
            && matches!(
                aggregation.op,
                RangeOp::CountOverTime
                    | RangeOp::Rate
                    | RangeOp::BytesOverTime
                    | RangeOp::BytesRate
            );
        // Absence does not look at numbers.
        if is_counted || aggregation.op == RangeOp::AbsentOverTime {
            return self.read::<Tally>(aggregation, grouping, &cells, groups_max);
        }
        let is_unordered = aggregation.op == RangeOp::QuantileOverTime;
        if is_unordered && cells.windows.len() == 1 {
            return self.read::<Values>(aggregation, grouping, &cells, groups_max);
        }
        self.read::<Samples>(aggregation, grouping, &cells, groups_max)
    }

    fn read<G: Gathers>(
        &self,
        aggregation: &RangeAggregation,
        grouping: Option<&Grouping>,
        cells: &Cells,
        groups_max: usize,
    ) -> Result<Grouped, EvalError> {
        let range = &aggregation.range;
        let shape = match aggregation.op {
            RangeOp::AbsentOverTime => KeyShape::of(Some(&Grouping::all_in_one())),
            _ => KeyShape::of(grouping),
        };
        let (Some(first), Some(last)) = (cells.windows.first(), cells.windows.last()) else {
            return Ok(Grouped::none(shape, self.steps.count));
        };
        let takes_bytes = matches!(aggregation.op, RangeOp::BytesOverTime | RangeOp::BytesRate);
        let within = (
            first.after_ns.saturating_add(1),
            last.until_ns.saturating_add(1),
        );
        let purpose = Purpose::Metric {
            unwrap: range.unwrap.as_ref(),
            grouping,
            takes_bytes,
        };
        let scan = Scan::new(
            &range.log,
            purpose,
            within,
            self.events,
            self.options,
            self.meter,
        )?;
        let value = range.unwrap.as_ref().map(Value::new).transpose();
        let value = value.map_err(|message| EvalError::BadData {
            message,
            span: Some(aggregation.span),
        })?;
        let value = value.map(|value| value.grouped(grouping));
        Reading::new(
            self,
            &scan,
            &shape,
            value.as_ref(),
            takes_bytes,
            cells,
            within,
        )
        .groups::<G>(aggregation, groups_max)
    }

    /// `absent_over_time`: 1 where there is nothing, with the labels of the matchers.
    pub(super) fn absent(&self, aggregation: &RangeAggregation) -> Result<Vec<Series>, EvalError> {
        let there = self.range(aggregation, aggregation.grouping.as_ref(), usize::MAX)?;
        let there = there.into_series(self.meter)?;
        let is_there = |i: usize| there.iter().any(|s| s.values[i].is_some());
        let values: Vec<Option<f64>> = (0..self.steps.count)
            .map(|i| (!is_there(i)).then_some(1.0))
            .collect();
        if values.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        let mut labels = LogLabels::default();
        let mut twice = Vec::new();
        for matcher in &aggregation.range.log.matchers {
            if labels.get(&matcher.name).is_some() {
                twice.push(matcher.name.clone());
            } else if matcher.op == MatchOp::Equal {
                labels.set(matcher.name.as_str(), matcher.value.as_str());
            }
        }
        for name in twice {
            labels.remove(&name);
        }
        Ok(vec![Series { labels, values }])
    }
}
