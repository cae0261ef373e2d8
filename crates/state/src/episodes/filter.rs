//! Which labels and alerts a run may have: a Bloom filter (Bloom, 1970) over each label,
//! name and value together, and each fingerprint. With ten bits and six probes for each
//! there is one false answer in some hundred, which costs unpacking a run in vain.
//!
//! Filters are stored, so how the bits are computed must stay as it is.

use binnacle_model::Labels;

/// Bits for each different thing.
const BITS: usize = 10;

/// Bits that each thing sets.
const PROBES: u64 = 6;

/// Odd numbers without pattern (the fractions of square roots, as in SHA-512).
const KEYS: [u64; 3] = [
    0x6a09_e667_f3bc_c909,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
];

/// The hash of a fingerprint.
pub(super) fn of_alert(fingerprint: u64) -> u64 {
    fold(fingerprint ^ KEYS[0], KEYS[1])
}

/// The hash of a label.
pub(super) fn of_label(name: &str, value: &str) -> u64 {
    let named = of_bytes(KEYS[0], name.as_bytes());
    of_bytes(named, value.as_bytes())
}

/// The hashes of all labels of a set.
pub(super) fn of_labels(labels: &Labels, into: &mut Vec<u64>) {
    into.extend(labels.iter().map(|(name, value)| of_label(name, value)));
}

fn of_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(KEYS[2]);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = fold(hash ^ u64::from_le_bytes(*word), KEYS[1]);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(hash ^ u64::from_le_bytes(last), KEYS[1])
}

/// Both halves of the product together.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The filter of these hashes.
pub(super) fn build(hashes: &mut Vec<u64>) -> Vec<u8> {
    hashes.sort_unstable();
    hashes.dedup();
    let mut filter = vec![0; (hashes.len() * BITS).div_ceil(8)];
    for &hash in hashes.iter() {
        for bit in bits(hash, filter.len()) {
            filter[bit / 8] |= 1 << (bit % 8);
        }
    }
    filter
}

/// Whether the thing with this hash may be there.
pub(super) fn may_have(filter: &[u8], hash: u64) -> bool {
    !filter.is_empty()
        && bits(hash, filter.len()).all(|bit| filter[bit / 8] & (1 << (bit % 8)) != 0)
}

fn bits(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let count = bytes as u64 * 8;
    let step = (hash >> 32) | 1;
    // The upper half of a product maps a number to a range without a division.
    (0..PROBES).map(move |i| {
        let probe = hash.wrapping_add(step.wrapping_mul(i)) & 0xffff_ffff;
        ((probe * count) >> 32) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_little_else() {
        let of = |i: u32| of_label("instance", &format!("10.0.{}.{}:9100", i / 250, i % 250));
        for count in [1, 10, 4_000] {
            let mut hashes: Vec<u64> = (0..count).map(of).collect();
            hashes.extend((0..count).map(of));
            hashes.extend((0..count).map(|i| of_alert(u64::from(i))));
            let filter = build(&mut hashes);
            assert_eq!(filter.len(), (count as usize * 2 * BITS).div_ceil(8));
            assert!((0..count).all(|i| may_have(&filter, of(i))));
            assert!((0..count).all(|i| may_have(&filter, of_alert(u64::from(i)))));
            let wrong = (100_000..110_000).filter(|i| may_have(&filter, of(*i)));
            assert!(wrong.count() < 300, "{count}");
        }
        assert!(!may_have(&[], 1));
    }

    #[test]
    fn hashes_never_change() {
        let known = [
            of_alert(0x1234_5678_9abc_def0),
            of_label("alertname", "x"),
            of_label("a", "x\0"),
            of_label("", "a value of more than eight bytes"),
        ];
        assert_eq!(known, KNOWN);
    }

    /// As they were when the first filter was written.
    const KNOWN: [u64; 4] = [
        2_056_579_298_899_647_782,
        9_071_796_539_239_786_619,
        15_985_593_540_476_529_565,
        8_703_667_488_472_200_649,
    ];
}
