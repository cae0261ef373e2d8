// Alert quality: how much teams are disturbed, how often for nothing, how fast people are, and which rules are to blame.

import './quality.css';
import { budgets as fetchBudgets, quality as fetchQuality, type Quality } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { useChoice } from '../../app/params';
import { useTime } from '../../app/time';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import PageHead from '../../components/PageHead';
import Tile from '../../components/Tile';
import { humanDuration } from '../../lib/duration';
import { isoSeconds } from '../../lib/timerange';
import { formatValue, grouped } from '../../lib/units';
import BudgetPanel from './BudgetPanel';
import NoisyRules from './NoisyRules';

const SPANS = [['30d', '30 days', 30], ['7d', '7 days', 7], ['1d', '1 day', 1], ['90d', '90 days', 90]] as const;

/** Above this share of false alarms people begin to look away. */
const FALSE_MAX = 0.05;

function mean(seconds: number | null): string {
  return seconds === null ? '–' : humanDuration(Math.round(seconds));
}

function Tiles({ quality }: { quality: Quality }) {
  const judged = quality.rules.reduce((sum, rule) => sum + rule.judged, 0);
  const episodes = quality.rules.reduce((sum, rule) => sum + rule.episodes, 0);
  const sent = quality.rules.reduce((sum, rule) => sum + rule.notifications, 0);
  const ratio = quality.falsePositiveRatio;
  return (
    <div className="tiles">
      <Tile label="False positives" value={formatValue(ratio, 'ratio')} note={judged === 0 ? 'none judged yet' : `of ${grouped(judged)} judged`} state={ratio !== null && ratio > FALSE_MAX ? { tone: 'warn', word: 'too many' } : undefined} />
      <Tile label="Alerts" value={grouped(episodes)} note={`${grouped(sent)} notifications`} />
      <Tile label="Mean time to detect" value={mean(quality.detectSeconds)} note="from cause to notification" />
      <Tile label="Mean time to acknowledge" value={mean(quality.acknowledgeSeconds)} note="from notification to a person" />
      <Tile label="Mean time to resolve" value={mean(quality.resolveSeconds)} note="from begin to end" />
    </div>
  );
}

export default function QualityPage() {
  const { nowMs } = useTime();
  const [span, setSpan] = useChoice('over', SPANS.map(([one]) => one));
  const days = SPANS.find(([one]) => one === span)?.[2] ?? 30;
  const query = { from: isoSeconds(Math.floor(nowMs / 1000) - days * 86_400), to: isoSeconds(Math.ceil(nowMs / 1000)) };
  const quality = useResource('quality', (signal) => fetchQuality(query, signal), { key: span });
  const budgets = useResource('budgets', fetchBudgets);
  return (
    <div className="page quality">
      <PageHead title="Alert quality" controls={<Choice label="Over" choices={SPANS.map(([one, name]) => [one, name] as const)} value={span} onChange={setSpan} />} />
      {quality.error !== null && quality.data === undefined && <ErrorNote error={quality.error} />}
      {quality.data !== undefined && <Tiles quality={quality.data.data} />}
      <div className="quality-body">
        {budgets.error !== null && budgets.data === undefined && <ErrorNote error={budgets.error} />}
        {budgets.data !== undefined && <BudgetPanel teams={budgets.data.data.teams} />}
        {quality.data !== undefined && quality.data.data.rules.length > 0 && <NoisyRules rules={quality.data.data.rules} />}
        {quality.data !== undefined && quality.data.data.rules.length === 0 && (
          <EmptyState title="No alert in this time">Rules appear here when they have fired. Judge alerts as useful or as false positives on the page Alerts, under History; the rates come from that.</EmptyState>
        )}
      </div>
    </div>
  );
}
