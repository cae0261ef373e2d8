//! The series of a range aggregation, whose labels are still keys.
//!
//! Aggregations over all of them (how many there are, the greatest ten) need no labels but
//! those of their answer.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use binnacle_model::limits::Meter;

use super::groups::Keys;
use super::{EvalError, Series};
use crate::ast::VectorOp;
use crate::stage::KeyShape;

/// Groups of one shard.
#[derive(Default)]
pub(super) struct Part {
    pub(super) keys: Keys,
    /// The values of each group at each step, one group behind the other.
    pub(super) values: Vec<Option<f64>>,
}

/// See the module's text.
pub(super) struct Grouped {
    shape: KeyShape,
    parts: Vec<Part>,
    steps: usize,
}

/// A group: its part and its number there.
type Place = (usize, usize);

impl Grouped {
    pub(super) fn new(shape: KeyShape, parts: Vec<Part>, steps: usize) -> Self {
        Self {
            shape,
            parts,
            steps,
        }
    }

    pub(super) fn none(shape: KeyShape, steps: usize) -> Self {
        Self::new(shape, Vec::new(), steps)
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|p| p.keys.len()).sum()
    }

    fn key(&self, (part, number): Place) -> &[u8] {
        self.parts[part].keys.get(number)
    }

    fn value(&self, (part, number): Place, step: usize) -> Option<f64> {
        self.parts[part].values[number * self.steps + step]
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let parts = self.parts.iter().enumerate();
        parts.flat_map(|(part, own)| (0..own.keys.len()).map(move |number| (part, number)))
    }

    fn compare(&self, a: Place, b: Place) -> Ordering {
        self.shape.compare(self.key(a), self.key(b))
    }

    /// All of them with their labels, ascending by these.
    pub(super) fn into_series(self, meter: &Meter) -> Result<Vec<Series>, EvalError> {
        let mut series = Vec::with_capacity(self.len());
        for part in &self.parts {
            for (number, key) in part.keys.iter().enumerate() {
                if number % 4_096 == 0 {
                    meter.check()?;
                }
                let from = number * self.steps;
                let own = Series {
                    labels: self.shape.labels(key),
                    values: part.values[from..from + self.steps].to_vec(),
                };
                // Names and values are texts of their own.
                let labels = own.labels.len() * 96 + key.len();
                let values = own.values.len() * size_of::<Option<f64>>();
                meter.hold_bytes((size_of::<Series>() + labels + values) as u64)?;
                series.push(own);
            }
        }
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }

    /// One value of all series at each step.
    pub(super) fn reduced(&self, op: VectorOp) -> Vec<Option<f64>> {
        let mut values = Vec::new();
        let mut order = None;
        (0..self.steps)
            .map(|step| {
                values.clear();
                values.extend(self.places().filter_map(|place| self.value(place, step)));
                let is_ordered = match op {
                    VectorOp::Count => false,
                    VectorOp::Sum | VectorOp::Min | VectorOp::Max => {
                        !super::aggregate::are_whole(values.iter().copied())
                    }
                    _ => true,
                };
                if is_ordered {
                    // The last bits are those of the order of labels.
                    let order: &Vec<Place> = order.get_or_insert_with(|| {
                        let mut places: Vec<Place> = self.places().collect();
                        places.sort_by(|a, b| self.compare(*a, *b));
                        places
                    });
                    values.clear();
                    values.extend(order.iter().filter_map(|place| self.value(*place, step)));
                }
                super::vector::reduce(op, &values)
            })
            .collect()
    }

    /// The `k` greatest, or the least with `bottomk`, at each step, ascending by labels.
    /// What is no number comes last.
    pub(super) fn best(&self, op: VectorOp, k: usize) -> Vec<Series> {
        let mut kept: BTreeMap<Place, Vec<Option<f64>>> = BTreeMap::new();
        for step in 0..self.steps {
            let mut best: BinaryHeap<Ranked<'_>> = BinaryHeap::new();
            for place in self.places() {
                let Some(value) = self.value(place, step) else {
                    continue;
                };
                let own = Ranked {
                    of: self,
                    op,
                    value,
                    place,
                };
                if best.len() < k {
                    best.push(own);
                } else if let Some(mut worst) = best.peek_mut()
                    && own < *worst
                {
                    *worst = own;
                }
            }
            for own in best {
                let values = kept.entry(own.place);
                values.or_insert_with(|| vec![None; self.steps])[step] = Some(own.value);
            }
        }
        let mut series: Vec<Series> = kept
            .into_iter()
            .map(|(place, values)| Series {
                labels: self.shape.labels(self.key(place)),
                values,
            })
            .collect();
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        series
    }
}

/// A value in a ranking; the least is the best.
struct Ranked<'g> {
    of: &'g Grouped,
    op: VectorOp,
    value: f64,
    place: Place,
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        super::vector::rank(self.op, self.value, other.value)
            .then_with(|| self.of.compare(self.place, other.place))
    }
}

impl PartialOrd for Ranked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked<'_> {}
