//! Remote write bodies: what is taken has canonical labels.
#![no_main]

use binnacle_model::append::{Batch, SeriesKey};
use binnacle_model::labels::Labels;
use binnacle_wire::remote_write::Decoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = Batch::default();
    if Decoder::new(1 << 20).decode(body, &mut batch).is_err() {
        return;
    }
    for series in &batch.series {
        let SeriesKey::Labels(range) = &series.key else { panic!("no labels") };
        let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
        Labels::from_canonical(bytes).expect("canonical labels");
    }
});
