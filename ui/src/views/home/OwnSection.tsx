// Binnacle itself: what it collects, what it holds, what it costs.

import { Link, useSearchParams } from 'react-router';
import { alerts as fetchAlerts } from '../../api/alerts';
import { useInstant, useResource } from '../../api/hooks';
import ErrorNote from '../../components/ErrorNote';
import { vectorOf } from '../../api/query';
import { severityCounts, stateOf, weightOf } from '../../lib/alerts';
import { formatValue, grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';
import { lastOf, lineOf, TARGETS } from './charts';
import Tile from '../../components/Tile';
import type { HomeGrid } from './prefetch';
import { useOwnChart } from './useHome';

/** What fires and nobody has taken yet; nothing at all on a server that knows no alerts. */
function AlertsTile() {
  const [params] = useSearchParams();
  const { data } = useResource('alerts', fetchAlerts);
  if (data === undefined) return null;
  const { alerts } = data.data;
  const firing = alerts.filter((alert) => stateOf(alert) === 'firing');
  const critical = firing.some(({ labels }) => weightOf(labels['severity'] ?? '') === 'critical');
  const quiet = alerts.length - firing.length;
  const severities = severityCounts(firing).map(([severity, count]) => `${grouped(count)} ${severity || 'without severity'}`).join(', ');
  return (
    <Link className="tile-link" to={carryShared('/alerts', params)}>
      <Tile
        label="Alerts"
        value={alerts.length === 0 ? 'none' : `${grouped(firing.length)} firing`}
        note={severities === '' ? (quiet > 0 ? `${grouped(quiet)} taken or quiet` : 'all is well') : severities}
        state={firing.length === 0 ? undefined : critical ? { tone: 'bad', word: 'critical' } : { tone: 'warn', word: 'look' }}
      />
    </Link>
  );
}

export default function OwnSection({ home }: { home: HomeGrid }) {
  const [params] = useSearchParams();
  const own = useOwnChart(home);
  const targets = useInstant(TARGETS);
  const states = vectorOf(targets.data?.data);
  const count = (state: string) =>
    states.filter(({ metric }) => metric['state'] === state).reduce((sum, { value }) => sum + Number(value?.[1] ?? 0), 0);
  const up = count('1');
  const down = count('0');
  const failing = [...new Set(states.filter(({ metric }) => metric['state'] === '0').map(({ metric }) => metric['job'] ?? ''))];
  const line = (name: string) => lineOf(own.drawn, name);
  if (own.error !== null && own.drawn === undefined) return <ErrorNote error={own.error} expr={own.expr} />;
  return (
    <div className="tiles">
      <Link className="tile-link" to={carryShared('/targets', params, down > 0 ? { health: 'down' } : {})}>
        <Tile
          label="Targets up"
          value={targets.data === undefined ? '–' : `${grouped(up)} of ${grouped(up + down)}`}
          note={up + down === 0 ? 'none scraped yet' : down === 0 ? 'all answer' : `failing: ${failing.slice(0, 3).join(', ')}${failing.length > 3 ? ', …' : ''}`}
          state={down > 0 ? { tone: 'bad', word: `${grouped(down)} down` } : undefined}
        />
      </Link>
      <AlertsTile />
      <Tile label="Samples" value={formatValue(lastOf(line('samples')), 'perSecond')} note="written to the store" spark={line('samples')} min={0} />
      <Link className="tile-link" to={carryShared('/cardinality', params)}>
        <Tile label="Series" value={formatValue(lastOf(line('series')), 'short')} note="in memory" spark={line('series')} min={0} />
      </Link>
      <Tile label="Memory" value={formatValue(lastOf(line('memory')), 'bytes')} note="resident" spark={line('memory')} min={0} />
      <Tile label="CPU" value={lastOf(line('cpu')) === null ? '–' : `${(lastOf(line('cpu')) ?? 0).toFixed(3)}`} note="cores used" spark={line('cpu')} min={0} />
    </div>
  );
}
