//! A sketch of a label set in 64 bits: each label sets three of them. A set that has
//! a label has its bits, so a search for `name="value"` needs to look at the large
//! rows of those alone that have the bits: with ten labels a set, the ones that have
//! the label and some 4 % of the others (a Bloom filter: Bloom, 1970).
//!
//! The bits are stored, so how they are computed must stay as it is.

use binnacle_model::Labels;
use binnacle_model::alert::Fingerprint;
use binnacle_stdx::random::splitmix64;

/// The bits of one label.
pub(super) fn of(name: &str, value: &str) -> i64 {
    let mut state = Fingerprint::of(&Labels::from_pairs([(name, value)])).0;
    let mixed = splitmix64(&mut state);
    let bit = |at: u32| 1_u64 << ((mixed >> at) & 63);
    (bit(0) | bit(6) | bit(12)).cast_signed()
}

/// The bits of all labels of a set.
pub(super) fn of_all(labels: &Labels) -> i64 {
    labels
        .iter()
        .fold(0, |bits, (name, value)| bits | of(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_bits_of_its_labels_and_they_never_change() {
        let labels = Labels::from_pairs([("alertname", "x"), ("pod", "a")]);
        let all = of_all(&labels);
        for (name, value) in &labels {
            let bits = of(name, value);
            assert_eq!(all & bits, bits);
        }
        assert_ne!(all & of("pod", "b"), of("pod", "b"));
        assert_eq!(of_all(&Labels::empty()), 0);
        assert_eq!(of("alertname", "x"), KNOWN);
    }

    /// As it was when the first file was written.
    const KNOWN: i64 = 0x880_0000_0008;
}
