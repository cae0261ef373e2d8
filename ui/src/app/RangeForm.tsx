// The panel of the time range: typed ends, the time zone, and the quick ranges.

import { useState } from 'react';
import { parseInstant, QUICK_RANGES, resolveRange, type TimeRange, type Zone } from '../lib/timerange';
import { useTime } from './time';

type End = 'from' | 'to';

function problem(range: TimeRange): Partial<Record<End, string>> {
  const now = Date.now();
  const hint = 'Use now-1h, 2026-11-20 13:00 or Unix seconds';
  if (parseInstant(range.from, now) === null) return { from: hint };
  if (parseInstant(range.to, now) === null) return { to: hint };
  if (resolveRange(range, now) === null) return { to: 'Must be later than From' };
  return {};
}

export default function RangeForm({ close }: { close: () => void }) {
  const { range, setRange, zone, setZone } = useTime();
  const [draft, setDraft] = useState(range);
  const errors = problem(draft);
  const valid = errors.from === undefined && errors.to === undefined;
  const apply = (next: TimeRange) => {
    setRange(next);
    close();
  };
  const field = (end: End, label: string) => (
    <label className="field">
      <span>{label}</span>
      <input
        className="input mono"
        data-autofocus={end === 'from' ? true : undefined}
        spellCheck={false}
        value={draft[end]}
        aria-invalid={errors[end] !== undefined}
        onChange={(event) => setDraft({ ...draft, [end]: event.currentTarget.value })}
      />
      {errors[end] !== undefined && <span className="field-error">{errors[end]}</span>}
    </label>
  );
  return (
    <div className="range-form">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (valid) apply(draft);
        }}
      >
        {field('from', 'From')}
        {field('to', 'To')}
        <button type="submit" className="button button-primary" disabled={!valid}>Apply</button>
        <div className="zone-choice" role="radiogroup" aria-label="Times shown in">
          <span className="dim">Times shown in</span>
          {(['local', 'utc'] as Zone[]).map((one) => (
            <label key={one}>
              <input type="radio" name="zone" checked={zone === one} onChange={() => setZone(one)} />
              {one === 'utc' ? 'UTC' : 'Local time'}
            </label>
          ))}
        </div>
      </form>
      <ul>
        {QUICK_RANGES.map(([span, label]) => (
          <li key={span}>
            <button type="button" aria-pressed={range.from === `now-${span}` && range.to === 'now'} onClick={() => apply({ from: `now-${span}`, to: 'now' })}>
              {label}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
