// What was sent about one alert, and whether it arrived.

import { Link, useSearchParams } from 'react-router';
import { notifications } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import Outcome from '../../components/Outcome';
import { secondsOf } from '../../lib/since';
import { formatTime } from '../../lib/timerange';
import { carryShared } from '../../lib/urlstate';

const ROWS = 10;

export default function SentTable({ fingerprint }: { fingerprint: string }) {
  const [params] = useSearchParams();
  const { zone } = useTime();
  const { data, error } = useResource('sent', (signal) => notifications({ fingerprint, limit: ROWS }, signal), { key: fingerprint });
  const sent = data?.data.notifications;
  return (
    <section aria-label="Notifications about this alert">
      <h3>Notifications</h3>
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {sent?.length === 0 && <p className="dim">Nobody was told in the last 30 days.</p>}
      {sent !== undefined && sent.length > 0 && (
        <>
          <div className="table-scroll">
            <table className="table">
              <thead><tr><th>When</th><th>To</th><th>Outcome</th><th>Why</th></tr></thead>
              <tbody>
                {sent.map((one) => (
                  <tr key={one.id}>
                    <td className="num-left">{formatTime(secondsOf(one.at) ?? NaN, zone, true)}</td>
                    <td>{one.receiver} <span className="dim">{one.integration}</span></td>
                    <td><Outcome notification={one} /></td>
                    <td className="wrap">{one.detail === '' ? one.reason : one.detail}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p><Link to={carryShared('/notifications', params, { alert: fingerprint })}>All of them, with their texts</Link></p>
        </>
      )}
    </section>
  );
}
