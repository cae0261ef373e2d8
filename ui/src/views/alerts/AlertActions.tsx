// What people do about an alert: acknowledge, snooze, assign, silence.

import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { acknowledge, assign, unacknowledge, type Alert } from '../../api/alerts';
import { useAction } from '../../app/action';
import { useWho } from '../../app/who';
import Dropdown from '../../components/Dropdown';
import ErrorNote from '../../components/ErrorNote';
import { IconBellOff, IconCheck, IconChevronDown, IconHourglass, IconUser } from '../../components/icons';
import { matchersOf } from '../../lib/matchers';
import { writeMatchers } from '../../lib/silence-form';
import { carryShared } from '../../lib/urlstate';

const SNOOZES: ReadonlyArray<readonly [seconds: number, label: string]> = [[3600, '1 hour'], [4 * 3600, '4 hours'], [86_400, '1 day']];

/** One line of text with its own button; Enter sends. */
function LineForm({ label, start, button, onSend, optional = false }: { label: string; start: string; button: string; optional?: boolean; onSend(text: string): void }) {
  const [text, setText] = useState(start);
  return (
    <form
      className="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(text.trim());
      }}
    >
      <label className="field">
        <span>{label}</span>
        <input className="input" data-autofocus value={text} maxLength={500} onChange={(event) => setText(event.currentTarget.value)} />
      </label>
      <button type="submit" className="button button-primary" disabled={!optional && text.trim() === ''}>{button}</button>
    </form>
  );
}

/** The address of a new silence with exactly this alert's labels. */
export function silenceLink(alert: Alert, params: URLSearchParams): string {
  const link = new URLSearchParams([['new', '1']]);
  for (const text of writeMatchers(matchersOf(alert.labels))) link.append('m', text);
  const shared = carryShared('', params);
  return `/silences?${link.toString()}${shared === '' ? '' : `&${shared.slice(1)}`}`;
}

export default function AlertActions({ alert }: { alert: Alert }) {
  const [params] = useSearchParams();
  const who = useWho();
  const { busy, error, run } = useAction();
  const { fingerprint, acknowledged, assignedTo } = alert;
  const act = async (work: (by: string) => Promise<unknown>) => {
    const by = await who.ask();
    if (by !== null) await run(() => work(by));
  };
  const withdraw = acknowledged !== null && (
    <button type="button" className="button" disabled={busy} onClick={() => void act((by) => unacknowledge(fingerprint, by))}>
      Withdraw {acknowledged.until === null ? 'acknowledgement' : 'snooze'}
    </button>
  );
  return (
    <div className="alert-actions">
      <Dropdown align="start" className={acknowledged === null ? 'button button-primary' : 'button'} face={<><IconCheck size={16} aria-hidden /> {acknowledged === null ? 'Acknowledge' : 'Acknowledge again'}</>}>
        {(close) => (
          <LineForm
            label="Comment (may stay empty)" start="" button="Acknowledge" optional
            onSend={(comment) => {
              close();
              void act((by) => acknowledge(fingerprint, { by, comment }));
            }}
          />
        )}
      </Dropdown>
      <Dropdown align="start" face={<><IconHourglass size={16} aria-hidden /> Snooze <IconChevronDown size={14} aria-hidden /></>}>
        {(close) => (
          <ul className="menu">
            {SNOOZES.map(([forSeconds, label]) => (
              <li key={forSeconds}>
                <button type="button" onClick={() => { close(); void act((by) => acknowledge(fingerprint, { by, forSeconds })); }}>{label}</button>
              </li>
            ))}
          </ul>
        )}
      </Dropdown>
      <Dropdown align="start" face={<><IconUser size={16} aria-hidden /> {assignedTo === null ? 'Assign' : 'Assign to another'}</>}>
        {(close) => (
          <>
            <LineForm
              label="Assign to" start={assignedTo ?? who.name} button="Assign"
              onSend={(to) => {
                close();
                void act((by) => assign(fingerprint, to, by));
              }}
            />
            {assignedTo !== null && <p className="line-form-foot"><button type="button" className="button button-small" onClick={() => { close(); void act((by) => assign(fingerprint, null, by)); }}>Assign to nobody</button></p>}
          </>
        )}
      </Dropdown>
      <Link className="button" to={silenceLink(alert, params)}><IconBellOff size={16} aria-hidden /> Silence this</Link>
      {withdraw}
      {error !== null && <ErrorNote error={error} />}
    </div>
  );
}
