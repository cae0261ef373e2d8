//! Moving parts to the folder of their age.
//!
//! A part that is moved keeps its number, so the manifest does not change: the copy has
//! its name before the original goes, and at the start the copy in the folder of the
//! oldest counts. A part that is compressed anew on the way is a merge of one.

use std::path::Path;
use std::sync::Arc;

use binnacle_store::Error;
use binnacle_store::blockfile::TEMPORARY_SUFFIX;

use super::Maintenance;
use super::plan::Job;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::{Part, path_of};
use crate::stats::count;

impl Inner {
    /// Moves a part that is old enough for the next folder.
    pub(super) fn move_to_tier(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        if self.options.tiers.is_empty() {
            return Ok(false);
        }
        let now_ms = self.clock.now_ms();
        let parts = self.state.read().parts.clone();
        let due = parts.iter().find_map(|part| {
            let tier = self.tier_of(part, now_ms);
            (tier > part.tier && !maintenance.is_damaged(part)).then_some((part, tier))
        });
        let Some((part, tier)) = due else {
            return Ok(false);
        };
        let skipped = part.tier..tier;
        let rewrites = self.options.tiers.get(skipped).unwrap_or_default();
        if rewrites.iter().any(|t| t.rewrite) {
            let job = Job {
                tier,
                is_thorough: true,
                ..Job::again(part.clone())
            };
            self.run(&job, maintenance)?;
        } else {
            self.copy(part, tier)?;
        }
        count(&self.stats.parts_moved, 1);
        Ok(true)
    }

    fn tier_of(&self, part: &Part, now_ms: i64) -> usize {
        let age_ms = now_ms.saturating_sub(part.meta.max_ms);
        let tiers = &self.options.tiers;
        tiers.iter().take_while(|t| age_ms > t.after_ms).count()
    }

    fn copy(&self, part: &Arc<Part>, tier: usize) -> Result<(), EngineError> {
        let folder = self.folder(tier);
        self.has_room(folder, part.meta.bytes)?;
        let path = path_of(folder, part.meta.id);
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(TEMPORARY_SUFFIX);
        let temporary = Path::new(&temporary);
        let copied = self.copy_file(part.path(), temporary, &path, folder);
        if let Err(error) = copied {
            // What cannot be removed now is removed at the next start.
            let _ = self.files.remove(temporary);
            return Err(error.into());
        }
        let moved = self.open_all(&[(part.meta, tier)])?;
        self.state.write().replace_parts(&[part.meta.id], moved);
        self.remove_old(std::slice::from_ref(part));
        Ok(())
    }

    fn copy_file(
        &self,
        from: &Path,
        temporary: &Path,
        to: &Path,
        folder: &Path,
    ) -> Result<(), Error> {
        let bytes = self.files.map(from).map_err(Error::io("map", from))?;
        let file = self
            .files
            .create(temporary)
            .map_err(Error::io("create", temporary))?;
        for piece in bytes.chunks(1 << 20) {
            file.write_all(piece)
                .map_err(Error::io("write", temporary))?;
        }
        file.sync_data().map_err(Error::io("sync", temporary))?;
        self.files
            .rename(temporary, to)
            .map_err(Error::io("rename", to))?;
        self.files
            .sync_dir(folder)
            .map_err(Error::io("sync", folder))
    }
}
