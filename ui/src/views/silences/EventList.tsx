// What happened to silences: made, changed, ended, by whom.

import { Link, useSearchParams } from 'react-router';
import { useResource } from '../../api/hooks';
import { silenceEvents } from '../../api/silences';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { secondsOf } from '../../lib/since';
import { matchesText } from '../../lib/targets';
import { formatTime } from '../../lib/timerange';
import { carryShared } from '../../lib/urlstate';

export default function EventList({ text }: { text: string }) {
  const [params] = useSearchParams();
  const { zone } = useTime();
  const { data, error } = useResource('silence-events', silenceEvents);
  if (error !== null && data === undefined) return <ErrorNote error={error} />;
  if (data === undefined) return <div className="page-loading" aria-label="Loading" />;
  const events = data.data.events.filter(({ by, what, text: said, silence }) => matchesText([by, what, said, silence], text));
  if (events.length === 0) return <EmptyState title="No events">Nobody has made or ended a silence{text === '' ? '' : ' like this'} yet.</EmptyState>;
  return (
    <section className="panel" aria-label="Events of silences">
      <div className="panel-body table-scroll">
        <table className="table">
          <thead><tr><th>When</th><th>What</th><th>By</th><th>Silence</th></tr></thead>
          <tbody>
            {events.map((event) => (
              <tr key={`${event.silence} ${event.at} ${event.what}`}>
                <td className="event-time">{formatTime(secondsOf(event.at) ?? NaN, zone, true)}</td>
                <td>{event.what}</td>
                <td>{event.by === '' ? <span className="dim">nobody named</span> : event.by}</td>
                <td><Link to={carryShared('/silences', params, { silence: event.silence })}>{event.text === '' ? event.silence : event.text}</Link></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
