// What the rules would have done: a timeline, how often, what would have been recorded.

import type { Replay } from '../../../api/rules';
import EmptyState from '../../../components/EmptyState';
import { humanDuration } from '../../../lib/duration';
import { betweenSeconds, secondsOf } from '../../../lib/since';
import { formatValue, grouped } from '../../../lib/units';
import Timeline from './Timeline';

/** A rule that fires more often than this a day wears people out. */
const OFTEN_PER_DAY = 10;
/** Fewer than these say nothing of a day: once in the last hour is not 24 times. */
const FEW = 3;

function firingSeconds(replay: Replay, rule: string): number {
  return replay.alerts.reduce((sum, alert) => (alert.rule === rule && alert.firingAt !== null ? sum + (betweenSeconds(alert.firingAt, alert.endedAt ?? replay.end) ?? 0) : sum), 0);
}

export default function ReplayResult({ replay }: { replay: Replay }) {
  const range = { start: secondsOf(replay.start) ?? 0, end: secondsOf(replay.end) ?? 1 };
  const fired = replay.alerts.filter(({ firingAt }) => firingAt !== null).length;
  return (
    <div className="replay">
      {replay.errors.map(({ rule, error }) => <p key={`${rule} ${error}`} className="annotation finding-bad"><b>{rule}: </b>{error}</p>)}
      {replay.firings.length > 0 && (
        <table className="table replay-table">
          <thead><tr><th>Alert</th><th className="num">Would have fired</th><th className="num">A day</th><th className="num">Time firing</th></tr></thead>
          <tbody>
            {replay.firings.map(({ rule, firings, perDay }) => (
              <tr key={rule}>
                <td><b>{rule}</b></td>
                <td className="num">{firings === 0 ? 'never' : `${grouped(firings)} ${firings === 1 ? 'time' : 'times'}`}</td>
                <td className="num">{perDay > OFTEN_PER_DAY && firings >= FEW && <span className="state state-warn">often</span>} {formatValue(perDay, 'short')}</td>
                <td className="num">{firings === 0 ? '–' : humanDuration(Math.round(firingSeconds(replay, rule)))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {replay.recorded.length > 0 && (
        <table className="table replay-table">
          <thead><tr><th>Record</th><th className="num">Series</th><th className="num">Samples it would fill in</th></tr></thead>
          <tbody>
            {replay.recorded.map(({ rule, series, samples }) => (
              <tr key={rule}><td><b>{rule}</b></td><td className="num">{grouped(series)}</td><td className="num">{grouped(samples)}</td></tr>
            ))}
          </tbody>
        </table>
      )}
      {replay.alerts.length > 0 && <Timeline alerts={replay.alerts} range={range} />}
      {replay.alerts.length === 0 && replay.firings.length > 0 && replay.errors.length === 0 && (
        <EmptyState compact title="It would not have fired">The condition was never true in this time. If it should have been, check the selectors in Explore, or replay over a longer time.</EmptyState>
      )}
      <p className="dim">{grouped(replay.steps)} evaluations in {humanDuration(replay.seconds)}{fired < replay.alerts.length && `; ${grouped(replay.alerts.length - fired)} times the condition was true for less than “for”`}</p>
    </div>
  );
}
