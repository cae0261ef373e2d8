//! Keys of groups: the labels that count of a row, as bytes.
//!
//! Rows are told apart by their keys without building their labels; only the groups of an
//! answer become labels again. Every part of a key has its length plus one in front; a 0
//! stands for a label that is not there.

use std::cmp::Ordering;

use binnacle_model::event::LogLabels;

use super::RowLabels;
use crate::ast::Grouping;

/// Which labels count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyShape {
    /// Only these, ascending, each once.
    by: Option<Vec<String>>,
    /// All but these, when there are none of `by`.
    except: Vec<String>,
}

impl KeyShape {
    /// That of a grouping; without one all labels count.
    #[must_use]
    pub fn of(grouping: Option<&Grouping>) -> Self {
        let Some(grouping) = grouping else {
            return Self::default();
        };
        let mut names = grouping.labels.clone();
        names.sort_unstable();
        names.dedup();
        if grouping.without {
            Self {
                by: None,
                except: names,
            }
        } else {
            Self {
                by: Some(names),
                except: Vec::new(),
            }
        }
    }

    /// The labels that count, when they are named: the parts of each key in order.
    #[must_use]
    pub fn names(&self) -> Option<&[String]> {
        self.by.as_deref()
    }

    /// Writes the key of a row into `out`, which is cleared first.
    pub fn write(&self, labels: &RowLabels, out: &mut Vec<u8>) {
        out.clear();
        if let Some(names) = &self.by {
            for name in names {
                write_part(labels.get(name), out);
            }
            return;
        }
        let mut pairs: Vec<(&str, &str)> = labels
            .all()
            .filter(|(name, _)| self.except.iter().all(|l| l != name))
            .collect();
        pairs.sort_unstable();
        for (name, value) in pairs {
            write_part(Some(name), out);
            write_part(Some(value), out);
        }
    }

    /// Names and values of a key, ascending by name.
    pub fn pairs<'k>(&'k self, key: &'k [u8]) -> impl Iterator<Item = (&'k str, &'k str)> {
        let mut rest = key;
        let mut names = self.by.iter().flatten();
        std::iter::from_fn(move || {
            if self.by.is_none() {
                let name = read_part(&mut rest)??;
                return Some((name, read_part(&mut rest)?.unwrap_or_default()));
            }
            loop {
                let name = names.next()?;
                if let Some(value) = read_part(&mut rest)? {
                    return Some((name.as_str(), value));
                }
            }
        })
    }

    /// The labels of a key.
    #[must_use]
    pub fn labels(&self, key: &[u8]) -> LogLabels {
        LogLabels::from_pairs(self.pairs(key))
    }

    /// The order of the labels of two keys.
    #[must_use]
    pub fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        self.pairs(a).cmp(self.pairs(b))
    }
}

/// Adds a part to a key.
pub(crate) fn write_part(part: Option<&str>, out: &mut Vec<u8>) {
    let Some(part) = part else {
        out.push(0);
        return;
    };
    let mut length = part.len() as u64 + 1;
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(part.as_bytes());
}

/// Takes a part off a key: a text, or that there is none. `None` at the end.
fn read_part<'k>(rest: &mut &'k [u8]) -> Option<Option<&'k str>> {
    let mut length = 0_u64;
    let mut shift = 0;
    loop {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        length |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
        shift += 7;
    }
    let Some(length) = length.checked_sub(1) else {
        return Some(None);
    };
    let (text, behind) = rest.split_at_checked(length as usize)?;
    *rest = behind;
    std::str::from_utf8(text).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn row(pairs: &[(&str, &str)]) -> RowLabels {
        let mut labels = RowLabels::default();
        labels.reset(&Arc::new(LogLabels::from_pairs(pairs.iter().copied())));
        labels
    }

    fn key(shape: &KeyShape, labels: &RowLabels) -> Vec<u8> {
        let mut key = Vec::new();
        shape.write(labels, &mut key);
        key
    }

    #[test]
    fn keys_tell_groups_apart_and_come_back() {
        let grouping = |without, names: &[&str]| Grouping {
            without,
            labels: names.iter().map(|n| (*n).to_owned()).collect(),
        };
        let mut one = row(&[("a", "1"), ("b", "2")]);
        let mut two = row(&[("b", "2")]);
        two.set("a", "1");
        let all = KeyShape::of(None);
        assert_eq!(key(&all, &one), key(&all, &two));
        assert_eq!(all.labels(&key(&all, &one)), one.merged());
        one.set("c", "");
        let by = KeyShape::of(Some(&grouping(false, &["c", "a", "c"])));
        assert_ne!(key(&by, &one), key(&by, &two));
        assert_eq!(by.labels(&key(&by, &one)).to_string(), r#"{a="1", c=""}"#);
        assert_eq!(by.labels(&key(&by, &two)).to_string(), r#"{a="1"}"#);
        let without = KeyShape::of(Some(&grouping(true, &["c"])));
        assert_eq!(key(&without, &one), key(&without, &two));
        assert_eq!(without.labels(&key(&without, &one)), two.merged());
        let long = "x".repeat(300);
        one.set("a", &long);
        assert_eq!(by.labels(&key(&by, &one)).get("a"), Some(long.as_str()));
    }

    #[test]
    fn keys_are_in_the_order_of_their_labels() {
        let rows = [
            row(&[]),
            row(&[("a", "10")]),
            row(&[("a", "9")]),
            row(&[("b", "")]),
            row(&[("a", "9"), ("b", "x")]),
        ];
        for shape in [
            KeyShape::of(None),
            KeyShape::of(Some(&Grouping {
                without: false,
                labels: vec!["b".to_owned(), "a".to_owned()],
            })),
        ] {
            for x in &rows {
                for y in &rows {
                    let got = shape.compare(&key(&shape, x), &key(&shape, y));
                    assert_eq!(got, x.merged().cmp(&y.merged()));
                }
            }
        }
    }
}
