//! Any bytes as a chunk, and any values into one: decoding never panics and yields as
//! many samples as were named; encoding loses no bit.
#![no_main]

use binnacle_metrics::chunk::{
    Effort, Statistics, decode_times, decode_values, encode_times, encode_values,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[low, high], rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let count = usize::from(u16::from_le_bytes([low, high]) % 4_096);
    let (mut values, mut times) = (Vec::new(), Vec::new());
    if decode_values(rest, count, &mut values).is_ok() {
        assert_eq!(values.len(), count);
    }
    if decode_times(rest, count, &mut times).is_ok() {
        assert_eq!(times.len(), count);
    }
    let _ = Statistics::decode(rest);

    let words: Vec<u64> = rest
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&w| u64::from_le_bytes(w))
        .collect();
    let values: Vec<f64> = words.iter().map(|&w| f64::from_bits(w)).collect();
    let effort = if low & 7 == 0 {
        Effort::Thorough
    } else {
        Effort::Quick
    };
    let (mut out, mut got) = (Vec::new(), Vec::new());
    encode_values(&values, effort, &mut out);
    decode_values(&out, values.len(), &mut got).expect("just encoded");
    assert!(got.iter().map(|v| v.to_bits()).eq(words.iter().copied()));
    let times: Vec<i64> = words.iter().map(|&w| w as i64).collect();
    let (mut out, mut got) = (Vec::new(), Vec::new());
    encode_times(&times, &mut out);
    decode_times(&out, times.len(), &mut got).expect("just encoded");
    assert_eq!(got, times);
});
