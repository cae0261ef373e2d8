//! OpenTelemetry's logs, both encodings, and frames of gRPC.
#![no_main]

use binnacle_model::event::EventBatch;
use binnacle_model::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mapping = binnacle_wire::otlp::LogMapping::default();
    let mut batch = EventBatch::default();
    if binnacle_wire::otlp::decode_protobuf(body, &mapping, 1, &mut batch).is_ok() {
        check(&batch);
    }
    batch.clear();
    if binnacle_wire::otlp::decode_json(body, &mapping, 1, &mut batch).is_ok() {
        check(&batch);
    }
    let _ = binnacle_wire::otlp::grpc::unframe(body, "gzip", 1 << 20);
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
