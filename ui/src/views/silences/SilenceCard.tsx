// One silence: what it matches, until when, by whom and why; and what can be done with it.

import { useState } from 'react';
import { expireSilence, type Silence } from '../../api/silences';
import { useAction } from '../../app/action';
import { useSetParams } from '../../app/params';
import { useTime } from '../../app/time';
import { useWho } from '../../app/who';
import Ago from '../../components/Ago';
import ErrorNote from '../../components/ErrorNote';
import { IconBellOff, IconCheck, IconHourglass, IconPencil, IconRefresh, IconRepeat, IconTrash } from '../../components/icons';
import { printMatcher } from '../../lib/matchers';
import { secondsOf, untilText } from '../../lib/since';
import { fromApi } from '../../lib/silence-form';
import { formatTime } from '../../lib/timerange';
import { printWindow } from '../../lib/weekly';

const STATES = {
  active: { icon: IconBellOff, tone: 'ok' },
  pending: { icon: IconHourglass, tone: 'warn' },
  expired: { icon: IconCheck, tone: 'idle' },
} as const;

function When({ silence }: { silence: Silence }) {
  const { nowMs, zone } = useTime();
  const at = (time: string) => formatTime(secondsOf(time) ?? NaN, zone, true).slice(0, 16);
  const { state } = silence.status;
  return (
    <span title={`${at(silence.startsAt)} to ${at(silence.endsAt)}`}>
      {state === 'active' && <>ends in <b>{untilText(silence.endsAt, nowMs)}</b></>}
      {state === 'pending' && <>begins in <b>{untilText(silence.startsAt, nowMs)}</b></>}
      {state === 'expired' && <>ended <Ago time={silence.endsAt} /></>}
      <span className="dim"> · {at(silence.startsAt)} to {at(silence.endsAt)}</span>
    </span>
  );
}

export default function SilenceCard({ silence, named }: { silence: Silence; named: boolean }) {
  const set = useSetParams();
  const who = useWho();
  const { busy, error, run } = useAction();
  const [sure, setSure] = useState(false);
  const { state } = silence.status;
  const look = STATES[state];
  const open = (how: 'edit' | 'renew') => {
    set({ new: null, edit: how === 'edit' ? silence.id : null, renew: how === 'renew' ? silence.id : null, m: null });
    scrollTo({ top: 0 });
  };
  const end = async () => {
    const by = await who.ask();
    if (by === null) return;
    await run(() => expireSilence(silence.id, by));
    setSure(false);
  };
  return (
    <li className={named ? 'panel silence silence-named' : 'panel silence'}>
      <div className="silence-top">
        <span className={`state state-${look.tone}`}><look.icon size={13} aria-hidden /> {state}</span>
        <span className="labels">{silence.matchers.map((matcher) => <span key={JSON.stringify(matcher)}>{printMatcher(fromApi(matcher))}</span>)}</span>
      </div>
      <p className="silence-comment">{silence.comment === '' ? <span className="dim">no comment</span> : silence.comment} <span className="dim">{silence.createdBy}, <Ago time={silence.updatedAt} /></span></p>
      <div className="silence-when">
        <When silence={silence} />
        {silence.untilResolved === true && <span className="state state-info"><IconCheck size={13} aria-hidden /> ends when nothing that it hides fires any more</span>}
        {silence.recurrence !== undefined && (
          <span className="state state-info silence-windows">
            <IconRepeat size={13} aria-hidden /> {[...silence.recurrence.windows.map(printWindow), ...(silence.recurrence.timeInterval === undefined ? [] : [`time interval ${silence.recurrence.timeInterval}`])].join('; ')} ({silence.recurrence.timeZone || 'UTC'})
          </span>
        )}
      </div>
      <div className="silence-actions">
        {state === 'expired' ? (
          <button type="button" className="button button-small" onClick={() => open('renew')}><IconRefresh size={14} aria-hidden /> Renew</button>
        ) : (
          <>
            <button type="button" className="button button-small" onClick={() => open('edit')}><IconPencil size={14} aria-hidden /> Edit</button>
            {sure ? (
              <>
                <button type="button" className="button button-small button-danger" disabled={busy} onClick={() => void end()}>End it now</button>
                <button type="button" className="button button-small" onClick={() => setSure(false)}>Keep it</button>
              </>
            ) : (
              <button type="button" className="button button-small" onClick={() => setSure(true)}><IconTrash size={14} aria-hidden /> Expire</button>
            )}
          </>
        )}
      </div>
      {error !== null && <ErrorNote error={error} />}
    </li>
  );
}
