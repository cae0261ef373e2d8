//! Where the bytes of a block go, for whoever makes them fewer.

use binnacle_store::Malformed;

use super::column::{Column, Form};
use super::ints::Ints;
use super::read::Opened;

/// Bytes of a piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Where it is and in which form it is kept, such as `lines "trace_id":" hex`.
    pub what: String,
    /// Texts or numbers in it.
    pub count: usize,
    /// Bytes in the data of the block; what is in its directory does not count.
    pub bytes: usize,
}

/// The sizes of what has been opened.
pub(super) fn sizes(opened: &Opened<'_>) -> Result<Vec<Size>, Malformed> {
    let mut out = Vec::new();
    of_ints("times", &opened.times, &mut out);
    for pool in opened.pools.iter() {
        out.push(Size {
            what: format!("ids of {} bytes", pool.format.len()),
            count: pool.count,
            bytes: pool.packed.len(),
        });
        if let Some(numbers) = &pool.numbers {
            of_ints("numbers of ids", numbers, &mut out);
        }
    }
    of_column("lines", &opened.lines, &mut out);
    opened.fields.each(&mut |name, column| {
        of_column(&format!("field {name}"), column, &mut out);
    });
    Ok(out)
}

fn of_ints(what: &str, ints: &Ints<'_>, out: &mut Vec<Size>) {
    out.push(Size {
        what: what.to_owned(),
        count: ints.count(),
        bytes: ints.len(),
    });
}

fn of_column(what: &str, column: &Column<'_>, out: &mut Vec<Size>) {
    let mut push = |form: &str, bytes: usize| {
        out.push(Size {
            what: format!("{what} {form}"),
            count: column.count,
            bytes,
        });
    };
    match &column.form {
        Form::Constant(_) => push("constant", 0),
        Form::Numbers { ints, .. } => push("numbers", ints.len()),
        Form::Hex { packed, .. } => push("hex", packed.len()),
        Form::Stamps { ints, .. } => push("times", ints.len()),
        Form::Ids(_) => push("ids", 0),
        Form::Strings(strings) => push("texts", strings.len()),
        Form::Dictionary { entries, ids } => {
            push("dictionary", ids.len());
            of_column(&format!("{what} entries"), entries, out);
        }
        Form::Shaped(shaped) => {
            push("shapes", shaped.of_text.len());
            for (number, own) in shaped.columns.iter().enumerate() {
                let number = number as u32;
                let used = shaped.shapes.iter().find_map(|shape| {
                    let at = shape.columns.iter().position(|c| *c == number)?;
                    let literal = shape.literals[at];
                    let from = literal.len().saturating_sub(16);
                    Some(String::from_utf8_lossy(&literal[from..]).into_owned())
                });
                of_column(&format!("{what} [{}]", used.unwrap_or_default()), own, out);
            }
        }
    }
}
