//! Rows that were sent again: same stream, same time, same line, same fields.

use hashbrown::HashMap;

/// Rows of one time that are compared one with the other; of more, hashes are compared.
const COMPARED_MAX: usize = 16;

/// Looks for twins among rows that come sorted by stream and time.
#[derive(Default)]
pub(crate) struct Twins {
    key: Option<(u32, i64)>,
    /// Rows of this stream and time so far, each once.
    rows: Vec<u32>,
    /// One row for each hash, once there are many rows. Two different rows of one hash
    /// would hide twins of the second: then it is stored twice, no more.
    by_hash: HashMap<u64, u32>,
}

impl Twins {
    /// Whether the row, which is of this stream and time, was there before.
    pub(crate) fn is_again(
        &mut self,
        row: u32,
        key: (u32, i64),
        hash: impl Fn(u32) -> u64,
        same: impl Fn(u32, u32) -> bool,
    ) -> bool {
        if self.key != Some(key) {
            self.key = Some(key);
            self.rows.clear();
            self.by_hash.clear();
            self.rows.push(row);
            return false;
        }
        if self.rows.len() < COMPARED_MAX {
            let again = self.rows.iter().any(|&other| same(other, row));
            if !again {
                self.rows.push(row);
            }
            return again;
        }
        if self.by_hash.is_empty() {
            let hashed = self.rows.iter().map(|&other| (hash(other), other));
            self.by_hash.extend(hashed);
        }
        let other = *self.by_hash.entry(hash(row)).or_insert(row);
        other != row && same(other, row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_counts_once() {
        let rows: Vec<(i64, u64)> = (0..300)
            .map(|n| (n / 100, u64::from(n as u32 * 7 % 60)))
            .collect();
        let mut twins = Twins::default();
        let kept: Vec<(i64, u64)> = (0..rows.len() as u32)
            .filter(|&row| {
                let value = |row: u32| rows[row as usize].1;
                let key = (0, rows[row as usize].0);
                !twins.is_again(row, key, value, |a, b| value(a) == value(b))
            })
            .map(|row| rows[row as usize])
            .collect();
        let mut unique = rows;
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(kept.len(), unique.len());
    }
}
