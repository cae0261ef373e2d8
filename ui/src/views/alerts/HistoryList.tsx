// Alerts of the chosen time range, ended or not: to look up what happened, and to judge it.

import { useState } from 'react';
import { history } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import LabelSet from '../../components/LabelSet';
import Severity from '../../components/Severity';
import { summaryOf } from '../../lib/alerts';
import { humanDuration } from '../../lib/duration';
import { parseSearch, printMatcher } from '../../lib/matchers';
import { betweenSeconds, secondsOf } from '../../lib/since';
import { formatTime, isoSeconds } from '../../lib/timerange';
import { grouped } from '../../lib/units';
import Judge from './Judge';

const ROWS = 100;

export default function HistoryList({ text }: { text: string }) {
  const { resolved, zone } = useTime();
  const [limit, setLimit] = useState(ROWS);
  const search = parseSearch(text);
  const query = {
    from: isoSeconds(Math.floor(resolved.start)),
    to: isoSeconds(Math.ceil(resolved.end)),
    filter: search.matchers.map(printMatcher),
    text: search.words.join(' '),
    limit,
  };
  const { data, error } = useResource('history', (signal) => history(query, signal), { key: JSON.stringify([query.filter, query.text, limit, resolved.end - resolved.start]) });
  const episodes = data?.data.episodes;
  if (error !== null && data === undefined) return <ErrorNote error={error} />;
  if (episodes === undefined) return <div className="page-loading" aria-label="Loading" />;
  if (episodes.length === 0) {
    return <EmptyState title="No alert in this time range">Nothing fired between these times{text === '' ? '' : ' that is like this'}. Choose a longer range above: a year is kept (<code>alerting.history</code>).</EmptyState>;
  }
  return (
    <section className="panel" aria-label="Alerts of the past">
      <div className="panel-body table-scroll">
        <table className="table history-table">
          <thead><tr><th>Began</th><th>Severity</th><th>Alert</th><th className="num">Lasted</th><th className="num">Told after</th><th>Acknowledged</th><th>Was it worth it?</th></tr></thead>
          <tbody>
            {episodes.map((episode) => {
              const lasted = betweenSeconds(episode.startedAt, episode.resolvedAt);
              const told = betweenSeconds(episode.startedAt, episode.notifiedAt);
              return (
                <tr key={episode.id}>
                  <td className="num-left">{formatTime(secondsOf(episode.startedAt) ?? NaN, zone, true)}</td>
                  <td><Severity severity={episode.labels['severity'] ?? ''} /></td>
                  <td className="history-what">
                    <b>{episode.labels['alertname']}</b> <span className="dim">{summaryOf(episode.annotations)}</span>
                    <LabelSet labels={episode.labels} skip={['alertname', 'severity']} />
                  </td>
                  <td className="num">{lasted === null ? <span className="state state-bad">firing</span> : humanDuration(Math.round(lasted))}</td>
                  <td className="num">{told === null ? '–' : humanDuration(Math.round(told))}</td>
                  <td>{episode.acknowledged?.by ?? '–'}</td>
                  <td><Judge episode={episode} /></td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {episodes.length >= limit && <button type="button" className="button button-small" onClick={() => setLimit(limit * 5)}>Show more than {grouped(limit)}</button>}
      </div>
    </section>
  );
}
