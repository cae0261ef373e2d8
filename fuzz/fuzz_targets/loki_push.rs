//! Loki's pushes: what is taken has canonical labels.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = EventBatch::default();
    if binnacle_wire::loki::decode_protobuf(body, &mut batch).is_ok() {
        check(&batch);
    }
    batch.clear();
    if binnacle_wire::loki::decode_json(body, &mut batch).is_ok() {
        check(&batch);
    }
});

/// Whatever is in a batch can be read.
fn check(batch: &EventBatch) {
    for stream in 0..batch.streams.len() {
        Labels::from_canonical(batch.stream_labels(stream)).expect("canonical labels");
    }
    for row in 0..batch.len() {
        let _ = (batch.line(row), batch.fields(row).count());
    }
}
