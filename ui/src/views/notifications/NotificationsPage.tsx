// The log of notifications: what was sent to whom, in which words, and whether it arrived.

import './notifications.css';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { notifications as fetchNotifications } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { receivers as fetchReceivers } from '../../api/routing';
import { useChoice, useSetParams, useTyped } from '../../app/params';
import { useTime } from '../../app/time';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconX } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { isoSeconds } from '../../lib/timerange';
import { grouped } from '../../lib/units';
import NotificationRow from './NotificationRow';

const ROWS = 100;

const CONFIG = `# binnacle.yaml
alerting:
  alertmanager_file: alertmanager.yml

# alertmanager.yml
route:
  receiver: team
receivers:
  - name: team
    webhook_configs: [{url: "http://127.0.0.1:5001/"}]`;

export default function NotificationsPage() {
  const { resolved } = useTime();
  const [params] = useSearchParams();
  const set = useSetParams();
  const [text, setText, deferred] = useTyped('search');
  const [outcome, setOutcome] = useChoice('outcome', ['all', 'failed'] as const);
  const [limit, setLimit] = useState(ROWS);
  const receiver = params.get('receiver') ?? '';
  const fingerprint = params.get('alert') ?? '';
  const receivers = useResource('receivers', fetchReceivers, { once: true });
  const query = {
    from: isoSeconds(Math.floor(resolved.start)),
    to: isoSeconds(Math.ceil(resolved.end)),
    limit,
    ...(deferred.trim() === '' ? {} : { text: deferred.trim() }),
    ...(receiver === '' ? {} : { receiver }),
    ...(outcome === 'failed' ? { failed: true } : {}),
    // About one alert: as far back as the answer goes, not only the range above.
    ...(fingerprint === '' ? {} : { fingerprint, from: isoSeconds(Math.floor(resolved.end - 30 * 86_400)) }),
  };
  const key = JSON.stringify([query.text, receiver, outcome, fingerprint, limit, resolved.end - resolved.start]);
  const { data, error } = useResource('notifications', (signal) => fetchNotifications(query, signal), { key });
  const list = data?.data.notifications;
  const narrowed = deferred !== '' || receiver !== '' || outcome !== 'all' || fingerprint !== '';
  return (
    <div className="page notifications">
      <PageHead
        title="Notifications"
        controls={
          <>
            <input className="input" data-search placeholder="Search title and text" aria-label="Search notifications" value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <select className="select" aria-label="Receiver" value={receiver} onChange={(event) => set({ receiver: event.currentTarget.value })}>
              <option value="">All receivers</option>
              {[...new Set([...(receivers.data?.data.receivers.map(({ name }) => name) ?? []), ...(receiver === '' ? [] : [receiver])])].map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
            <Choice label="Outcome" choices={[['all', 'All'], ['failed', 'Failed only']]} value={outcome} onChange={setOutcome} />
          </>
        }
      />
      {fingerprint !== '' && (
        <p className="filter-note">Only about alert <code>{fingerprint}</code>, the last 30 days <button type="button" className="icon-button" aria-label="Show all alerts" onClick={() => set({ alert: null })}><IconX size={14} aria-hidden /></button></p>
      )}
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {list?.length === 0 && !narrowed && (
        <EmptyState title="Nobody was told anything in this time range" code={CONFIG}>
          Choose a longer range above: a year is kept. If nothing was ever sent, alerts need a receiver; test it on the page Routing:
        </EmptyState>
      )}
      {list?.length === 0 && narrowed && <EmptyState title="No notification matches">None in this time range is like this. Clear the filters or choose a longer range.</EmptyState>}
      {list !== undefined && list.length > 0 && (
        <section className="panel" aria-label="Notifications">
          <ul className="sent-list">
            {list.map((one) => <NotificationRow key={one.id} notification={one} open={params.get('open') === one.id} />)}
          </ul>
          {list.length >= limit && <p className="panel-body sent-more"><button type="button" className="button button-small" onClick={() => setLimit(limit * 5)}>Show more than {grouped(limit)}</button></p>}
        </section>
      )}
    </div>
  );
}
