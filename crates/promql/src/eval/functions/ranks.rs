//! Which samples are in a window, in order of their values.
//!
//! All samples of a series are ranked once. The window is then a set of ranks, a
//! bit for each, with counts over stretches of bits: a sample comes and goes in
//! constant time, and the n-th of the window is found by counting, however long
//! the window is.

/// Bits of one count: 64 words.
const STRETCH: usize = 4096;

/// See the module's text.
pub(super) struct Ranks<'a> {
    values: &'a [f64],
    /// The sample of each rank.
    order: Vec<u32>,
    /// The rank of each sample.
    rank: Vec<u32>,
    words: Vec<u64>,
    counts: Vec<u32>,
    len: usize,
}

impl<'a> Ranks<'a> {
    /// Ranks all of `values`, NaN lowest; none is in the window.
    pub(super) fn new(values: &'a [f64]) -> Self {
        let mut keys: Vec<(u64, u32)> = values
            .iter()
            .enumerate()
            .map(|(at, value)| (sort_key(*value), at as u32))
            .collect();
        keys.sort_unstable();
        let mut rank = vec![0; values.len()];
        for (place, (_, at)) in keys.iter().enumerate() {
            rank[*at as usize] = place as u32;
        }
        Self {
            values,
            order: keys.into_iter().map(|(_, at)| at).collect(),
            rank,
            words: vec![0; values.len().div_ceil(64)],
            counts: vec![0; values.len().div_ceil(STRETCH)],
            len: 0,
        }
    }

    /// Takes sample `at`, which is not there, into the window.
    pub(super) fn add(&mut self, at: usize) {
        let rank = self.rank[at] as usize;
        self.words[rank / 64] |= 1 << (rank % 64);
        self.counts[rank / STRETCH] += 1;
        self.len += 1;
    }

    /// Takes sample `at`, which is there, out of the window.
    pub(super) fn remove(&mut self, at: usize) {
        let rank = self.rank[at] as usize;
        self.words[rank / 64] &= !(1 << (rank % 64));
        self.counts[rank / STRETCH] -= 1;
        self.len -= 1;
    }

    /// The window's quantile; it is not empty, and `q` is from 0 to 1.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let place = q * (self.len - 1) as f64;
        let weight = place - place.floor();
        let lower = self.nth(place.floor() as usize);
        let upper = self.after(lower).unwrap_or(lower);
        self.value(lower) * (1.0 - weight) + self.value(upper) * weight
    }

    fn value(&self, rank: usize) -> f64 {
        self.values[self.order[rank] as usize]
    }

    /// The rank of the window's n-th sample, from 0.
    fn nth(&self, mut n: usize) -> usize {
        let mut stretch = 0;
        while n >= self.counts[stretch] as usize {
            n -= self.counts[stretch] as usize;
            stretch += 1;
        }
        let mut word = stretch * (STRETCH / 64);
        while n >= self.words[word].count_ones() as usize {
            n -= self.words[word].count_ones() as usize;
            word += 1;
        }
        let mut bits = self.words[word];
        for _ in 0..n {
            bits &= bits - 1;
        }
        word * 64 + bits.trailing_zeros() as usize
    }

    /// The next rank in the window.
    fn after(&self, rank: usize) -> Option<usize> {
        let word = rank / 64;
        // Two shifts, because one by 64 is none.
        let rest = self.words[word] & (!0 << (rank % 64)) << 1;
        if rest != 0 {
            return Some(word * 64 + rest.trailing_zeros() as usize);
        }
        let next = word + 1 + self.words[word + 1..].iter().position(|w| *w != 0)?;
        Some(next * 64 + self.words[next].trailing_zeros() as usize)
    }
}

/// A number whose order is that of the values, NaN lowest.
fn sort_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_nan() {
        0
    } else if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::quantile::quantile;
    use super::*;
    use binnacle_stdx::random::splitmix64;

    #[test]
    fn quantiles_of_a_moving_window() {
        let mut seed = 11;
        let values: Vec<f64> = (0..9000)
            .map(|_| match splitmix64(&mut seed) % 100 {
                0 => f64::NAN,
                1 => f64::NEG_INFINITY,
                n => (n % 40) as f64 - 20.0,
            })
            .collect();
        let mut ranks = Ranks::new(&values);
        let (mut low, mut high) = (0, 0);
        while high < values.len() {
            for at in high..(high + 97).min(values.len()) {
                ranks.add(at);
            }
            high = (high + 97).min(values.len());
            let keep = high.saturating_sub((splitmix64(&mut seed) % 6000) as usize + 1);
            for at in low..keep.max(low) {
                ranks.remove(at);
            }
            low = keep.max(low);
            for q in [0.0, 0.3, 0.5, 0.99, 1.0] {
                let want = quantile(q, &mut values[low..high].to_vec());
                let got = ranks.quantile(q);
                assert!(
                    got == want || got.is_nan() && want.is_nan(),
                    "{low} {high} {q}"
                );
            }
        }
    }
}
