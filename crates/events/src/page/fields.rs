//! Fields of the rows of a page: names once, and for each row its fields.

use binnacle_model::event::column::ABSENT;
use binnacle_model::event::select::Fields;
use binnacle_model::event::{Column, ColumnValues, FieldValue, Texts};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_store::Malformed;
use hashbrown::HashMap;

use super::filter::FilterBuilder;

const TEXT: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;

/// Writes fields row by row.
#[derive(Default)]
pub(super) struct FieldWriter {
    names: Vec<Box<str>>,
    ids: HashMap<Box<str>, u32>,
    rows: Vec<u8>,
    row: Vec<u8>,
}

impl FieldWriter {
    /// Adds a row; answers the bytes of its names and values.
    pub(super) fn row<'a>(
        &mut self,
        fields: impl Iterator<Item = (&'a str, FieldValue<'a>)>,
        filter: &mut FilterBuilder,
    ) -> usize {
        let (mut count, mut size) = (0_u64, 0);
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        for (name, value) in fields {
            count += 1;
            put_varint(&mut row, u64::from(self.id(name)));
            size += name.len();
            match value {
                FieldValue::Text(text) => {
                    row.push(TEXT);
                    put_varint(&mut row, text.len() as u64);
                    row.extend_from_slice(text);
                    filter.add(text);
                    size += text.len();
                }
                FieldValue::Int(v) => {
                    row.push(INT);
                    put_varint_signed(&mut row, v);
                    size += 8;
                }
                FieldValue::Float(v) => {
                    row.push(FLOAT);
                    row.extend_from_slice(&v.to_bits().to_le_bytes());
                    size += 8;
                }
                FieldValue::Bool(v) => {
                    row.push(if v { TRUE } else { FALSE });
                    size += 1;
                }
            }
        }
        put_varint(&mut self.rows, count);
        self.rows.extend_from_slice(&row);
        self.row = row;
        size
    }

    fn id(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }

    /// Names, and then all rows.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.rows.len() + 64);
        put_varint(&mut out, self.names.len() as u64);
        for name in &self.names {
            put_varint(&mut out, name.len() as u64);
            out.extend_from_slice(name.as_bytes());
        }
        out.extend_from_slice(&self.rows);
        out
    }

    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.ids.clear();
        self.rows.clear();
    }
}

/// Where a value of a row lies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Text(u32, u32),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// The fields of all rows of a page, taken apart.
pub(super) struct FieldRows {
    raw: Vec<u8>,
    names: Vec<String>,
    fields: Vec<(u32, Value)>,
    ends: Vec<u32>,
}

impl FieldRows {
    /// Takes the piece apart.
    pub(super) fn decode(raw: Vec<u8>, rows: usize) -> Result<Self, Malformed> {
        Self::parts(&raw, rows)
            .map(|(names, fields, ends)| Self {
                raw,
                names,
                fields,
                ends,
            })
            .ok_or(Malformed("the fields of a page make no sense"))
    }

    #[allow(clippy::type_complexity)]
    fn parts(raw: &[u8], rows: usize) -> Option<(Vec<String>, Vec<(u32, Value)>, Vec<u32>)> {
        let mut bytes = Bytes::new(raw);
        let mut names = Vec::new();
        for _ in 0..bytes.varint()? {
            let len = usize::try_from(bytes.varint()?).ok()?;
            names.push(std::str::from_utf8(bytes.take(len)?).ok()?.to_owned());
        }
        let mut fields = Vec::new();
        let mut ends = Vec::with_capacity(rows);
        for _ in 0..rows {
            for _ in 0..bytes.varint()? {
                let name = u32::try_from(bytes.varint()?).ok()?;
                if name as usize >= names.len() {
                    return None;
                }
                let value = match bytes.u8()? {
                    TEXT => {
                        let len = usize::try_from(bytes.varint()?).ok()?;
                        let from = raw.len() - bytes.rest().len();
                        bytes.take(len)?;
                        Value::Text(u32::try_from(from).ok()?, u32::try_from(len).ok()?)
                    }
                    INT => Value::Int(bytes.varint_signed()?),
                    FLOAT => Value::Float(f64::from_bits(bytes.u64()?)),
                    FALSE => Value::Bool(false),
                    TRUE => Value::Bool(true),
                    _ => return None,
                };
                fields.push((name, value));
            }
            ends.push(u32::try_from(fields.len()).ok()?);
        }
        bytes.rest().is_empty().then_some((names, fields, ends))
    }

    fn of_row(&self, row: usize) -> &[(u32, Value)] {
        let from = row.checked_sub(1).map_or(0, |r| self.ends[r]);
        &self.fields[from as usize..self.ends[row] as usize]
    }

    /// Calls `see` for each field of a row.
    pub(super) fn each<'a>(&'a self, row: usize, mut see: impl FnMut(&'a str, FieldValue<'a>)) {
        for (name, value) in self.of_row(row) {
            let value = match *value {
                Value::Text(from, len) => {
                    FieldValue::Text(&self.raw[from as usize..(from + len) as usize])
                }
                Value::Int(v) => FieldValue::Int(v),
                Value::Float(v) => FieldValue::Float(v),
                Value::Bool(v) => FieldValue::Bool(v),
            };
            see(&self.names[*name as usize], value);
        }
    }
}

/// Gathers columns from rows.
pub(crate) struct ColumnWriter<'w> {
    wanted: &'w Fields,
    texts: HashMap<String, TextColumn>,
    others: HashMap<(String, u8), ColumnValues>,
    rows: usize,
}

#[derive(Default)]
struct TextColumn {
    entries: Texts,
    ids: HashMap<Vec<u8>, u32>,
    of_row: Vec<u32>,
}

impl<'w> ColumnWriter<'w> {
    pub(crate) fn new(wanted: &'w Fields) -> Self {
        Self {
            wanted,
            texts: HashMap::new(),
            others: HashMap::new(),
            rows: 0,
        }
    }

    /// Begins the next row.
    pub(crate) fn next_row(&mut self) {
        self.rows += 1;
    }

    /// Adds a field of the row that was begun last.
    pub(crate) fn push(&mut self, name: &str, value: FieldValue<'_>) {
        let is_wanted = match self.wanted {
            Fields::None => false,
            Fields::All => true,
            Fields::Named(names) => names.iter().any(|n| n == name),
        };
        let Some(row) = self.rows.checked_sub(1).filter(|_| is_wanted) else {
            return;
        };
        let text = match value {
            FieldValue::Text(text) => text,
            other => return self.push_typed(row, name, other),
        };
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

    fn push_typed(&mut self, row: usize, name: &str, value: FieldValue<'_>) {
        let (kind, empty) = match value {
            FieldValue::Int(_) => (INT, ColumnValues::Int(Vec::new())),
            FieldValue::Float(_) => (FLOAT, ColumnValues::Float(Vec::new())),
            FieldValue::Bool(_) => (TRUE, ColumnValues::Bool(Vec::new())),
            FieldValue::Text(_) => return,
        };
        let column = self.others.entry((name.to_owned(), kind)).or_insert(empty);
        match (column, value) {
            (ColumnValues::Int(values), FieldValue::Int(v)) => {
                values.resize(row, None);
                values.push(Some(v));
            }
            (ColumnValues::Float(values), FieldValue::Float(v)) => {
                values.resize(row, None);
                values.push(Some(v));
            }
            (ColumnValues::Bool(values), FieldValue::Bool(v)) => {
                values.resize(row, None);
                values.push(Some(v));
            }
            _ => {}
        }
    }

    /// The columns, all as long as there were rows, by name.
    pub(crate) fn finish(self) -> Vec<Column> {
        let rows = self.rows;
        let mut columns: Vec<Column> = self
            .texts
            .into_iter()
            .map(|(name, mut column)| {
                column.of_row.resize(rows, ABSENT);
                Column {
                    name,
                    values: ColumnValues::Text {
                        entries: column.entries,
                        of_row: column.of_row,
                    },
                }
            })
            .collect();
        for ((name, _), mut values) in self.others {
            match &mut values {
                ColumnValues::Int(v) => v.resize(rows, None),
                ColumnValues::Float(v) => v.resize(rows, None),
                ColumnValues::Bool(v) => v.resize(rows, None),
                ColumnValues::Text { .. } => {}
            }
            columns.push(Column { name, values });
        }
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        columns
    }
}
