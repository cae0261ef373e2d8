//! Import in pieces tells what import at once tells.
#![no_main]

use std::convert::Infallible;

use binnacle_model::append::Batch;
use binnacle_wire::import::Importer;
use binnacle_wire::text::Dialect;
use libfuzzer_sys::fuzz_target;

fn run(body: &[u8], piece: usize) -> Option<Vec<u64>> {
    let mut bits = Vec::new();
    let mut sink = |batch: &Batch| -> Result<(), Infallible> {
        bits.extend(batch.values.iter().map(|v| v.to_bits()));
        Ok(())
    };
    let mut importer = Importer::new(Dialect::OpenMetrics, Some(1));
    for piece in body.chunks(piece) {
        importer.push(piece, &mut sink).ok()?;
    }
    importer.finish(&mut sink).ok()?;
    Some(bits)
}

fuzz_target!(|body: &[u8]| {
    assert_eq!(run(body, body.len().max(1)), run(body, 7));
});
