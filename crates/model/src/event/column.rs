//! Columns of rows that a selection hands out.

/// Many byte strings in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// All strings, one behind the other.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<u64>,
}

impl Texts {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds one.
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
    }

    /// Ends a string whose bytes were written to [`Self::bytes`] directly.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len() as u64);
    }

    /// String `i`.
    #[must_use]
    pub fn get(&self, i: usize) -> &[u8] {
        let from = i.checked_sub(1).map_or(0, |p| self.ends[p]);
        &self.bytes[from as usize..self.ends[i] as usize]
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// A row of a text column that has no value.
pub const ABSENT: u32 = u32::MAX;

/// A row of an extracted column for which the engine cannot tell: the asker parses the
/// line itself.
pub const UNKNOWN: u32 = u32::MAX - 1;

/// One name and its value in each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The field's name.
    pub name: String,
    /// One entry a row.
    pub values: ColumnValues,
}

/// The values of a column, one entry a row.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Text by dictionary. An entry may come more than once and may be used by no row.
    Text {
        /// The distinct values.
        entries: Texts,
        /// For each row an index into `entries`, [`ABSENT`] or [`UNKNOWN`].
        of_row: Vec<u32>,
    },
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Floats.
    Float(Vec<Option<f64>>),
    /// True or false.
    Bool(Vec<Option<bool>>),
}

impl ColumnValues {
    /// Whether the row has a value here.
    #[must_use]
    pub fn is_there(&self, row: usize) -> bool {
        match self {
            Self::Text { of_row, .. } => of_row[row] < UNKNOWN,
            Self::Int(v) => v[row].is_some(),
            Self::Float(v) => v[row].is_some(),
            Self::Bool(v) => v[row].is_some(),
        }
    }

    /// Appends the row's value as text to `out`: numbers as Go prints them. False when
    /// there is none.
    pub fn write_text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        use std::io::Write;
        match self {
            Self::Text { entries, of_row } => {
                if of_row[row] >= UNKNOWN {
                    return false;
                }
                out.extend_from_slice(entries.get(of_row[row] as usize));
            }
            Self::Int(v) => {
                let Some(v) = v[row] else { return false };
                // Writing to a vector cannot fail.
                let _ = write!(out, "{v}");
            }
            Self::Float(v) => {
                let Some(v) = v[row] else { return false };
                out.extend_from_slice(
                    crate::number::text(crate::number::write_default, v).as_bytes(),
                );
            }
            Self::Bool(v) => {
                let Some(v) = v[row] else { return false };
                out.extend_from_slice(if v { b"true" } else { b"false" });
            }
        }
        true
    }
}
