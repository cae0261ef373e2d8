//! Line filters.

use std::sync::Arc;

use binnacle_model::event::{LineMatch, LineRegex, LineTest};

use super::ip::IpPattern;
use super::pattern::Template;
use crate::ast::{LineFilter, LineOp, LineOperand};

/// A compiled line filter.
pub(super) struct Filter {
    test: LineTest,
    addresses: Vec<IpPattern>,
}

impl Filter {
    pub(super) fn new(filter: &LineFilter) -> Result<Self, String> {
        let mut any = Vec::new();
        let mut addresses = Vec::new();
        for operand in &filter.any {
            match operand {
                LineOperand::Ip(pattern) => addresses.push(IpPattern::new(pattern)?),
                LineOperand::Text(text) => any.push(match_of(filter.op, text)?),
            }
        }
        let negated = matches!(
            filter.op,
            LineOp::NotContains | LineOp::NotMatches | LineOp::NotPattern
        );
        Ok(Self {
            test: LineTest { any, negated },
            addresses,
        })
    }

    /// As a test that an engine can apply; `None` for addresses.
    pub(super) fn as_test(&self) -> Option<&LineTest> {
        self.addresses.is_empty().then_some(&self.test)
    }

    pub(super) fn passes(&self, line: &[u8]) -> bool {
        let found = self.test.any.iter().any(|m| m.is_match(line))
            || self.addresses.iter().any(|a| a.is_in(line));
        found != self.test.negated
    }
}

fn match_of(op: LineOp, text: &str) -> Result<LineMatch, String> {
    Ok(match op {
        LineOp::Contains | LineOp::NotContains => LineMatch::Contains(text.as_bytes().to_vec()),
        LineOp::Matches | LineOp::NotMatches => {
            LineMatch::Regex(Arc::new(LineRegex::new(text).map_err(|e| e.to_string())?))
        }
        LineOp::Pattern | LineOp::NotPattern => Template::of_line(text)?.line_match(),
    })
}

/// The filter as a test that an engine can apply; `None` for addresses.
pub(crate) fn test_of(filter: &LineFilter) -> Option<LineTest> {
    Filter::new(filter).ok()?.as_test().cloned()
}
