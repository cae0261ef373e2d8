// The past of one alert: every time it fired, and whether that was worth it.

import { history } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import { humanDuration } from '../../lib/duration';
import { betweenSeconds, secondsOf } from '../../lib/since';
import { formatTime } from '../../lib/timerange';
import Judge from './Judge';

const ROWS = 20;
/** As far back as history is kept by default. */
const YEAR_MS = 365 * 86_400_000;

export default function EpisodeTable({ fingerprint }: { fingerprint: string }) {
  const { zone, nowMs } = useTime();
  const from = new Date(nowMs - YEAR_MS).toISOString();
  const { data, error } = useResource('episodes', (signal) => history({ fingerprint, from, limit: ROWS }, signal), { key: fingerprint });
  const episodes = data?.data.episodes;
  return (
    <section aria-label="History of this alert">
      <h3>History</h3>
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {episodes?.length === 0 && <p className="dim">Nothing is stored yet.</p>}
      {episodes !== undefined && episodes.length > 0 && (
        <div className="table-scroll">
          <table className="table episode-table">
            <thead><tr><th>Began</th><th className="num">Lasted</th><th className="num">Told after</th><th>Acknowledged</th><th>Was it worth it?</th></tr></thead>
            <tbody>
              {episodes.map((episode) => {
                const lasted = betweenSeconds(episode.startedAt, episode.resolvedAt);
                const told = betweenSeconds(episode.startedAt, episode.notifiedAt);
                const seen = betweenSeconds(episode.startedAt, episode.acknowledged?.at);
                return (
                  <tr key={episode.id}>
                    <td className="num-left">{formatTime(secondsOf(episode.startedAt) ?? NaN, zone, true)}</td>
                    <td className="num">{lasted === null ? <span className="state state-bad">firing</span> : humanDuration(Math.round(lasted))}</td>
                    <td className="num">{told === null ? '–' : humanDuration(Math.round(told))}</td>
                    <td>{episode.acknowledged === null ? '–' : `${episode.acknowledged.by}${seen === null ? '' : `, after ${humanDuration(Math.round(seen))}`}`}</td>
                    <td><Judge episode={episode} /></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
