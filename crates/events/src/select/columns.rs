//! Columns of fields, gathered row by row.

use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::select::{Fields, Wanted};
use binnacle_model::event::{Column, ColumnValues, FieldValue, Texts};
use hashbrown::HashMap;

/// Gathers columns from rows.
pub(super) struct ColumnWriter<'w> {
    wanted: &'w Fields,
    texts: HashMap<String, TextColumn>,
    others: HashMap<(String, Kind), ColumnValues>,
    rows: usize,
}

#[derive(Default)]
struct TextColumn {
    entries: Texts,
    ids: HashMap<Vec<u8>, u32>,
    of_row: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Int,
    Float,
    Bool,
}

impl<'w> ColumnWriter<'w> {
    pub(super) fn new(wanted: &'w Fields) -> Self {
        Self {
            wanted,
            texts: HashMap::new(),
            others: HashMap::new(),
            rows: 0,
        }
    }

    /// Begins the next row.
    pub(super) fn next_row(&mut self) {
        self.rows += 1;
    }

    /// Adds a field of the row that was begun last, if it is wanted.
    pub(super) fn push(&mut self, name: &str, value: FieldValue<'_>) {
        let is_wanted = match self.wanted {
            Fields::None => false,
            Fields::All => true,
            Fields::Named(names) => names.iter().any(|n| n == name),
        };
        let Some(row) = self.rows.checked_sub(1).filter(|_| is_wanted) else {
            return;
        };
        match value {
            FieldValue::Text(text) => self.push_text(row, name, text),
            FieldValue::Int(v) => {
                if let ColumnValues::Int(values) = self.other(name, Kind::Int) {
                    values.resize(row, None);
                    values.push(Some(v));
                }
            }
            FieldValue::Float(v) => {
                if let ColumnValues::Float(values) = self.other(name, Kind::Float) {
                    values.resize(row, None);
                    values.push(Some(v));
                }
            }
            FieldValue::Bool(v) => {
                if let ColumnValues::Bool(values) = self.other(name, Kind::Bool) {
                    values.resize(row, None);
                    values.push(Some(v));
                }
            }
        }
    }

    fn push_text(&mut self, row: usize, name: &str, text: &[u8]) {
        if !self.texts.contains_key(name) {
            self.texts.insert(name.to_owned(), TextColumn::default());
        }
        let Some(column) = self.texts.get_mut(name) else {
            return;
        };
        let id = match column.ids.get(text) {
            Some(&id) => id,
            None => {
                let id = column.entries.len() as u32;
                column.entries.push(text);
                column.ids.insert(text.to_vec(), id);
                id
            }
        };
        column.of_row.resize(row, ABSENT);
        column.of_row.push(id);
    }

    fn other(&mut self, name: &str, kind: Kind) -> &mut ColumnValues {
        let empty = || match kind {
            Kind::Int => ColumnValues::Int(Vec::new()),
            Kind::Float => ColumnValues::Float(Vec::new()),
            Kind::Bool => ColumnValues::Bool(Vec::new()),
        };
        self.others
            .entry((name.to_owned(), kind))
            .or_insert_with(empty)
    }

    /// The columns, all as long as there were rows, by name.
    pub(super) fn finish(self) -> Vec<Column> {
        let rows = self.rows;
        let texts = self.texts.into_iter().map(|(name, mut column)| {
            column.of_row.resize(rows, ABSENT);
            let values = ColumnValues::Text {
                entries: column.entries,
                of_row: column.of_row,
            };
            Column { name, values }
        });
        let others = self.others.into_iter().map(|((name, _), mut values)| {
            match &mut values {
                ColumnValues::Int(v) => v.resize(rows, None),
                ColumnValues::Float(v) => v.resize(rows, None),
                ColumnValues::Bool(v) => v.resize(rows, None),
                ColumnValues::Text { .. } => {}
            }
            Column { name, values }
        });
        let mut columns: Vec<Column> = texts.chain(others).collect();
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        columns
    }
}

/// Extracted columns of rows in memory, whose lines are not taken apart: the language
/// parses them.
pub(super) fn unknown(wanted: &Wanted, rows: usize) -> Vec<Column> {
    wanted
        .extracts
        .iter()
        .map(|extract| Column {
            name: extract.label.clone(),
            values: unknown_texts(rows),
        })
        .collect()
}

/// Nothing is known of any row.
pub(super) fn unknown_texts(rows: usize) -> ColumnValues {
    ColumnValues::Text {
        entries: Texts::default(),
        of_row: vec![UNKNOWN; rows],
    }
}

/// The value of a column in a row.
pub(crate) fn value_of(column: &Column, row: usize) -> Option<FieldValue<'_>> {
    match &column.values {
        ColumnValues::Text { entries, of_row } => {
            let entry = of_row.get(row).copied().filter(|&e| e < UNKNOWN)?;
            Some(FieldValue::Text(entries.get(entry as usize)))
        }
        ColumnValues::Int(v) => v.get(row).copied().flatten().map(FieldValue::Int),
        ColumnValues::Float(v) => v.get(row).copied().flatten().map(FieldValue::Float),
        ColumnValues::Bool(v) => v.get(row).copied().flatten().map(FieldValue::Bool),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_one_entry_a_row() {
        let mut writer = ColumnWriter::new(&Fields::All);
        writer.next_row();
        writer.push("a", FieldValue::Text(b"x"));
        writer.next_row();
        writer.push("a", FieldValue::Int(7));
        writer.push("b", FieldValue::Bool(true));
        writer.next_row();
        writer.push("a", FieldValue::Text(b"x"));
        let columns = writer.finish();
        assert_eq!(columns.len(), 3);
        let rows: Vec<Vec<_>> = (0..3)
            .map(|row| columns.iter().filter_map(|c| value_of(c, row)).collect())
            .collect();
        assert_eq!(rows[0], [FieldValue::Text(b"x")]);
        assert!(rows[1].contains(&FieldValue::Int(7)));
        assert!(rows[1].contains(&FieldValue::Bool(true)));
        assert_eq!(rows[2], [FieldValue::Text(b"x")]);
    }
}
