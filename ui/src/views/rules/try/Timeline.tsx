// When each alert would have waited and fired: a lane for each label set, and above them how many began when.

import { useState } from 'react';
import type { ReplayedAlert } from '../../../api/rules';
import { useTime } from '../../../app/time';
import LabelSet from '../../../components/LabelSet';
import { humanDuration } from '../../../lib/duration';
import { betweenSeconds, secondsOf } from '../../../lib/since';
import { firingBins, lanesOf, placeOf, ticksOf, type Lane } from '../../../lib/timeline';
import { formatTime, type ResolvedRange, type Zone } from '../../../lib/timerange';
import { formatValue, grouped } from '../../../lib/units';

const LANES = 40;
const BINS = 48;
const TICKS = 7;

/** Labels that all lanes of a rule share; they would only fill the space. */
const SAID: readonly string[] = ['alertname', 'severity'];

function told(lane: Lane): string[] {
  return Object.keys(lane.alerts[0]?.labels ?? {}).filter((name) => !SAID.includes(name));
}

function wording(alert: ReplayedAlert, range: ResolvedRange, zone: Zone): string {
  const at = (time: string | null) => (time === null ? '' : formatTime(secondsOf(time) ?? NaN, zone, true));
  if (alert.firingAt === null) return `Pending at ${at(alert.pendingAt)}, never fired`;
  const lasted = betweenSeconds(alert.firingAt, alert.endedAt ?? new Date(range.end * 1000).toISOString());
  const end = alert.endedAt === null ? 'still firing at the end' : `for ${humanDuration(Math.round(lasted ?? 0))}`;
  return `Fired at ${at(alert.firingAt)} ${end}; highest value ${formatValue(alert.valueMax, 'short')}${alert.summary === '' ? '' : `. ${alert.summary}`}`;
}

function Bars({ lane, range, zone }: { lane: Lane; range: ResolvedRange; zone: Zone }) {
  return (
    <div className="lane-bars">
      {lane.alerts.map((alert) => {
        const pending = secondsOf(alert.pendingAt) ?? range.start;
        const firing = secondsOf(alert.firingAt);
        const end = secondsOf(alert.endedAt) ?? range.end;
        const waits = placeOf(pending, firing ?? end, range);
        const fires = firing === null ? null : placeOf(firing, end, range, 0.5);
        const title = wording(alert, range, zone);
        return (
          <span key={alert.pendingAt} title={title}>
            {waits !== null && <span className="bar-pending" style={{ left: `${waits.left}%`, width: `${waits.width}%` }} />}
            {fires !== null && <span className="bar-firing" style={{ left: `${fires.left}%`, width: `${fires.width}%` }} />}
            <span className="sr-only">{title}</span>
          </span>
        );
      })}
    </div>
  );
}

export default function Timeline({ alerts, range }: { alerts: readonly ReplayedAlert[]; range: ResolvedRange }) {
  const { zone } = useTime();
  const [shown, setShown] = useState(LANES);
  const lanes = lanesOf(alerts);
  const bins = firingBins(alerts, range, BINS);
  const most = Math.max(...bins, 1);
  return (
    <section className="timeline" aria-label="Timeline">
      <p className="timeline-key dim"><span className="bar-key bar-pending" /> pending <span className="bar-key bar-firing" /> firing</p>
      <div className="lane">
        <div className="lane-name dim">how many began, up to {grouped(most)} in a bar</div>
        <div className="lane-bins" aria-hidden="true">
          {bins.map((count, at) => <span key={at} style={{ height: `${(count / most) * 100}%` }} title={`${count}`} />)}
        </div>
      </div>
      <ul>
        {lanes.slice(0, shown).map((lane) => (
          <li key={lane.key} className="lane">
            <div className="lane-name"><b>{lane.rule}</b>{told(lane).length > 0 && <LabelSet labels={lane.alerts[0]?.labels ?? {}} skip={SAID} />}</div>
            <Bars lane={lane} range={range} zone={zone} />
          </li>
        ))}
      </ul>
      <div className="lane lane-axis" aria-hidden="true">
        <div className="lane-name" />
        <div className="axis">
          {ticksOf(range, TICKS, zone).map(({ at, label }) => <span key={at} style={{ left: `${((at - range.start) / (range.end - range.start)) * 100}%` }}>{label}</span>)}
        </div>
      </div>
      {lanes.length > shown && <button type="button" className="button button-small" onClick={() => setShown(shown + 5 * LANES)}>Show more of {grouped(lanes.length)}</button>}
    </section>
  );
}
