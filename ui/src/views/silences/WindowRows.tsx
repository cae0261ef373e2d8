// Windows of the week: days, start and length, in a time zone; drawn as a week, so that a slip is seen.

import { useState } from 'react';
import type { WeeklyWindow } from '../../api/silences';
import { IconPlus, IconX } from '../../components/icons';
import { parseDuration, printDuration } from '../../lib/duration';
import type { SilenceDraft } from '../../lib/silence-form';
import { coverage, DAY_NAMES, parseClock, printClock, WEEK } from '../../lib/weekly';

const DAY = 1440;

/** A time of day as 24-hour text: the browser's own field would follow its language into AM and PM. */
function Clock({ minutes, onChange }: { minutes: number; onChange(minutes: number): void }) {
  const [text, setText] = useState(printClock(minutes));
  return (
    <input
      className="input input-small mono window-clock" aria-label="Begins at" inputMode="numeric" placeholder="22:00" spellCheck={false} value={text} aria-invalid={parseClock(text) === null}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(parseClock(event.currentTarget.value) ?? NaN);
      }}
    />
  );
}

interface RowProps {
  window: WeeklyWindow;
  onChange(window: WeeklyWindow): void;
  onRemove: (() => void) | null;
}

function WindowRow({ window, onChange, onRemove }: RowProps) {
  const [length, setLength] = useState(printDuration(window.durationMinutes * 60_000));
  const toggle = (day: number) => onChange({ ...window, days: window.days.includes(day) ? window.days.filter((one) => one !== day) : [...window.days, day].sort() });
  return (
    <div className="window-row">
      <div className="segments" role="group" aria-label="Days">
        {WEEK.map((day) => <button key={day} type="button" aria-pressed={window.days.includes(day)} onClick={() => toggle(day)}>{DAY_NAMES[day]}</button>)}
      </div>
      <label className="inline-field">from <Clock minutes={window.startMinute} onChange={(startMinute) => onChange({ ...window, startMinute })} /></label>
      <label className="inline-field">
        for <input
          className="input input-small mono window-length" value={length} spellCheck={false}
          onChange={(event) => {
            setLength(event.currentTarget.value);
            onChange({ ...window, durationMinutes: Math.round((parseDuration(event.currentTarget.value) ?? 0) / 60_000) });
          }}
        />
      </label>
      {onRemove !== null && <button type="button" className="icon-button" aria-label="Remove window" onClick={onRemove}><IconX size={15} aria-hidden /></button>}
    </div>
  );
}

/** The week as seven bars, Monday first. */
function Week({ windows }: { windows: readonly WeeklyWindow[] }) {
  const covered = coverage(windows);
  return (
    <div className="week" aria-hidden="true">
      {WEEK.map((day) => (
        <div key={day}>
          <span className="dim">{DAY_NAMES[day]}</span>
          <div className="week-day">
            {covered.map(([start, end]) => {
              const [from, to] = [Math.max(start - day * DAY, 0), Math.min(end - day * DAY, DAY)];
              return from >= to ? null : <span key={start} style={{ left: `${(from / DAY) * 100}%`, width: `${((to - from) / DAY) * 100}%` }} />;
            })}
          </div>
        </div>
      ))}
    </div>
  );
}

interface Props {
  windows: readonly WeeklyWindow[];
  timeZone: string;
  problem: string | undefined;
  onChange(part: Partial<SilenceDraft>): void;
}

export default function WindowRows({ windows, timeZone, problem, onChange }: Props) {
  const zones = Intl.supportedValuesOf('timeZone');
  // Rows keep their typed length by identity, not by place.
  const [ids, setIds] = useState(() => windows.map((_, at) => at));
  const change = (next: WeeklyWindow[]) => onChange({ windows: next });
  return (
    <div className="windows">
      {windows.map((window, at) => (
        <WindowRow
          key={ids[at] ?? at}
          window={window}
          onChange={(next) => change(windows.map((one, index) => (index === at ? next : one)))}
          onRemove={windows.length === 1 ? null : () => { setIds(ids.filter((_, index) => index !== at)); change(windows.filter((_, index) => index !== at)); }}
        />
      ))}
      <div className="window-foot">
        <button type="button" className="button button-small" onClick={() => { setIds([...ids, Math.max(...ids, -1) + 1]); change([...windows, { days: [1, 2, 3, 4, 5], startMinute: 0, durationMinutes: 60 }]); }}><IconPlus size={14} aria-hidden /> Add window</button>
        <label className="inline-field">
          in <select className="select select-zone" aria-label="Time zone" value={timeZone} onChange={(event) => onChange({ timeZone: event.currentTarget.value })}>
            {!zones.includes(timeZone) && <option value={timeZone}>{timeZone === '' ? 'UTC' : timeZone}</option>}
            {zones.map((zone) => <option key={zone} value={zone}>{zone}</option>)}
          </select>
        </label>
      </div>
      <Week windows={windows} />
      {problem !== undefined && <p className="field-error" role="alert">{problem}</p>}
    </div>
  );
}
