// One notification; on demand its text as it was sent, and how the sending went.

import { memo } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Notification } from '../../api/alerts';
import { useSetParams } from '../../app/params';
import { useTime } from '../../app/time';
import { IconArrowRight, IconChevronDown } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import Outcome from '../../components/Outcome';
import { humanDuration } from '../../lib/duration';
import { readable } from '../../lib/readable';
import { secondsOf } from '../../lib/since';
import { formatTime } from '../../lib/timerange';
import { grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

const LINKS_MAX = 20;

function Prints({ name, prints }: { name: string; prints: readonly string[] }) {
  const [params] = useSearchParams();
  if (prints.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className="prints">
        {prints.slice(0, LINKS_MAX).map((print) => <Link key={print} to={carryShared('/alerts', params, { alert: print })}><code>{print}</code></Link>)}
        {prints.length > LINKS_MAX && <span className="dim">and {grouped(prints.length - LINKS_MAX)} more</span>}
      </dd>
    </div>
  );
}

function counts({ firing, resolved }: Notification): string {
  return [firing.length > 0 ? `${grouped(firing.length)} firing` : '', resolved.length > 0 ? `${grouped(resolved.length)} resolved` : ''].filter(Boolean).join(', ');
}

export default memo(function NotificationRow({ notification, open }: { notification: Notification; open: boolean }) {
  const { zone } = useTime();
  const set = useSetParams();
  const { id, at, receiver, integration, index, title, text, detail, reason, attempts, durationSeconds, groupLabels, groupKey, firing, resolved } = notification;
  return (
    <li className="sent">
      <button type="button" className="sent-head" aria-expanded={open} onClick={() => set({ open: open ? null : id })}>
        <span className="sent-chevron">{open ? <IconChevronDown size={15} aria-hidden /> : <IconArrowRight size={15} aria-hidden />}</span>
        <span className="sent-time">{formatTime(secondsOf(at) ?? NaN, zone, true)}</span>
        <span className="sent-outcome"><Outcome notification={notification} /></span>
        <span className="sent-to"><b>{receiver}</b> <span className="dim">{integration}</span></span>
        <span className="sent-title">{title === '' ? <span className="dim">{groupLabels['alertname'] ?? 'no title'}</span> : title}</span>
        <span className="sent-count num dim">{counts(notification)}</span>
      </button>
      {detail !== '' && <p className={notification.outcome === 'failed' ? 'sent-detail sent-failed' : 'sent-detail'}>{detail}</p>}
      {open && (
        <div className="sent-details">
          {text === '' ? (
            <p className="dim">{title === '' ? `No text: ${integration} is sent the alerts as data.` : title}</p>
          ) : (
            <pre className="sent-text" tabIndex={0} aria-label="Text as sent">{readable(text)}</pre>
          )}
          <dl className="sent-facts">
            <div><dt>Sent because</dt><dd>{reason}</dd></div>
            <div><dt>Through</dt><dd>{receiver}, {integration}, integration {index + 1}</dd></div>
            <div><dt>Attempts</dt><dd>{grouped(attempts)}, in {humanDuration(durationSeconds)}</dd></div>
            <div><dt>Group</dt><dd><LabelSet labels={groupLabels} /> <code className="dim">{groupKey}</code></dd></div>
            <Prints name="Firing" prints={firing} />
            <Prints name="Resolved" prints={resolved} />
          </dl>
        </div>
      )}
    </li>
  );
});
