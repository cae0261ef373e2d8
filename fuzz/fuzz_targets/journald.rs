//! Exports of the journal, and its JSON.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = EventBatch::default();
    let _ = binnacle_wire::journald::decode_export(body, 1, &mut batch);
    let _ = binnacle_wire::journald::decode_json(body, 1, &mut batch);
    check(&batch);
    assert!(binnacle_wire::journald::whole_entries(body) <= body.len());
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
