//! Bulk bodies and JSON lines.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = EventBatch::default();
    let rules = binnacle_wire::elastic::default_rules();
    if let Ok(items) = binnacle_wire::elastic::decode_bulk(body, None, &rules, 1, &mut batch) {
        let taken = items.iter().filter(|item| item.fault.is_none()).count();
        assert_eq!(taken, batch.len());
        check(&batch);
    }
    batch.clear();
    let rules = binnacle_wire::json_lines::default_rules();
    let decoded = binnacle_wire::json_lines::decode(body, &rules, 1, &mut batch);
    assert_eq!(decoded.rows, batch.len() as u64);
    check(&batch);
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
