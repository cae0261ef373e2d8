// One line of the list. Clicks are heard by the list, not by each row.

import { memo } from 'react';
import { millisOf, type Line } from '../../lib/logs/lines';
import { levelTitle } from '../../lib/logs/levels';
import type { Display } from '../../lib/logs/state';
import { formatTime, type Zone } from '../../lib/timerange';
import { grouped } from '../../lib/units';
import LineBody from './LineBody';

interface Props {
  line: Line;
  count: number;
  open: boolean;
  current: boolean;
  display: Display;
  zone: Zone;
  /** Unix milliseconds against which a relative time is told; constant for other forms. */
  nowMs: number;
  needles: readonly RegExp[];
}

function ago(ms: number): string {
  const seconds = Math.max(ms / 1000, 0);
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${Math.floor(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

export function timeText(line: Line, form: Display['time'], zone: Zone, nowMs: number): string {
  if (form === 'none') return '';
  if (form === 'relative') return ago(nowMs - line.ms);
  return `${formatTime(line.ms / 1000, zone, form === 'full')}.${millisOf(line.time)}`;
}

export default memo(function LineRow({ line, count, open, current, display, zone, nowMs, needles }: Props) {
  const time = timeText(line, display.time, zone, nowMs);
  return (
    <div className={`ll-line level-${line.level || 'none'}${current ? ' ll-current' : ''}`} data-line={line.key} role="button" tabIndex={current ? 0 : -1} aria-expanded={open}>
      <span className="ll-head">
        {time !== '' && <time className={display.time === 'relative' ? 'll-time ll-ago' : 'll-time'} title={`${formatTime(line.ms / 1000, zone, true)}.${line.time.slice(-9)} (${zone === 'utc' ? 'UTC' : 'local time'})`}>{time}</time>}
        <span className="ll-level" title={levelTitle(line.level)}>{line.level === '' ? '·' : line.level}</span>
      </span>
      <span className="ll-text">
        {count > 1 && <span className="ll-count" title={`${grouped(count)} lines that say the same`}>×{grouped(count)}</span>}
        <LineBody line={line.line} open={open} colors={display.colors} pretty={display.pretty} needles={needles} />
      </span>
    </div>
  );
});
