//! Other rules from now on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::agenda::Job;
use super::rules::Findings;
use super::{EVALUATIONS_BEFORE_RESTORE, Key, Scheduled, Scheduler, sender};
use crate::file::RuleFile;
use crate::group::Group;
use crate::settings::Settings;

impl Scheduler {
    /// Evaluates the groups of `files` from now on, under `settings`. Groups that are
    /// the same go on undisturbed; others take over the state of the group of the
    /// same file and name. Waits for evaluations of groups that are replaced.
    pub async fn reload(&self, files: Vec<RuleFile>, settings: Settings) {
        let _reloading = self.reloading.lock().await;
        let interval_ms = settings.interval_ms;
        let findings = Findings::of(&files, &settings);
        {
            let mut around = self.around.lock();
            let send = sender(&self.outboxes, &settings);
            *around = around.with_settings(settings);
            around.send = send;
        }
        let restore = !self.loaded.swap(true, Ordering::Relaxed);
        let mut before = self.groups.lock().clone();
        let mut after = BTreeMap::new();
        let mut started = Vec::new();
        for file in &files {
            let path = file.path.display().to_string();
            for spec in &file.groups {
                let group = Group::new(&path, spec, interval_ms, restore);
                group.set_findings(findings.of_group(file, &spec.name));
                let key: Key = (path.clone(), spec.name.clone());
                let old = before.remove(&key);
                if let Some(old) = old.as_ref().filter(|old| old.group.same(&group)) {
                    old.group.move_to(&group);
                    after.insert(key, Arc::clone(old));
                    continue;
                }
                let new = Arc::new(replace(old.as_deref(), group, restore).await);
                started.push(Arc::clone(&new));
                after.insert(key, new);
            }
        }
        *self.groups.lock() = after;
        for new in started {
            let at_ms = new.group.slots().after(self.clock.now_ms());
            self.push(at_ms, Job::Evaluate(new));
        }
        for old in before.into_values() {
            self.retire(&old).await;
        }
    }

    /// Ends the series of a group that has gone, later.
    async fn retire(&self, old: &Scheduled) {
        let series = old.group.take_series().await;
        if series.is_empty() {
            return;
        }
        let around = self.surroundings();
        let now_ms = self.clock.now_ms();
        let t_ms = now_ms - old.group.offset_ms(&around);
        let at_ms = now_ms + 2 * old.group.interval_ms();
        self.push(at_ms, Job::End { series, t_ms });
    }
}

/// `group` in the place of `old`.
async fn replace(old: Option<&Scheduled>, group: Group, restore: bool) -> Scheduled {
    let until_restore = match old {
        Some(old) => {
            group.copy_state(&old.group).await;
            old.until_restore.load(Ordering::Relaxed)
        }
        None if restore && group.has_alerting_rules() => EVALUATIONS_BEFORE_RESTORE,
        None => 0,
    };
    Scheduled {
        group,
        until_restore: AtomicU8::new(until_restore),
    }
}
