//! From matchers to series numbers, over the head's registry and over a block alike.
//!
//! Equality is a look-up; a regular expression that is a set is several; one with a
//! prefix walks only the values with that prefix. What can match the absence of a
//! label is answered by taking away what does not match. Once few candidates are
//! left, the rest of the matchers look at their labels instead of at all values.

use binnacle_model::limits::Meter;
use binnacle_model::matcher::{MatchOp, Matcher};
use roaring::RoaringBitmap;

use crate::error::EngineError;
use crate::registry::Registry;

/// Calls between two looks at the meter.
const CHECK_EVERY: usize = 4096;

/// A set of series with label postings.
pub(crate) trait LabelIndex {
    /// All series.
    fn all(&self) -> RoaringBitmap;

    /// The number of a label pair.
    fn pair(&self, name: &str, value: &str) -> Result<Option<u32>, EngineError>;

    /// About how many values a label has.
    fn values_len(&self, name: &str) -> usize;

    /// Calls `visit` with number and text of each value of a label that begins with
    /// `prefix`, and perhaps with others.
    fn visit_values(
        &self,
        name: &str,
        prefix: &str,
        visit: &mut dyn FnMut(u32, &str) -> Result<(), EngineError>,
    ) -> Result<(), EngineError>;

    /// Calls `visit` with each label name.
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), EngineError>;

    /// Adds the series that carry a pair.
    fn union_into(&self, pair: u32, out: &mut RoaringBitmap) -> Result<(), EngineError>;

    /// Calls `visit` with the label pairs of a series, in order of the names.
    fn visit_row(&self, series: u32, visit: &mut dyn FnMut(u32)) -> Result<(), EngineError>;

    /// Calls `visit` with name and value of a pair.
    fn visit_text(&self, pair: u32, visit: &mut dyn FnMut(&str, &str)) -> Result<(), EngineError>;
}

/// The series for which all matchers hold. No matchers: all series.
pub(crate) fn find(
    index: &dyn LabelIndex,
    matchers: &[Matcher],
    meter: &Meter,
) -> Result<RoaringBitmap, EngineError> {
    let mut order: Vec<&Matcher> = matchers.iter().collect();
    order.sort_by_key(|m| cost(m));
    let mut found: Option<RoaringBitmap> = None;
    for matcher in order {
        meter.check()?;
        found = Some(match found {
            Some(few) if is_scan(matcher) && few.len() < values_len(index, matcher) / 4 => {
                keep_matching(index, matcher, &few, meter)?
            }
            Some(some) => narrow(index, matcher, some, meter)?,
            None if matcher.matches_empty() => {
                index.all() - carriers(index, matcher, false, meter)?
            }
            None => carriers(index, matcher, true, meter)?,
        });
        if found.as_ref().is_some_and(RoaringBitmap::is_empty) {
            break;
        }
    }
    Ok(found.unwrap_or_else(|| index.all()))
}

/// Whether answering takes a look at every value of the label.
fn is_scan(matcher: &Matcher) -> bool {
    listed(matcher, !matcher.matches_empty()).is_none()
}

fn values_len(index: &dyn LabelIndex, matcher: &Matcher) -> u64 {
    index.values_len(&matcher.name) as u64
}

/// What to ask first: small answers that cost little.
fn cost(matcher: &Matcher) -> u8 {
    match matcher.op {
        MatchOp::Equal if !matcher.value.is_empty() => 0,
        MatchOp::Regex if matcher.pattern().is_some_and(|p| p.set().is_some()) => 1,
        MatchOp::Regex if !matcher.matches_empty() => 2,
        _ => 3,
    }
}

fn narrow(
    index: &dyn LabelIndex,
    matcher: &Matcher,
    found: RoaringBitmap,
    meter: &Meter,
) -> Result<RoaringBitmap, EngineError> {
    Ok(if matcher.matches_empty() {
        found - carriers(index, matcher, false, meter)?
    } else {
        found & carriers(index, matcher, true, meter)?
    })
}

/// The series that carry a value of the matcher's label for which the matcher says
/// `wanted`.
fn carriers(
    index: &dyn LabelIndex,
    matcher: &Matcher,
    wanted: bool,
    meter: &Meter,
) -> Result<RoaringBitmap, EngineError> {
    let mut out = RoaringBitmap::new();
    if let Some(values) = listed(matcher, wanted) {
        for value in values {
            if let Some(pair) = index.pair(&matcher.name, value)? {
                index.union_into(pair, &mut out)?;
            }
        }
        return Ok(out);
    }
    let prefix = matcher
        .pattern()
        .and_then(|p| p.prefix())
        .filter(|_| wanted == (matcher.op == MatchOp::Regex));
    let mut pairs = Vec::new();
    let mut visited = 0;
    index.visit_values(&matcher.name, prefix.unwrap_or(""), &mut |pair, value| {
        visited += 1;
        if visited % CHECK_EVERY == 0 {
            meter.check()?;
        }
        if matcher.matches(value) == wanted {
            pairs.push(pair);
        }
        Ok(())
    })?;
    for (i, pair) in pairs.into_iter().enumerate() {
        if i % CHECK_EVERY == 0 {
            meter.check()?;
        }
        index.union_into(pair, &mut out)?;
    }
    Ok(out)
}

/// The values for which the matcher says `wanted`, when they can be listed.
fn listed(matcher: &Matcher, wanted: bool) -> Option<&[String]> {
    match matcher.op {
        MatchOp::Equal if wanted => Some(std::slice::from_ref(&matcher.value)),
        MatchOp::NotEqual if !wanted => Some(std::slice::from_ref(&matcher.value)),
        MatchOp::Regex if wanted => matcher.pattern()?.set(),
        MatchOp::NotRegex if !wanted => matcher.pattern()?.set(),
        _ => None,
    }
}

/// Those of `few` for which the matcher holds, by their labels.
fn keep_matching(
    index: &dyn LabelIndex,
    matcher: &Matcher,
    few: &RoaringBitmap,
    meter: &Meter,
) -> Result<RoaringBitmap, EngineError> {
    let mut out = RoaringBitmap::new();
    let mut row = Vec::new();
    for (i, series) in few.iter().enumerate() {
        if i % CHECK_EVERY == 0 {
            meter.check()?;
        }
        row.clear();
        index.visit_row(series, &mut |pair| row.push(pair))?;
        let mut holds = None;
        for &pair in &row {
            index.visit_text(pair, &mut |name, value| {
                if name == matcher.name {
                    holds = Some(matcher.matches(value));
                }
            })?;
        }
        if holds.unwrap_or_else(|| matcher.matches_empty()) {
            out.insert(series);
        }
    }
    Ok(out)
}

impl LabelIndex for Registry {
    fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.len() as u32);
        all
    }

    fn pair(&self, name: &str, value: &str) -> Result<Option<u32>, EngineError> {
        Ok(self.find_pair(name, value))
    }

    fn values_len(&self, name: &str) -> usize {
        self.pairs().name(name).map_or(0, |n| n.pairs.len())
    }

    fn visit_values(
        &self,
        name: &str,
        prefix: &str,
        visit: &mut dyn FnMut(u32, &str) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let Some(name) = self.pairs().name(name) else {
            return Ok(());
        };
        for &pair in &name.pairs {
            let value = self.pairs().text(pair).1;
            if value.starts_with(prefix) {
                visit(pair, value)?;
            }
        }
        Ok(())
    }

    fn visit_names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), EngineError> {
        for name in self.pairs().names() {
            visit(&name.text);
        }
        Ok(())
    }

    fn union_into(&self, pair: u32, out: &mut RoaringBitmap) -> Result<(), EngineError> {
        Registry::union_into(self, pair, out);
        Ok(())
    }

    fn visit_row(&self, series: u32, visit: &mut dyn FnMut(u32)) -> Result<(), EngineError> {
        for &pair in self.row(series) {
            visit(pair);
        }
        Ok(())
    }

    fn visit_text(&self, pair: u32, visit: &mut dyn FnMut(&str, &str)) -> Result<(), EngineError> {
        let (name, value) = self.pairs().text(pair);
        visit(name, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::labels::Labels;
    use binnacle_model::limits::QueryLimits;
    use binnacle_model::matcher::all_match;
    use binnacle_stdx::hash::HashKey;

    fn registry() -> Registry {
        let mut registry = Registry::new(1, HashKey::new(1));
        for i in 0..200u32 {
            let mut pairs = vec![(
                "__name__",
                if i % 2 == 0 { "up" } else { "load" }.to_owned(),
            )];
            pairs.push(("instance", format!("host-{}:9100", i / 10)));
            pairs.push(("id", i.to_string()));
            if i % 3 == 0 {
                pairs.push(("zone", format!("z{}", i % 4)));
            }
            let labels = Labels::from_pairs(pairs);
            let key = registry.key(labels.as_bytes());
            registry.insert(labels.as_bytes(), key).expect("new");
        }
        registry
    }

    #[test]
    fn every_combination_of_matchers_finds_what_a_scan_finds() {
        let registry = registry();
        let meter = Meter::new(QueryLimits::default());
        let one = [
            ("__name__", MatchOp::Equal, "up"),
            ("__name__", MatchOp::NotEqual, "up"),
            ("__name__", MatchOp::Equal, ""),
            ("zone", MatchOp::Equal, ""),
            ("zone", MatchOp::NotEqual, ""),
            ("zone", MatchOp::Regex, "z1|z2|"),
            ("zone", MatchOp::Regex, "z[12]"),
            ("zone", MatchOp::NotRegex, "z1|z2"),
            ("zone", MatchOp::NotRegex, "z1|"),
            ("zone", MatchOp::Regex, ".*"),
            ("zone", MatchOp::Regex, ".+"),
            ("zone", MatchOp::NotRegex, ".+"),
            ("zone", MatchOp::NotRegex, "z.*"),
            ("instance", MatchOp::Regex, "host-1.*"),
            ("instance", MatchOp::NotRegex, "host-1.*"),
            ("instance", MatchOp::Equal, "host-3:9100"),
            ("id", MatchOp::Regex, ".*7.*"),
            ("id", MatchOp::NotRegex, "1.?"),
            ("nope", MatchOp::Equal, "x"),
            ("nope", MatchOp::NotEqual, "x"),
        ];
        let all: Vec<Matcher> = one
            .iter()
            .map(|(n, op, v)| Matcher::new(*n, *op, *v).expect("valid"))
            .collect();
        let check = |matchers: &[Matcher]| {
            let got: Vec<u32> = find(&registry, matchers, &meter)
                .expect("found")
                .iter()
                .collect();
            let want: Vec<u32> = (0..200)
                .filter(|&i| all_match(matchers, &registry.labels(i)))
                .collect();
            assert_eq!(got, want, "{matchers:?}");
        };
        check(&[]);
        for a in &all {
            check(std::slice::from_ref(a));
            for b in &all {
                check(&[a.clone(), b.clone()]);
                check(&[a.clone(), b.clone(), all[13].clone()]);
            }
        }
    }
}
