//! Taking rows out of a batch.

use binnacle_model::event::EventBatch;

/// Takes out `rows` (ascending), and streams that have none left.
pub(crate) fn remove_rows(batch: &mut EventBatch, rows: &[u32]) {
    let old_fields = std::mem::take(&mut batch.fields);
    let mut old_fields = old_fields.into_iter();
    let mut gone = rows.iter().copied().peekable();
    let (mut kept, mut field_from) = (0usize, 0);
    for i in 0..batch.streams.len() {
        let kept_from = kept;
        for row in batch.streams[i].rows.clone() {
            let at = row as usize;
            let field_to = batch.field_ends[at];
            let count = field_to.saturating_sub(field_from) as usize;
            field_from = field_to;
            let own = old_fields.by_ref().take(count);
            while gone.next_if(|&g| g < row).is_some() {}
            if gone.peek() == Some(&row) {
                own.for_each(drop);
                continue;
            }
            batch.fields.extend(own);
            batch.times_ns[kept] = batch.times_ns[at];
            batch.lines[kept] = batch.lines[at].clone();
            batch.field_ends[kept] = u32::try_from(batch.fields.len()).unwrap_or(u32::MAX);
            kept += 1;
        }
        batch.streams[i].rows = kept_from as u32..kept as u32;
    }
    batch.times_ns.truncate(kept);
    batch.lines.truncate(kept);
    batch.field_ends.truncate(kept);
    batch.streams.retain(|s| !s.rows.is_empty());
}
