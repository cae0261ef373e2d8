//! The delimited protobuf exposition.
#![no_main]

use std::ops::ControlFlow;

use binnacle_wire::protobuf::scan;
use binnacle_wire::text::{FamilyLine, Sample, Visitor, parse_labels};
use libfuzzer_sys::fuzz_target;

struct Check;

impl Visitor for Check {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        // Labels may be there twice, and nothing else may be wrong.
        if let Err(error) = parse_labels(sample.series, sample.kind) {
            assert!(error.to_string().contains("not unique"), "{error}");
        }
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}
}

fuzz_target!(|body: &[u8]| {
    let _ = scan(body, &mut Check);
});
