//! The number of a label set, as Prometheus and Alertmanager compute it, because
//! it is part of their APIs: FNV-1a with 64 bits over name, 0xff, value, 0xff of
//! each label in order.

use std::fmt;
use std::str::FromStr;

use crate::labels::Labels;

/// A hash of a label set; shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Fingerprint(pub u64);

const OFFSET: u64 = 14_695_981_039_346_656_037;
const PRIME: u64 = 1_099_511_628_211;

impl Fingerprint {
    /// The fingerprint of `labels`.
    #[must_use]
    pub fn of(labels: &Labels) -> Self {
        let mut sum = OFFSET;
        for (name, value) in labels {
            for part in [name, value] {
                for &byte in part.as_bytes() {
                    sum = (sum ^ u64::from(byte)).wrapping_mul(PRIME);
                }
                sum = (sum ^ 0xff).wrapping_mul(PRIME);
            }
        }
        Self(sum)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_alertmanagers() {
        // The empty set is the FNV offset; the other one was shown by Alertmanager 0.25.
        let check = |labels: &[(&str, &str)], want: &str| {
            let labels = Labels::from_pairs(labels.iter().copied());
            assert_eq!(Fingerprint::of(&labels).to_string(), want);
        };
        check(&[], "cbf29ce484222325");
        check(
            &[
                ("alertname", "Fire"),
                ("instance", "a:1"),
                ("service", "shop"),
                ("severity", "critical"),
            ],
            "74db1c33d28553ca",
        );
        let text = Fingerprint::of(&Labels::from_pairs([("alertname", "x")])).to_string();
        assert_eq!(text.parse::<Fingerprint>().map(|f| f.to_string()), Ok(text));
    }
}
