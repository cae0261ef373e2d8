// One alert: how bad, what, in which state, since when, to whom; and what keeps it quiet.

import { lazy, memo, Suspense } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Alert } from '../../api/alerts';
import { useSetParams } from '../../app/params';
import { useTime } from '../../app/time';
import Ago from '../../components/Ago';
import { IconArrowRight, IconBell, IconBellOff, IconCheck, IconChevronDown, IconHourglass, IconMoon, IconShield, IconUser } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import Severity from '../../components/Severity';
import { stateOf, summaryOf, weightOf } from '../../lib/alerts';
import type { Labels } from '../../lib/series';
import { untilText } from '../../lib/since';
import { carryShared } from '../../lib/urlstate';

const AlertDetails = lazy(() => import('./AlertDetails'));

const STATES = {
  firing: { icon: IconBell, tone: 'bad' },
  acknowledged: { icon: IconCheck, tone: 'ok' },
  snoozed: { icon: IconHourglass, tone: 'ok' },
  silenced: { icon: IconBellOff, tone: 'idle' },
  inhibited: { icon: IconShield, tone: 'idle' },
  muted: { icon: IconMoon, tone: 'idle' },
} as const;

/** What keeps the alert from being told, with the way there; nothing when it is told. */
function Why({ alert }: { alert: Alert }) {
  const [params] = useSearchParams();
  const { nowMs } = useTime();
  const { silencedBy, inhibitedBy, mutedBy } = alert.status;
  const said = alert.acknowledged;
  const parts = [
    ...silencedBy.map((id) => <Link key={id} to={carryShared('/silences', params, { silence: id })}>silenced: see the silence</Link>),
    ...inhibitedBy.map((by) => <Link key={by} to={carryShared('/alerts', params, { alert: by })}>inhibited by another alert</Link>),
    ...mutedBy.map((name) => <Link key={name} to={carryShared('/routing', params, { show: 'config' })}>muted by time interval {name}</Link>),
    ...(said === null ? [] : [
      <span key="said">
        {said.until === null ? 'acknowledged' : `snoozed for ${untilText(said.until, nowMs)}`} by <b>{said.by}</b>{said.via === 'ui' || said.via === '' ? '' : ` via ${said.via}`}
        {said.comment !== '' && <>: “{said.comment}”</>}
      </span>,
    ]),
    ...(alert.assignedTo === null ? [] : [<span key="to" className="assigned"><IconUser size={13} aria-hidden /> assigned to <b>{alert.assignedTo}</b></span>]),
  ];
  return parts.length === 0 ? null : <div className="alert-why">{parts}</div>;
}

interface Props {
  alert: Alert;
  /** Labels that the section's title says already. */
  skip: Labels | null;
  open: boolean;
}

export default memo(function AlertRow({ alert, skip, open }: Props) {
  const set = useSetParams();
  const { labels, annotations, receivers, startsAt, fingerprint } = alert;
  const state = stateOf(alert);
  const look = STATES[state];
  const name = labels['alertname'] ?? 'Alert without a name';
  return (
    <li className={`alert alert-${weightOf(labels['severity'] ?? '')}${state === 'firing' ? '' : ' alert-quiet'}`}>
      <button type="button" className="alert-head" aria-expanded={open} onClick={() => set({ alert: open ? null : fingerprint })}>
        <span className="alert-chevron">{open ? <IconChevronDown size={15} aria-hidden /> : <IconArrowRight size={15} aria-hidden />}</span>
        <span className="alert-severity"><Severity severity={labels['severity'] ?? ''} /></span>
        <span className="alert-what"><b>{name}</b> <span className="alert-line">{summaryOf(annotations)}</span></span>
        <span className="alert-state"><span className={`state state-${look.tone}`}><look.icon size={13} aria-hidden /> {state}</span></span>
        <span className="alert-since num"><Ago time={startsAt} after="" /></span>
        <span className="alert-to dim">{receivers.map((one) => one.name).join(', ')}</span>
      </button>
      <div className="alert-more">
        <LabelSet labels={labels} skip={['alertname', 'severity', ...Object.keys(skip ?? {})]} />
        <Why alert={alert} />
      </div>
      {open && (
        <Suspense fallback={<div className="alert-details" style={{ minHeight: 320 }} aria-label="Loading" />}>
          <AlertDetails alert={alert} />
        </Suspense>
      )}
    </li>
  );
});
