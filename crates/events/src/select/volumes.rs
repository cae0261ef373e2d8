//! How much there is, from the index alone where that is exact.

use binnacle_model::event::select::{StreamVolume, Wanted};
use binnacle_model::event::{EventSelection, Rows};
use binnacle_model::limits::Meter;
use binnacle_model::select::SelectError;

use super::set::{Hiding, Opened};
use super::{Found, memory};
use crate::block::Probe;
use crate::engine::Inner;
use crate::head::Piece;

impl Inner {
    /// Streams with rows in the range, ascending by labels.
    pub(super) fn volumes(
        &self,
        found: Found,
        start_ns: i64,
        end_ns: i64,
        meter: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        let hiding = Hiding::of(&found.view.tombstones, &found.labels);
        let mut volumes: Vec<StreamVolume> = found
            .labels
            .into_iter()
            .map(|labels| StreamVolume {
                labels,
                rows: 0,
                bytes: 0,
                chunks: 0,
            })
            .collect();
        for part in &*found.view.parts {
            meter.check()?;
            let opened =
                Opened::pick(part, &found.ids, start_ns, end_ns, &hiding).and_then(|opened| {
                    match opened {
                        Some(opened) => add_part(&opened, &hiding, start_ns, end_ns, &mut volumes),
                        None => Ok(()),
                    }
                });
            opened.map_err(|error| self.unreadable(&error))?;
        }
        for piece in found.view.pieces() {
            add_piece(piece, &found.ids, start_ns, end_ns, &mut volumes);
        }
        volumes.retain(|v| v.rows > 0);
        volumes.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(volumes)
    }
}

fn add_part(
    opened: &Opened,
    hiding: &Hiding,
    start_ns: i64,
    end_ns: i64,
    volumes: &mut [StreamVolume],
) -> Result<(), binnacle_store::Error> {
    let mut rows = Rows::default();
    for picked in opened.by_block() {
        let picked = &opened.picked[picked];
        for p in picked {
            volumes[p.number as usize].chunks += 1;
        }
        if !picked.iter().any(|p| hiding.may_hide(opened, p)) {
            for p in picked {
                let volume = &mut volumes[p.number as usize];
                volume.rows += u64::from(p.run.rows);
                volume.bytes += p.run.bytes;
            }
            continue;
        }
        // What is deleted is not in the index: the rows themselves say.
        let selection = EventSelection {
            wanted: Wanted {
                line_bytes: true,
                ..Wanted::default()
            },
            ..EventSelection::default()
        };
        let read = |selection: &EventSelection, out: &mut Rows| {
            opened.read(picked, &Probe::default(), start_ns, end_ns, selection, out)
        };
        rows.clear();
        hiding.read(opened, &selection, read, &mut rows)?;
        for (number, bytes) in rows.streams.iter().zip(&rows.line_bytes) {
            let volume = &mut volumes[*number as usize];
            volume.rows += 1;
            volume.bytes += u64::from(*bytes);
        }
    }
    Ok(())
}

/// Adds what of a piece lies in the range.
fn add_piece(piece: &Piece, ids: &[u32], start_ns: i64, end_ns: i64, volumes: &mut [StreamVolume]) {
    for picked in memory::pick(piece, ids, start_ns, end_ns) {
        let volume = &mut volumes[picked.number as usize];
        for row in piece.runs[picked.run as usize].rows() {
            let t_ns = piece.rows.times_ns[row];
            if t_ns >= start_ns && t_ns < end_ns {
                volume.rows += 1;
                let fields = piece.rows.fields(row);
                let of_fields: usize = fields.map(|(name, value)| name.len() + width(value)).sum();
                volume.bytes += (piece.rows.line(row).len() + of_fields) as u64;
            }
        }
        volume.chunks += 1;
    }
}

/// Bytes of a field's value, as blocks count them.
pub(crate) fn width(value: binnacle_model::event::FieldValue<'_>) -> usize {
    use binnacle_model::event::FieldValue;
    match value {
        FieldValue::Text(text) => text.len(),
        FieldValue::Int(_) | FieldValue::Float(_) => 8,
        FieldValue::Bool(_) => 1,
    }
}
