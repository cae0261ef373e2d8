// Alerts: what fires now and what people have done about it; and on the other side of the switch, what has been.

import './alerts.css';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { alertGroups, alerts as fetchAlerts } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { useChoice, useSetParams, useTyped } from '../../app/params';
import { WhoButton, WhoProvider } from '../../app/who';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import PageHead from '../../components/PageHead';
import Severity from '../../components/Severity';
import { ALERT_STATES, isShown, sectionsOf, severityCounts, stateOf, type Grouping } from '../../lib/alerts';
import { parseSearch } from '../../lib/matchers';
import { grouped } from '../../lib/units';
import AlertSection from './AlertSection';
import HistoryList from './HistoryList';

const CONFIG = `# binnacle.yaml
metrics:
  prometheus_file: prometheus.yml
alerting:
  alertmanager_file: alertmanager.yml

# prometheus.yml
rule_files: [rules/*.yml]

# rules/first.yml
groups:
  - name: first
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 5m
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.instance }} does not answer"}`;

const GROUPINGS: ReadonlyArray<readonly [Grouping, string]> = [['group', 'By group'], ['state', 'By state'], ['team', 'By team']];
const SHOWN = ['now', 'history'] as const;
/** A storm makes thousands; the first are the worst. */
const SECTIONS = 60;

function NowList({ text }: { text: string }) {
  const [params] = useSearchParams();
  const set = useSetParams();
  const [grouping] = useChoice<Grouping>('by', ['group', 'state', 'team']);
  const alerts = useResource('alerts', fetchAlerts);
  const groups = useResource('alert-groups', alertGroups);
  const [shown, setShown] = useState(SECTIONS);
  const severities = params.getAll('severity');
  const severityKey = JSON.stringify(severities);
  const all = useMemo(() => alerts.data?.data.alerts ?? [], [alerts.data]);
  const search = useMemo(() => parseSearch(text), [text]);
  const sections = useMemo(
    () => sectionsOf(grouping, all, groups.data?.data.groups ?? [], { search, severities }),
    // The list of severities is new with every rendering; its text is not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [grouping, all, groups.data, search, severityKey],
  );
  const counted = useMemo(() => all.filter((alert) => isShown(alert, { search, severities: [] })), [all, search]);
  const chips = severityCounts(counted);
  // A chip that is chosen stays, so that the choice can be taken back.
  for (const one of severities) if (!chips.some(([severity]) => severity === one)) chips.push([one, 0]);
  const toggle = (severity: string) =>
    set({ severity: severities.includes(severity) ? severities.filter((one) => one !== severity) : [...severities, severity] });
  const states = ALERT_STATES.map((state) => [state, counted.filter((alert) => stateOf(alert) === state).length] as const).filter(([, count]) => count > 0);

  if (alerts.error !== null && alerts.data === undefined) return <ErrorNote error={alerts.error} />;
  // Without the groups, everything would stand for a moment as if it were in none.
  if (alerts.data === undefined || (grouping === 'group' && groups.data === undefined && groups.error === null)) return <div className="page-loading" aria-label="Loading" />;
  if (all.length === 0) {
    return (
      <EmptyState title="Nothing fires" code={CONFIG}>
        No rule fires, and nobody has posted an alert to <code>/api/v2/alerts</code>. If you expected some: rules and receivers are configured like this,
        then reloaded with <code>kill -HUP</code> or <code>POST /-/reload</code>:
      </EmptyState>
    );
  }
  return (
    <>
      <div className="alert-summary">
        <div className="chips" role="group" aria-label="Severities">
          {chips.map(([severity, count]) => (
            <button key={severity} type="button" className="chip" aria-pressed={severities.includes(severity)} onClick={() => toggle(severity)}>
              <Severity severity={severity} /> <span className="num">{grouped(count)}</span>
            </button>
          ))}
        </div>
        <span className="dim">{states.map(([state, count]) => `${grouped(count)} ${state}`).join(' · ')}</span>
      </div>
      {sections.length === 0 && <EmptyState title="No alert matches">{grouped(all.length)} alerts are there, but none is like this. Clear the search or the severities.</EmptyState>}
      <div className="alert-sections">
        {sections.slice(0, shown).map((section) => <AlertSection key={section.key} section={section} open={params.get('alert')} />)}
      </div>
      {sections.length > shown && <button type="button" className="button alert-rest" onClick={() => setShown(shown * 3)}>Show more of {grouped(sections.length)}</button>}
    </>
  );
}

export default function AlertsPage() {
  const [text, setText, deferred] = useTyped('search');
  const [shown, setShown] = useChoice('show', SHOWN);
  const [grouping, setGrouping] = useChoice<Grouping>('by', ['group', 'state', 'team']);
  return (
    <WhoProvider>
      <div className="page alerts">
        <PageHead
          title="Alerts"
          controls={
            <>
              <input className="input alert-search" data-search placeholder={shown === 'now' ? 'Search: words, team="db"' : 'Search words of the past'} aria-label="Search alerts" value={text} onChange={(event) => setText(event.currentTarget.value)} />
              {shown === 'now' && <Choice label="Arrange" choices={GROUPINGS} value={grouping} onChange={setGrouping} />}
              <Choice label="Time" choices={[['now', 'Now'], ['history', 'History']]} value={shown} onChange={setShown} />
              <WhoButton />
            </>
          }
        />
        {shown === 'now' ? <NowList text={deferred} /> : <HistoryList text={deferred} />}
      </div>
    </WhoProvider>
  );
}
