//! syslog: frames and messages.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = EventBatch::default();
    let mut rest = body;
    while let Ok(Some((message, length))) = binnacle_wire::syslog::next_frame(rest, 1 << 16) {
        binnacle_wire::syslog::push_message(message, 1, &mut batch);
        rest = &rest[length..];
    }
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
