//! The n-th least of some of many values, while some come and others go.
//!
//! All values are known in advance: each has its rank among them, and a tree of counts over
//! the ranks (Fenwick's) finds the n-th of those that are there.

/// See the module's text.
pub(super) struct Ranks {
    sorted: Vec<f64>,
    /// The rank of each value.
    ranks: Vec<u32>,
    /// Node `i` counts the ranks of the `i & -i` places up to it; from 1 on.
    tree: Vec<u32>,
}

impl Ranks {
    pub(super) fn new(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let mut ranks = vec![0; values.len()];
        for (rank, at) in order.iter().enumerate() {
            ranks[*at as usize] = rank as u32;
        }
        Self {
            sorted: order.iter().map(|at| values[*at as usize]).collect(),
            ranks,
            tree: vec![0; values.len() + 1],
        }
    }

    /// Puts value `at` in.
    pub(super) fn add(&mut self, at: usize) {
        self.change(at, 1);
    }

    /// Takes value `at` out, which was put in.
    pub(super) fn remove(&mut self, at: usize) {
        self.change(at, u32::MAX);
    }

    fn change(&mut self, at: usize, by: u32) {
        let mut node = self.ranks[at] as usize + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count = count.wrapping_add(by);
            node += node & node.wrapping_neg();
        }
    }

    /// The n-th least of those that are in, from 0 on; not a number when there are fewer.
    pub(super) fn nth(&self, n: usize) -> f64 {
        let mut left = n as u32 + 1;
        let mut node = 0;
        let mut width = self.tree.len().next_power_of_two();
        while width > 0 {
            if let Some(count) = self.tree.get(node + width).filter(|c| **c < left) {
                left -= count;
                node += width;
            }
            width /= 2;
        }
        self.sorted.get(node).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_of_a_window() {
        let values: Vec<f64> = (0..200_u32).map(|i| f64::from(i * 7919 % 53)).collect();
        for width in [1, 2, 17, 200] {
            let mut ranks = Ranks::new(values.iter().copied());
            for to in 0..values.len() {
                ranks.add(to);
                if to >= width {
                    ranks.remove(to - width);
                }
                let mut own = values[(to + 1).saturating_sub(width)..=to].to_vec();
                own.sort_by(f64::total_cmp);
                for (n, want) in own.iter().enumerate() {
                    assert_eq!(ranks.nth(n), *want);
                }
                assert!(ranks.nth(values.len()).is_nan());
            }
        }
    }
}
