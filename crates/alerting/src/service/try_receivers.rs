//! Test notifications: does every receiver take what it is sent?

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, AlertingError, ReceiverTest, TestOutcome, Texts};
use binnacle_state::NewNotification;
use futures::future::join_all;
use tokio::time::Instant;

use super::Service;
use super::deliver::{Outcome, timed_out};
use super::message::{Parts, data_of};
use super::plan::{Plan, Ready};
use crate::alerts::NS_PER_MS;
use crate::dispatch::millis;
use crate::history::Fact;
use crate::notify::Notification;

/// How long a receiver has to take a test.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Service {
    /// Sends a marked alert to each integration of the receivers, once, all at the same
    /// time, and says what each answered. Groups, silences and the notification log are left
    /// alone.
    pub(super) async fn try_receivers(
        &self,
        test: ReceiverTest,
    ) -> Result<Vec<TestOutcome>, AlertingError> {
        let plan = self.plan();
        let names: Vec<String> = if test.receivers.is_empty() {
            plan.settings
                .receivers
                .iter()
                .map(|r| r.name.clone())
                .collect()
        } else {
            test.receivers
        };
        for name in &names {
            if plan.settings.receiver(name).is_none() {
                return Err(AlertingError::NotFound(format!("no receiver {name:?}")));
            }
        }
        let alert = Arc::new(self.test_alert(test.labels, test.annotations));
        let mut running = Vec::new();
        for name in &names {
            for ready in plan.integrations(name) {
                running.push(self.drill_one(&plan, ready, Arc::clone(&alert)));
            }
        }
        Ok(join_all(running).await)
    }

    fn test_alert(&self, labels: Labels, annotations: Texts) -> Alert {
        let labels = if labels.is_empty() {
            Labels::from_pairs([("alertname", "BinnacleDrill"), ("severity", "info")])
        } else {
            labels
        };
        let mut annotations = annotations;
        let mark = "This is a test of the receiver. Nothing is wrong.";
        if let Err(at) = annotations.binary_search_by(|(n, _)| n.as_str().cmp("drill")) {
            annotations.insert(at, ("drill".into(), mark.into()));
        }
        let now_ns = self.now_ns();
        Alert {
            labels,
            annotations,
            starts_at_ns: now_ns,
            updated_at_ns: now_ns,
            generator_url: self.external_url.clone(),
            ..Alert::default()
        }
    }

    async fn drill_one(&self, plan: &Plan, ready: &Ready, alert: Arc<Alert>) -> TestOutcome {
        let lane = &ready.lane;
        let began = Instant::now();
        let alerts = [alert];
        let now_ms = self.clock.now_ms();
        let group_labels = alerts[0].labels.keep_only(&["alertname"]);
        let data = data_of(&Parts {
            plan,
            receiver: &lane.receiver,
            group_labels: &group_labels,
            route_labels: &Texts::new(),
            reason: "test",
            alerts: &alerts,
            now_ms,
        });
        // A key of its own, so that a service that edits or joins by it does not touch what
        // was really told.
        let group_key = format!("binnacle-drill-{}", alerts[0].starts_at_ns / NS_PER_MS);
        let notification = Notification {
            receiver: &lane.receiver,
            group_key: &group_key,
            group_labels: &group_labels,
            alerts: &alerts,
            data: &data,
            templates: &plan.templates,
            now_ms,
            timeout: TIMEOUT,
            store: &Texts::new(),
            graph: None,
        };
        let notifying = ready.notifier.notify(&notification);
        let result = match tokio::time::timeout(TIMEOUT, notifying).await {
            Ok(result) => result,
            Err(_) => Err(timed_out()),
        };
        let outcome = Outcome {
            result,
            attempts: 1,
            duration_ms: millis(began.elapsed()),
        };
        self.note_drill(ready, &group_key, group_labels, &outcome);
        let duration_ms = outcome.duration_ms;
        let (error, templates) = match outcome.result {
            Ok(sent) => (None, sent.template_errors),
            Err(error) => (Some(error.message), Texts::new()),
        };
        TestOutcome {
            receiver: lane.receiver.to_string(),
            integration: lane.integration.to_string(),
            index: lane.index,
            error,
            templates,
            duration_ms,
        }
    }

    fn note_drill(&self, ready: &Ready, group_key: &str, group_labels: Labels, outcome: &Outcome) {
        let mut record = outcome.record(&ready.lane, self.clock.now_ms());
        record.group_key = group_key.to_owned();
        record.group_labels = group_labels;
        record.reason = "test".into();
        record.test = true;
        self.history.note([Fact::Notified(Box::new(NewNotification {
            record,
            team: String::new(),
            exempt: false,
        }))]);
    }
}
