//! The collector's targets, as the server's API asks for them.

use std::sync::Arc;

use binnacle_collect::Collector;
use binnacle_model::relabel::relabel_steps;
use binnacle_model::{Labels, duration};
use binnacle_server::state::{
    ActiveTarget, DroppedTarget, Health, RelabelStep, TargetMetadata, Targets,
};

/// See the module's text.
pub(super) struct CollectorTargets {
    collector: Arc<Collector>,
    hostname: String,
}

impl CollectorTargets {
    pub(super) fn new(collector: Arc<Collector>) -> Self {
        Self {
            collector,
            hostname: binnacle_collect::hostname(),
        }
    }
}

fn pairs(labels: &Labels) -> Vec<(String, String)> {
    labels
        .iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect()
}

impl Targets for CollectorTargets {
    fn pools(&self) -> Vec<String> {
        self.collector.pool_names()
    }

    fn active(&self) -> Vec<ActiveTarget> {
        let pools = self.collector.pools(None);
        let targets = pools.iter().flat_map(|pool| &pool.active);
        targets
            .map(|target| {
                let status = target.status();
                // What is read within this process has no address that one could visit.
                let url = target.internal().map(|name| format!("internal:{name}"));
                let global_url = url
                    .clone()
                    .unwrap_or_else(|| target.global_url(&self.hostname));
                ActiveTarget {
                    discovered: pairs(&target.discovered_labels()),
                    labels: target.labels().clone(),
                    pool: target.pool().to_owned(),
                    url: url.unwrap_or_else(|| target.url().to_owned()),
                    global_url,
                    last_error: status.last_error,
                    last_scrape_ms: status.last_scrape_ms,
                    last_duration_seconds: status.last_duration.as_secs_f64(),
                    health: match status.health {
                        binnacle_collect::scrape::Health::Unknown => Health::Unknown,
                        binnacle_collect::scrape::Health::Up => Health::Up,
                        binnacle_collect::scrape::Health::Down => Health::Down,
                    },
                    interval: text(target.interval()),
                    timeout: text(target.timeout()),
                }
            })
            .collect()
    }

    fn dropped(&self) -> Vec<DroppedTarget> {
        let pools = self.collector.pools(None);
        pools
            .iter()
            .flat_map(|pool| {
                pool.dropped.iter().map(|target| DroppedTarget {
                    discovered: pairs(&target.discovered),
                    pool: pool.name.clone(),
                })
            })
            .collect()
    }

    fn dropped_counts(&self) -> Vec<(String, u64)> {
        let pools = self.collector.pools(None);
        pools
            .into_iter()
            .map(|pool| (pool.name, pool.dropped_count))
            .collect()
    }

    fn metadata(&self, metric: Option<&str>) -> Vec<TargetMetadata> {
        let pools = self.collector.pools(None);
        let mut all = Vec::new();
        for target in pools.iter().flat_map(|pool| &pool.active) {
            for (name, metadata) in target.metadata() {
                if metric.is_none_or(|wanted| wanted == name) {
                    all.push(TargetMetadata {
                        target: target.labels().clone(),
                        metric: name,
                        metadata,
                    });
                }
            }
        }
        all
    }

    fn relabel_steps(
        &self,
        pool: &str,
        discovered: &[(String, String)],
    ) -> Option<Vec<RelabelStep>> {
        let rules = self.collector.relabel_rules(pool)?;
        let labels = Labels::from_pairs(discovered.iter().map(|(n, v)| (n, v)));
        let steps = relabel_steps(&rules, &labels);
        Some(
            steps
                .into_iter()
                .map(|step| RelabelStep {
                    rule: rules[step.rule].fields(),
                    output: pairs(&step.labels),
                    keep: step.keep,
                })
                .collect(),
        )
    }
}

fn text(duration: std::time::Duration) -> String {
    duration::print(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
