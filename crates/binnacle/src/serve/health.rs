//! How each component is.

use binnacle_collect::Collector;
use binnacle_collect::scrape::Health;
use binnacle_metrics::Engine;
use binnacle_model::alert::RuleHealth;
use binnacle_server::state::{ComponentHealth, ComponentState};

use super::alerting::Alerts;

/// The components that can be unwell while they answer, in the order of their start.
/// The server is not among them: when it is, nobody can ask.
pub(super) fn components(
    engine: &Engine,
    logs: &binnacle_events::Engine,
    alerts: &Alerts,
    collector: &Collector,
) -> Vec<ComponentHealth> {
    vec![
        storage(engine),
        logs_storage(logs),
        alerting(alerts),
        rules(alerts),
        collecting(collector),
    ]
}

fn component(name: &str, state: ComponentState, message: String) -> ComponentHealth {
    ComponentHealth {
        name: name.to_owned(),
        state,
        message,
    }
}

fn storage(engine: &Engine) -> ComponentHealth {
    let stats = engine.stats();
    if let Some(reason) = engine.poisoned() {
        let message =
            format!("takes no more writes: {reason}. Reads go on; mend the disk and restart");
        return component("storage", ComponentState::Failed, message);
    }
    let reserve = engine.options().reserve_bytes;
    if let Ok(free) = binnacle_store::disk::files().free_space(engine.dir())
        && free < reserve
    {
        let message = format!(
            "the disk is full ({} MiB free, {} MiB are kept back): writes are refused until there \
             is room again",
            free >> 20,
            reserve >> 20
        );
        return component("storage", ComponentState::Degraded, message);
    }
    if stats.blocks_quarantined > 0 || stats.corrupt_reads > 0 {
        let message = format!(
            "{} damaged blocks were moved aside, {} reads met damaged data: see the log",
            stats.blocks_quarantined, stats.corrupt_reads
        );
        return component("storage", ComponentState::Degraded, message);
    }
    component("storage", ComponentState::Ok, String::new())
}

fn logs_storage(logs: &binnacle_events::Engine) -> ComponentHealth {
    let stats = logs.stats();
    if let Some(reason) = stats.wal.poisoned {
        let message =
            format!("takes no more lines: {reason}. Reads go on; mend the disk and restart");
        return component("logs", ComponentState::Failed, message);
    }
    if stats.quarantined > 0 {
        let message = format!(
            "{} damaged parts were moved aside: see the log",
            stats.quarantined
        );
        return component("logs", ComponentState::Degraded, message);
    }
    component("logs", ComponentState::Ok, String::new())
}

fn alerting(alerts: &Alerts) -> ComponentHealth {
    let figures = alerts.alerting.counters();
    if let Some(reason) = figures.journal_poisoned {
        let message = format!(
            "takes no more alerts: {reason}. Those that are known are still told; mend the disk and restart"
        );
        return component("alerting", ComponentState::Failed, message);
    }
    if figures.ledger_failed > 0 || figures.history_failed > 0 {
        let message = format!(
            "{} entries of the notification log and {} facts of the history could not be written: see the log",
            figures.ledger_failed, figures.history_failed
        );
        return component("alerting", ComponentState::Degraded, message);
    }
    component("alerting", ComponentState::Ok, String::new())
}

fn rules(alerts: &Alerts) -> ComponentHealth {
    let groups = alerts.rules.groups();
    let failing = groups
        .iter()
        .flat_map(|g| &g.rules)
        .filter(|r| r.health == RuleHealth::Error)
        .count();
    if failing > 0 {
        let message = format!("{failing} rules cannot be evaluated: see the Rules page");
        return component("rules", ComponentState::Degraded, message);
    }
    component("rules", ComponentState::Ok, String::new())
}

fn collecting(collector: &Collector) -> ComponentHealth {
    let pools = collector.pools(None);
    let targets = pools.iter().flat_map(|p| &p.active);
    let down = targets
        .filter(|t| t.status().health == Health::Down)
        .count();
    let message = match down {
        0 => String::new(),
        // A target that is down is the target's state, not ours.
        n => format!("{n} targets are down"),
    };
    component("collector", ComponentState::Ok, message)
}
