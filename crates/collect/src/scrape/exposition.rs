//! Checking text that will be part of an exposition.

use std::ops::ControlFlow;

use binnacle_wire::WireError;
use binnacle_wire::text::{Dialect, FamilyLine, Sample, Visitor, scan};

/// What a text in the Prometheus format holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Samples.
    pub(crate) samples: u64,
    /// Whether any has a time of its own.
    pub(crate) timestamps: bool,
}

impl Visitor for Summary {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        self.samples += 1;
        self.timestamps |= sample.t_ms.is_some();
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}
}

/// Reads the whole text.
///
/// # Errors
/// When it is not in the format.
pub(crate) fn check(text: &[u8]) -> Result<Summary, WireError> {
    let mut summary = Summary::default();
    scan(text, Dialect::Prometheus, &mut summary)?;
    Ok(summary)
}
