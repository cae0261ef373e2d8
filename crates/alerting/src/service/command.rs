//! The trait that the APIs see.

use binnacle_model::Labels;
use binnacle_model::alert::{
    Acknowledgement, AlertFilter, AlertGroup, AlertView, Alerting, AlertingError, AlertingStatus,
    BoxFuture, BudgetReport, DrillPlan, DrillReport, Episode, EpisodeFilter, Explanation,
    Fingerprint, Judgement, NotificationFilter, NotificationRecord, QualityReport, ReceiverTest,
    ReceiverView, RouteView, Silence, SilenceEvent, SilencePreview, TestOutcome, Texts,
};
use binnacle_model::matcher::Matcher;

use super::Service;
use super::marks::asked;

type Answer<'a, T> = BoxFuture<'a, Result<T, AlertingError>>;

impl Alerting for Service {
    fn matcher(&self, text: &str) -> Result<Matcher, AlertingError> {
        crate::matchers::parse_one(text).map_err(|e| AlertingError::BadData(e.to_string()))
    }

    fn status(&self) -> AlertingStatus {
        self.view_status()
    }

    fn alerts(&self, filter: &AlertFilter) -> Vec<AlertView> {
        self.view_alerts(filter)
    }

    fn groups(&self, filter: &AlertFilter) -> Vec<AlertGroup> {
        self.view_groups(filter)
    }

    fn receivers(&self, matchers: &[Matcher]) -> Vec<ReceiverView> {
        self.view_receivers(matchers)
    }

    fn routes(&self) -> RouteView {
        self.view_routes()
    }

    fn explain(&self, labels: &Labels, annotations: &Texts) -> Explanation {
        self.explain_alert(labels, annotations)
    }

    fn silences(&self) -> Vec<Silence> {
        self.silences.read().listed(self.now_ns())
    }

    fn set_silence(&self, silence: Silence) -> Answer<'_, String> {
        Box::pin(self.store_silence(silence))
    }

    fn expire_silence(&self, id: String, by: String) -> Answer<'_, ()> {
        Box::pin(async move { self.end_silence(&id, &by).await })
    }

    fn preview_silence(&self, silence: Silence, past_ms: i64) -> Answer<'_, SilencePreview> {
        Box::pin(self.look_before(silence, past_ms))
    }

    fn silence_events(
        &self,
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<SilenceEvent>> {
        let events = self.ledger.silence_events(from_ms, to_ms, limit);
        Box::pin(async move { events.await.map_err(asked) })
    }

    fn acknowledge(&self, alert: Fingerprint, acknowledgement: Acknowledgement) -> Answer<'_, ()> {
        Box::pin(self.set_acknowledged(alert, acknowledgement))
    }

    fn unacknowledge(&self, alert: Fingerprint, by: String) -> Answer<'_, ()> {
        Box::pin(self.set_unacknowledged(alert, by))
    }

    fn assign(&self, alert: Fingerprint, to: Option<String>, by: String) -> Answer<'_, ()> {
        Box::pin(self.set_assigned(alert, to, by))
    }

    fn judge(&self, episode: i64, judgement: Option<Judgement>, by: String) -> Answer<'_, ()> {
        Box::pin(self.set_judged(episode, judgement, by))
    }

    fn episodes(&self, filter: EpisodeFilter) -> Answer<'_, Vec<Episode>> {
        let episodes = self.ledger.episodes(filter);
        Box::pin(async move { episodes.await.map_err(asked) })
    }

    fn notifications(&self, filter: NotificationFilter) -> Answer<'_, Vec<NotificationRecord>> {
        let notifications = self.ledger.notifications(filter);
        Box::pin(async move { notifications.await.map_err(asked) })
    }

    fn budgets(&self) -> Answer<'_, BudgetReport> {
        Box::pin(self.report_budgets())
    }

    fn quality(&self, from_ms: i64, to_ms: i64) -> Answer<'_, QualityReport> {
        let quality = self.ledger.quality(from_ms, to_ms);
        Box::pin(async move { quality.await.map_err(asked) })
    }

    fn test(&self, test: ReceiverTest) -> Answer<'_, Vec<TestOutcome>> {
        Box::pin(self.try_receivers(test))
    }

    fn drill(&self, plan: DrillPlan) -> Answer<'_, DrillReport> {
        Box::pin(crate::drill::run(self, plan, self.clock.now_ms()))
    }
}

impl Service {
    /// What the ledger knows, with the limits of the settings.
    async fn report_budgets(&self) -> Result<BudgetReport, AlertingError> {
        let now_ms = self.clock.now_ms();
        let mut teams = self.ledger.budgets(now_ms).await.map_err(asked)?;
        let plan = self.plan();
        for team in &mut teams {
            let budget = plan.policy.budgets.of(&team.team);
            team.hour_limit = budget.hour;
            team.day_limit = budget.day;
        }
        Ok(BudgetReport { teams })
    }
}
