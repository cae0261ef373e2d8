//! The forward protocol: a whole message is as long as the scanner says.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut batch = EventBatch::default();
    if binnacle_wire::fluent::decode(body, 1 << 20, 1, &mut batch).is_ok() {
        check(&batch);
    }
    let _ = binnacle_wire::fluent::Scanner::default().scan(body);
    let _ = binnacle_wire::fluent::handshake::decode_ping(body);
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
