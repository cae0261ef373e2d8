//! Fields of rows in columns: one for each name and type. Names that few rows have are
//! kept together, row by row: there may be thousands.

use binnacle_model::event::column::ABSENT;
use binnacle_model::event::select::{Fields, ValueTest};
use binnacle_model::event::{Column as OutColumn, ColumnValues, FieldValue, Texts};
use binnacle_model::matcher::MatchOp;
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_store::Malformed;
use hashbrown::HashMap;

use super::bits::Bits;
use super::column::{self, Column, Work};
use super::cursor::Cursor;
use super::ints::{self, Ints, Order};
use super::piece::{Blob, Pieces, Reader, put_bytes};
use super::read::RowTimes;
use super::search::{self, Found, Place, Sought};
use super::strings::decompress;
use super::test::value_passes;
use super::tokens::Level;
use super::{BYTES_REFUSED, RowSource};

const TEXT: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const BOOL: u8 = 3;

/// Names that have columns of their own at most.
const COLUMNS_MAX: usize = 1024;

/// A name that fewer rows have gets no column, when there are more names than
/// [`NAMES_ALWAYS`].
const ROWS_MIN: usize = 16;

/// So many names get columns, however few rows have them.
const NAMES_ALWAYS: usize = 32;

/// Values of one name and type.
#[derive(Default)]
struct Gathered {
    rows: Vec<i64>,
    texts: Texts,
    numbers: Vec<i64>,
}

/// Writes the fields of all rows, which `order` gives the order of.
pub(super) fn write(
    source: &dyn RowSource,
    order: &[u32],
    times: &[i64],
    work: &mut Work,
    out: &mut Pieces,
) {
    let mut names: Vec<String> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut gathered: Vec<[Gathered; 4]> = Vec::new();
    let mut order_of_names: Vec<usize> = Vec::new();
    for (at, row) in order.iter().enumerate() {
        let mut nth = 0;
        source.fields(*row as usize, &mut |name, value| {
            // Fields mostly come in the same order as in the row before.
            let guess = order_of_names.get(nth).copied();
            let id = match guess.filter(|id| names[*id] == name) {
                Some(id) => id,
                None => {
                    let next = names.len();
                    let id = *by_name.entry_ref(name).or_insert(next);
                    if id == next {
                        names.push(name.to_owned());
                        gathered.push(<[Gathered; 4]>::default());
                    }
                    order_of_names.truncate(nth);
                    order_of_names.push(id);
                    id
                }
            };
            nth += 1;
            let (kind, number) = match value {
                FieldValue::Text(text) => {
                    gathered[id][usize::from(TEXT)].texts.push(text);
                    (TEXT, None)
                }
                FieldValue::Int(v) => (INT, Some(v)),
                FieldValue::Float(v) => (FLOAT, Some(v.to_bits() as i64)),
                FieldValue::Bool(v) => (BOOL, Some(i64::from(v))),
            };
            let own = &mut gathered[id][usize::from(kind)];
            own.rows.push(at as i64);
            own.numbers.extend(number);
        });
    }
    let rows_of = |name: usize| gathered[name].iter().map(|g| g.rows.len()).sum::<usize>();
    let mut by_rows: Vec<usize> = (0..names.len()).collect();
    by_rows.sort_by_key(|name| std::cmp::Reverse(rows_of(*name)));
    let is_column = |(rank, name): (usize, usize)| {
        rank < NAMES_ALWAYS || (rank < COLUMNS_MAX && rows_of(name) >= ROWS_MIN)
    };
    let split = by_rows
        .iter()
        .enumerate()
        .position(|(rank, name)| !is_column((rank, *name)))
        .unwrap_or(by_rows.len());
    let (columns, rest) = by_rows.split_at(split);
    let pieces = columns.iter().flat_map(|name| {
        (TEXT..=BOOL).map(|kind| (*name, kind, &gathered[*name][usize::from(kind)]))
    });
    let pieces: Vec<_> = pieces.filter(|p| !p.2.rows.is_empty()).collect();
    put_varint(&mut out.directory, pieces.len() as u64);
    for (name, kind, own) in pieces {
        put_bytes(&mut out.directory, names[name].as_bytes());
        out.directory.push(kind);
        put_varint(&mut out.directory, own.rows.len() as u64);
        if own.rows.len() < order.len() {
            ints::write(&own.rows, Order::Rising, work.effort, out);
        }
        if kind == TEXT {
            let texts: Vec<&[u8]> = own.texts.iter().collect();
            let times: Vec<i64> = own.rows.iter().map(|r| times[*r as usize]).collect();
            column::write(&texts, &times, Level::Words, true, work, out);
        } else {
            ints::write(&own.numbers, Order::Unknown, work.effort, out);
        }
    }
    write_rest(&names, rest, &gathered, work, out);
}

/// Rows with names that few have: the name's number, the kind, and the value.
fn write_rest(
    names: &[String],
    rest: &[usize],
    gathered: &[[Gathered; 4]],
    work: &mut Work,
    out: &mut Pieces,
) {
    put_varint(&mut out.directory, rest.len() as u64);
    if rest.is_empty() {
        return;
    }
    let mut entries: Vec<(i64, usize, u8, usize)> = Vec::new();
    for (number, name) in rest.iter().enumerate() {
        for kind in TEXT..=BOOL {
            let own = &gathered[*name][usize::from(kind)];
            entries.extend(
                own.rows
                    .iter()
                    .enumerate()
                    .map(|(i, row)| (*row, number, kind, i)),
            );
        }
    }
    entries.sort_unstable();
    let mut raw = Vec::new();
    for name in rest {
        put_bytes(&mut raw, names[*name].as_bytes());
    }
    put_varint(&mut out.directory, entries.len() as u64);
    let mut before = 0;
    for (row, number, kind, i) in entries {
        put_varint(&mut raw, (row - before) as u64);
        before = row;
        put_varint(&mut raw, number as u64);
        raw.push(kind);
        let own = &gathered[rest[number]][usize::from(kind)];
        match kind {
            TEXT => {
                put_bytes(&mut raw, own.texts.get(i));
                work.words.add(own.texts.get(i));
            }
            _ => put_varint_signed(&mut raw, own.numbers[i]),
        }
    }
    put_varint(&mut out.directory, raw.len() as u64);
    match work.compress(&raw) {
        Some(packed) => {
            out.directory.push(1);
            out.blob(&packed);
        }
        None => {
            out.directory.push(0);
            out.blob(&raw);
        }
    }
}

/// A column of fields that was found, not decoded yet.
struct FieldColumn<'a> {
    name: &'a str,
    /// The rows that have it; `None`: all.
    rows: Option<Ints<'a>>,
    count: usize,
    values: Values<'a>,
}

enum Values<'a> {
    Text(Column<'a>),
    Numbers(u8, Ints<'a>),
}

/// The fields of a block.
pub(super) struct FieldColumns<'a> {
    columns: Vec<FieldColumn<'a>>,
    rest: Option<Rest<'a>>,
}

struct Rest<'a> {
    names: usize,
    entries: usize,
    raw_len: usize,
    is_compressed: bool,
    bytes: Blob<'a>,
}

/// An entry of the rest: row, name, value.
type RestEntry<'r> = (usize, &'r str, FieldValue<'r>);

const WRONG_REST: Malformed = Malformed("the rare fields of a block make no sense");

impl<'a> Rest<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        let names = reader.count(BYTES_REFUSED)?;
        if names == 0 {
            return Ok(None);
        }
        let entries = reader.count(BYTES_REFUSED)?;
        let raw_len = reader.count(BYTES_REFUSED)?;
        let is_compressed = reader.u8()? == 1;
        Ok(Some(Self {
            names,
            entries,
            raw_len,
            is_compressed,
            bytes: reader.blob()?,
        }))
    }

    fn open(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = self.bytes.open()?;
        if self.is_compressed {
            decompress(bytes, self.raw_len)
        } else {
            Ok(bytes.to_vec())
        }
    }

    fn entries<'r>(&self, raw: &'r [u8]) -> Option<Vec<RestEntry<'r>>> {
        let mut bytes = Bytes::new(raw);
        let text = |bytes: &mut Bytes<'r>| {
            let len = usize::try_from(bytes.varint()?).ok()?;
            bytes.take(len)
        };
        let mut names = Vec::new();
        for _ in 0..self.names {
            names.push(std::str::from_utf8(text(&mut bytes)?).ok()?);
        }
        let mut entries = Vec::new();
        let mut row = 0_usize;
        for _ in 0..self.entries {
            row = row.checked_add(usize::try_from(bytes.varint()?).ok()?)?;
            let name = *names.get(usize::try_from(bytes.varint()?).ok()?)?;
            let value = match bytes.u8()? {
                TEXT => FieldValue::Text(text(&mut bytes)?),
                kind => number_value(kind, bytes.varint_signed()?)?,
            };
            entries.push((row, name, value));
        }
        bytes.rest().is_empty().then_some(entries)
    }
}

fn number_value<'v>(kind: u8, number: i64) -> Option<FieldValue<'v>> {
    match kind {
        INT => Some(FieldValue::Int(number)),
        FLOAT => Some(FieldValue::Float(f64::from_bits(number as u64))),
        BOOL => Some(FieldValue::Bool(number != 0)),
        _ => None,
    }
}

impl<'a> FieldColumns<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, rows: usize) -> Result<Self, Malformed> {
        let mut columns = Vec::new();
        for _ in 0..reader.count_here()? {
            let name = std::str::from_utf8(reader.bytes()?)
                .map_err(|_| Malformed("a field of a block has a name that is no UTF-8"))?;
            let kind = reader.u8()?;
            let count = reader.count(rows)?;
            let own_rows = match count < rows {
                true => Some(Ints::read(reader, count)?),
                false => None,
            };
            let values = match kind {
                TEXT => Values::Text(Column::read(reader, count, 0)?),
                INT | FLOAT | BOOL => Values::Numbers(kind, Ints::read(reader, count)?),
                _ => return Err(Malformed("a field of a block is of an unknown type")),
            };
            columns.push(FieldColumn {
                name,
                rows: own_rows,
                count,
                values,
            });
        }
        let rest = Rest::read(reader)?;
        Ok(Self { columns, rest })
    }

    /// Calls `see` with each column of texts and its name.
    pub(super) fn each(&self, see: &mut dyn FnMut(&str, &Column<'a>)) {
        for column in &self.columns {
            if let Values::Text(texts) = &column.values {
                see(column.name, texts);
            }
        }
    }

    /// Whether rows may have a field of that name. Of names kept row by row that is not
    /// known without opening them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.is_some() || self.columns.iter().any(|c| c.name == name)
    }

    /// Of the candidates, the rows whose field passes.
    pub(super) fn passing(
        &self,
        name: &str,
        test: &ValueTest,
        candidates: &Bits,
        times: &RowTimes<'_>,
    ) -> Result<Bits, Malformed> {
        let mut without = candidates.clone();
        let mut passed = Bits::none(candidates.len());
        for column in self.columns.iter().filter(|c| c.name == name) {
            let rows = column.rows()?;
            let row_of = |place: usize| rows.as_ref().map_or(place, |r| r[place]);
            let mut wanted = Bits::none(column.count);
            for place in 0..column.count {
                if candidates.has(row_of(place)) {
                    wanted.add(place);
                }
            }
            let own = column.passing(test, &wanted, &row_of, times)?;
            for place in wanted.iter() {
                without.remove(row_of(place));
            }
            for place in own.iter() {
                passed.add(row_of(place));
            }
        }
        if let Some(rest) = &self.rest {
            let raw = rest.open()?;
            for (row, own, value) in rest.entries(&raw).ok_or(WRONG_REST)? {
                if own == name && candidates.has(row) {
                    without.remove(row);
                    if value_passes(Some(value), test) {
                        passed.add(row);
                    }
                }
            }
        }
        if value_passes(None, test) {
            passed.or(&without);
        }
        Ok(passed)
    }

    /// The wanted fields of some rows, which rise.
    pub(super) fn columns(
        &self,
        wanted: &Fields,
        rows: &[u32],
        times: &RowTimes<'_>,
        out: &mut Vec<OutColumn>,
    ) -> Result<(), Malformed> {
        let is_wanted = |name: &str| match wanted {
            Fields::None => false,
            Fields::Named(names) => names.iter().any(|n| n == name),
            Fields::All => true,
        };
        for column in self.columns.iter().filter(|c| is_wanted(c.name)) {
            let places = column.places(rows)?;
            if places.is_empty() {
                continue;
            }
            out.push(OutColumn {
                name: column.name.to_owned(),
                values: column.values(&places, rows.len(), times)?,
            });
        }
        if let Some(rest) = &self.rest {
            let raw = rest.open()?;
            let entries = rest.entries(&raw).ok_or(WRONG_REST)?;
            rest_columns(&entries, is_wanted, rows, out);
        }
        Ok(())
    }
}

fn rest_columns(
    entries: &[RestEntry<'_>],
    is_wanted: impl Fn(&str) -> bool,
    rows: &[u32],
    out: &mut Vec<OutColumn>,
) {
    let mut by_name: HashMap<(&str, u8), usize> = HashMap::new();
    let mut at = 0;
    for (row, name, value) in entries {
        while at < rows.len() && (rows[at] as usize) < *row {
            at += 1;
        }
        if rows.get(at).map(|r| *r as usize) != Some(*row) || !is_wanted(name) {
            continue;
        }
        let kind = match value {
            FieldValue::Text(_) => TEXT,
            FieldValue::Int(_) => INT,
            FieldValue::Float(_) => FLOAT,
            FieldValue::Bool(_) => BOOL,
        };
        let column = *by_name.entry((*name, kind)).or_insert_with(|| {
            out.push(OutColumn {
                name: (*name).to_owned(),
                values: empty_values(kind, rows.len()),
            });
            out.len() - 1
        });
        match (&mut out[column].values, value) {
            (ColumnValues::Text { entries, of_row }, FieldValue::Text(text)) => {
                of_row[at] = entries.len() as u32;
                entries.push(text);
            }
            (ColumnValues::Int(values), FieldValue::Int(v)) => values[at] = Some(*v),
            (ColumnValues::Float(values), FieldValue::Float(v)) => values[at] = Some(*v),
            (ColumnValues::Bool(values), FieldValue::Bool(v)) => values[at] = Some(*v),
            _ => {}
        }
    }
}

fn empty_values(kind: u8, rows: usize) -> ColumnValues {
    match kind {
        INT => ColumnValues::Int(vec![None; rows]),
        FLOAT => ColumnValues::Float(vec![None; rows]),
        BOOL => ColumnValues::Bool(vec![None; rows]),
        _ => ColumnValues::Text {
            entries: Texts::default(),
            of_row: vec![ABSENT; rows],
        },
    }
}

impl FieldColumn<'_> {
    /// The row of each place; `None`: they are the same.
    fn rows(&self) -> Result<Option<Vec<usize>>, Malformed> {
        let Some(rows) = &self.rows else {
            return Ok(None);
        };
        let rows = rows.all()?;
        let rows: Result<Vec<usize>, _> = rows.into_iter().map(usize::try_from).collect();
        let rows = rows.map_err(|_| Malformed("a field of a block has a row before the first"))?;
        if rows.windows(2).all(|pair| pair[0] < pair[1]) {
            Ok(Some(rows))
        } else {
            Err(Malformed("the rows of a field of a block do not rise"))
        }
    }

    /// Of the rows that are wanted, those that have the field: number among the wanted
    /// ones, and place.
    fn places(&self, rows: &[u32]) -> Result<Vec<(usize, usize)>, Malformed> {
        let Some(own) = self.rows()? else {
            return Ok(rows
                .iter()
                .enumerate()
                .map(|(i, row)| (i, *row as usize))
                .collect());
        };
        let mut places = Vec::new();
        let mut at = 0;
        for (i, row) in rows.iter().enumerate() {
            while at < own.len() && own[at] < *row as usize {
                at += 1;
            }
            if own.get(at) == Some(&(*row as usize)) {
                places.push((i, at));
            }
        }
        Ok(places)
    }

    fn passing(
        &self,
        test: &ValueTest,
        wanted: &Bits,
        row_of: &dyn Fn(usize) -> usize,
        times: &RowTimes<'_>,
    ) -> Result<Bits, Malformed> {
        let times_of = || {
            let rows = (0..self.count).map(row_of);
            rows.map(|row| times.at(row)).collect()
        };
        match &self.values {
            Values::Text(column) => {
                if let ValueTest::Text(matcher) = test
                    && matcher.op == MatchOp::Equal
                    && !matcher.value.contains('\u{fffd}')
                {
                    let sought = Sought::new(matcher.value.as_bytes(), Place::Whole);
                    let mut own = wanted.clone();
                    match search::find(column, &sought, &times_of)? {
                        Found::Nowhere => own = Bits::none(wanted.len()),
                        Found::Everywhere => {}
                        Found::At(bits) => own.and(&bits),
                    }
                    return Ok(own);
                }
                let mut passes = |text: &[u8]| value_passes(Some(FieldValue::Text(text)), test);
                search::passing(column, wanted, &times_of, &mut passes)
            }
            Values::Numbers(kind, ints) => {
                let mut passed = Bits::none(self.count);
                let mut cursor = ints.cursor()?;
                for place in wanted.iter() {
                    if value_passes(number_value(*kind, cursor.get(place)?), test) {
                        passed.add(place);
                    }
                }
                Ok(passed)
            }
        }
    }

    fn values(
        &self,
        places: &[(usize, usize)],
        rows: usize,
        times: &RowTimes<'_>,
    ) -> Result<ColumnValues, Malformed> {
        match &self.values {
            Values::Text(column) => {
                let own_rows = self.rows()?;
                let row_of = |place: usize| own_rows.as_ref().map_or(place, |r| r[place]);
                let time_of = |place: usize| times.at(row_of(place));
                text_values(column, places, rows, &time_of)
            }
            Values::Numbers(kind, ints) => {
                let mut values = empty_values(*kind, rows);
                let mut cursor = ints.cursor()?;
                for (row, place) in places {
                    match (&mut values, number_value(*kind, cursor.get(*place)?)) {
                        (ColumnValues::Int(own), Some(FieldValue::Int(v))) => own[*row] = Some(v),
                        (ColumnValues::Float(own), Some(FieldValue::Float(v))) => {
                            own[*row] = Some(v);
                        }
                        (ColumnValues::Bool(own), Some(FieldValue::Bool(v))) => {
                            own[*row] = Some(v);
                        }
                        _ => {}
                    }
                }
                Ok(values)
            }
        }
    }
}

/// Texts of a column by dictionary: its own where it has one.
fn text_values(
    column: &Column<'_>,
    places: &[(usize, usize)],
    rows: usize,
    time_of: &dyn Fn(usize) -> Result<i64, Malformed>,
) -> Result<ColumnValues, Malformed> {
    let mut entries = Texts::default();
    let mut of_row = vec![ABSENT; rows];
    let mut cursor = Cursor::new(column)?;
    if let Cursor::Dictionary { entries: own, ids } = &mut cursor {
        for id in 0..own.len() {
            entries.push(own.get(id as i64)?);
        }
        for (row, place) in places {
            let id = ids.get(*place)?;
            own.get(id)?;
            of_row[*row] = id as u32;
        }
    } else if let Cursor::Ids(ids) = &mut cursor {
        let mut known = vec![ABSENT; ids.count()];
        for (row, place) in places {
            let id = ids.number(*place)?;
            if known[id] == ABSENT {
                known[id] = entries.len() as u32;
                ids.append(id, &mut entries.bytes)?;
                entries.end();
            }
            of_row[*row] = known[id];
        }
    } else if let Cursor::Constant(text) = cursor {
        entries.push(text);
        for (row, _) in places {
            of_row[*row] = 0;
        }
    } else {
        for (row, place) in places {
            of_row[*row] = entries.len() as u32;
            cursor.append(*place, time_of(*place)?, &mut entries.bytes)?;
            entries.end();
        }
    }
    Ok(ColumnValues::Text { entries, of_row })
}
