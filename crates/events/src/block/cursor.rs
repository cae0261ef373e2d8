//! Reading texts of columns, few or all.

use std::rc::Rc;

use binnacle_store::Malformed;

use super::BYTES_REFUSED;
use super::column::{Column, Form};
use super::number::NumberFormat;
use super::shape::Shaped;
use super::stamp::{Calendar, StampFormat};
use super::{ids, ints, strings};

/// Reads texts of a column in any order, best in rising order.
pub(super) enum Cursor<'c, 'a> {
    Constant(&'a [u8]),
    Numbers {
        format: NumberFormat,
        ints: ints::Cursor<'a>,
    },
    Hex {
        len: usize,
        is_upper: bool,
        packed: &'a [u8],
    },
    Stamps {
        format: StampFormat,
        ints: ints::Cursor<'a>,
        calendar: Calendar,
    },
    Dictionary {
        entries: Entries,
        ids: ints::Cursor<'a>,
    },
    Strings(strings::Cursor<'a>),
    Shaped(Box<ShapedCursor<'c, 'a>>),
    Ids(ids::Cursor<'a>),
}

/// The texts of a dictionary.
pub(super) struct Entries {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Entries {
    /// All texts of a column; those of a dictionary have no time.
    pub(super) fn of(column: &Column<'_>) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(column)?;
        let mut own = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(column.count),
        };
        for i in 0..column.count {
            cursor.append(i, 0, &mut own.bytes)?;
            if own.bytes.len() > BYTES_REFUSED {
                return Err(Malformed("a dictionary of a block is too large"));
            }
            own.ends.push(own.bytes.len() as u32);
        }
        Ok(own)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(&self, id: i64) -> Result<&[u8], Malformed> {
        let missing = Malformed("a text of a block is not in its dictionary");
        let id = usize::try_from(id).map_err(|_| missing)?;
        let end = *self.ends.get(id).ok_or(missing)?;
        let from = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        Ok(&self.bytes[from as usize..end as usize])
    }
}

impl<'c, 'a> Cursor<'c, 'a> {
    pub(super) fn new(column: &'c Column<'a>) -> Result<Self, Malformed> {
        Ok(match &column.form {
            Form::Constant(text) => Self::Constant(text),
            Form::Numbers { format, ints } => Self::Numbers {
                format: *format,
                ints: ints.cursor()?,
            },
            Form::Hex {
                len,
                is_upper,
                packed,
            } => Self::Hex {
                len: *len,
                is_upper: *is_upper,
                packed: packed.open()?,
            },
            Form::Stamps { format, ints } => Self::Stamps {
                format: *format,
                ints: ints.cursor()?,
                calendar: Calendar::default(),
            },
            Form::Dictionary { entries, ids } => Self::Dictionary {
                entries: Entries::of(entries)?,
                ids: ids.cursor()?,
            },
            Form::Strings(strings) => Self::Strings(strings.cursor()),
            Form::Shaped(shaped) => Self::Shaped(Box::new(ShapedCursor::new(shaped)?)),
            Form::Ids(ids) => Self::Ids(ids.cursor()?),
        })
    }

    /// Appends text `i`, whose row has the time `t_ns`.
    #[inline]
    pub(super) fn append(
        &mut self,
        i: usize,
        t_ns: i64,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        match self {
            Self::Constant(text) => out.extend_from_slice(text),
            Self::Numbers { format, ints } => format.print(ints.get(i)?, out),
            Self::Hex {
                len,
                is_upper,
                packed,
            } => {
                let stride = len.div_ceil(2);
                let own = packed
                    .get(i * stride..(i + 1) * stride)
                    .ok_or(Malformed("a block has too few hex texts"))?;
                unpack_hex(own, *len, *is_upper, out);
            }
            Self::Stamps {
                format,
                ints,
                calendar,
            } => format.print(ints.get(i)?, t_ns, calendar, out),
            Self::Dictionary { entries, ids } => out.extend_from_slice(entries.get(ids.get(i)?)?),
            Self::Strings(strings) => out.extend_from_slice(strings.get(i)?),
            Self::Shaped(shaped) => shaped.append(i, t_ns, out)?,
            Self::Ids(ids) => {
                let number = ids.number(i)?;
                ids.append(number, out)?;
            }
        }
        Ok(())
    }
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// The two digits of each byte.
const fn pairs_of(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut i = 0;
    while i < 256 {
        pairs[i] = [digits[i >> 4], digits[i & 15]];
        i += 1;
    }
    pairs
}

const LOWER_PAIRS: [[u8; 2]; 256] = pairs_of(LOWER);
const UPPER_PAIRS: [[u8; 2]; 256] = pairs_of(UPPER);

/// Appends hex digits.
pub(super) fn unpack_hex(packed: &[u8], len: usize, is_upper: bool, out: &mut Vec<u8>) {
    let pairs = if is_upper { &UPPER_PAIRS } else { &LOWER_PAIRS };
    let from = out.len();
    out.resize(from + packed.len() * 2, 0);
    for (to, byte) in out[from..].chunks_exact_mut(2).zip(packed) {
        to.copy_from_slice(&pairs[usize::from(*byte)]);
    }
    out.truncate(from + len);
}

/// Puts texts together again.
pub(super) struct ShapedCursor<'c, 'a> {
    shaped: &'c Shaped<'a>,
    /// The shapes of all texts, where they are known.
    known: Option<Rc<[u16]>>,
    of_text: ints::Cursor<'a>,
    /// The text that comes next.
    next: usize,
    /// For each column, its next place.
    places: Vec<u32>,
    columns: Vec<Option<Cursor<'c, 'a>>>,
    /// Texts of each shape that are skipped.
    skipped: Vec<u32>,
}

/// More texts than this are counted by shape when they are skipped.
const SKIP_MIN: usize = 16;

impl<'c, 'a> ShapedCursor<'c, 'a> {
    pub(super) fn new(shaped: &'c Shaped<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            known: shaped.known_shapes(),
            of_text: shaped.of_text.cursor()?,
            next: 0,
            places: vec![0; shaped.columns.len()],
            columns: shaped.columns.iter().map(|_| None).collect(),
            skipped: vec![0; shaped.shapes.len()],
            shaped,
        })
    }

    /// Moves to text `i`; answers its shape.
    #[inline]
    pub(super) fn seek(&mut self, i: usize) -> Result<usize, Malformed> {
        if i < self.next {
            self.next = 0;
            self.places.fill(0);
        }
        if i > self.next {
            self.skip_to(i)?;
        }
        self.shape_of(i)
    }

    #[inline]
    fn shape_of(&mut self, i: usize) -> Result<usize, Malformed> {
        if let Some(shape) = self.known.as_ref().and_then(|known| known.get(i)) {
            return Ok(usize::from(*shape));
        }
        let shape = self.of_text.get(i)?;
        Ok(usize::from(self.shaped.checked(shape)?))
    }

    fn skip_to(&mut self, i: usize) -> Result<(), Malformed> {
        if i - self.next < SKIP_MIN {
            for text in self.next..i {
                let shape = self.shape_of(text)?;
                for column in &self.shaped.shapes[shape].columns {
                    let place = &mut self.places[*column as usize];
                    *place = place.wrapping_add(1);
                }
            }
        } else if let Some(only) = self.shaped.of_text.constant() {
            let shape = self.shaped.checked(only)?;
            self.skipped[usize::from(shape)] += (i - self.next) as u32;
        } else if let Some(own) = self.known.as_ref().and_then(|k| k.get(self.next..i)) {
            for shape in own {
                self.skipped[usize::from(*shape)] += 1;
            }
        } else {
            for text in self.next..i {
                let shape = self.shape_of(text)?;
                self.skipped[shape] += 1;
            }
        }
        if i - self.next >= SKIP_MIN {
            for (count, shape) in self.skipped.iter_mut().zip(&self.shaped.shapes) {
                if *count > 0 {
                    for column in &shape.columns {
                        let place = &mut self.places[*column as usize];
                        *place = place.wrapping_add(*count);
                    }
                    *count = 0;
                }
            }
        }
        self.next = i;
        Ok(())
    }

    fn column(&mut self, column: usize) -> Result<&mut Cursor<'c, 'a>, Malformed> {
        let shaped = self.shaped;
        match &mut self.columns[column] {
            Some(cursor) => Ok(cursor),
            none => Ok(none.insert(Cursor::new(&shaped.columns[column])?)),
        }
    }

    #[inline]
    fn append(&mut self, i: usize, t_ns: i64, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let shape = self.seek(i)?;
        let start = out.len();
        let shaped = self.shaped;
        let shape = &shaped.shapes[shape];
        for (literal, column) in shape.literals.iter().zip(&shape.columns) {
            out.extend_from_slice(literal);
            let column = *column as usize;
            let place = self.places[column];
            self.places[column] = place.wrapping_add(1);
            self.column(column)?.append(place as usize, t_ns, out)?;
            if out.len() - start > BYTES_REFUSED {
                return Err(Malformed("a text of a block is too large"));
            }
        }
        out.extend_from_slice(shape.literals.last().copied().unwrap_or_default());
        self.next = i + 1;
        Ok(())
    }
}
