// This host: tiles first, then the charts they come from.

import type { ReactNode } from 'react';
import { useTime } from '../../app/time';
import { useInstant } from '../../api/hooks';
import { vectorOf } from '../../api/query';
import { humanDuration } from '../../lib/duration';
import { formatValue } from '../../lib/units';
import ChartPanel from './ChartPanel';
import { FILESYSTEMS, HOST_CHARTS, lastOf, lineOf, totalOf, type Drawn } from './charts';
import DiskPanel, { fullness, mountsOf } from './DiskPanel';
import type { Host } from './host';
import ProcessPanel from './ProcessPanel';
import Tile from '../../components/Tile';
import type { HomeGrid } from './prefetch';
import { useCharts, useImpatience } from './useHome';

function networkSum(drawn: Drawn | undefined, suffix: string): (number | null)[] {
  const lines = (drawn?.lines ?? []).filter(({ label }) => label.endsWith(suffix));
  return lines[0]?.values.map((_, at) => lines.reduce<number | null>((sum, { values }) => (values[at] == null ? sum : (sum ?? 0) + Math.abs(values[at])), null)) ?? [];
}

function HostTiles({ host, drawn }: { host: Host; drawn: ReadonlyMap<string, Drawn | undefined> }) {
  const { resolved } = useTime();
  const disks = useInstant(FILESYSTEMS(host.matchers));
  const fullest = mountsOf(vectorOf(disks.data?.data))[0];
  const cpu = totalOf(drawn.get('cpu'));
  const load = lineOf(drawn.get('load'), '1 minute');
  const cores = lastOf(lineOf(drawn.get('load'), 'cores'));
  const used = lineOf(drawn.get('memory'), 'used');
  const total = lastOf(lineOf(drawn.get('memory'), 'total'));
  const usedNow = lastOf(used);
  const received = networkSum(drawn.get('network'), 'received');
  const sent = networkSum(drawn.get('network'), 'sent');
  const memoryShare = usedNow !== null && total !== null && total > 0 ? usedNow / total : null;
  const loadNow = lastOf(load);
  return (
    <div className="tiles">
      <Tile label="CPU" value={formatValue(lastOf(cpu), 'ratio')} note={cores === null ? '' : `of ${cores} core${cores === 1 ? '' : 's'}`} spark={cpu} min={0} state={(lastOf(cpu) ?? 0) > 0.9 ? { tone: 'bad', word: 'saturated' } : undefined} />
      <Tile label="Memory" value={formatValue(memoryShare, 'ratio')} note={`${formatValue(usedNow, 'bytes')} of ${formatValue(total, 'bytes')}`} spark={used} min={0} {...(total === null ? {} : { max: total })} state={(memoryShare ?? 0) > 0.9 ? { tone: 'bad', word: 'nearly full' } : undefined} />
      <Tile label="Load, 1 minute" value={formatValue(loadNow, 'short')} note={cores === null || loadNow === null ? '' : `${(loadNow / cores).toFixed(2)} per core`} spark={load} min={0} />
      <Tile label="Fullest disk" value={formatValue(fullest?.used ?? null, 'ratio')} note={fullest === undefined ? '' : `${fullest.mountpoint}, ${formatValue(fullest.avail, 'bytes')} free`} state={fullest === undefined ? undefined : fullness(fullest.used)} />
      <Tile label="Received" value={formatValue(lastOf(received), 'bytesPerSecond')} note={`${formatValue(lastOf(sent), 'bytesPerSecond')} sent`} spark={received} min={0} />
      <Tile label="Up since boot" value={host.bootTime === null ? '–' : humanDuration(resolved.end - host.bootTime)} note={host.system} />
    </div>
  );
}

/** `between` stands below the tiles: the other numbers that belong at a glance. */
export default function HostSection({ host, home, between }: { host: Host; home: HomeGrid; between: ReactNode }) {
  const charts = useCharts(HOST_CHARTS, host.matchers, home);
  const drawn = new Map(charts.map((state) => [state.chart.id, state.drawn]));
  // Rates need a second scrape: keep asking until CPU has something.
  const cpu = drawn.get('cpu');
  useImpatience(cpu !== undefined && cpu.lines.length === 0);
  return (
    <>
      <HostTiles host={host} drawn={drawn} />
      {between}
      <div className="chart-grid">
        {charts.map(({ chart, expr, drawn: one, error }) => (
          <ChartPanel key={chart.id} chart={chart} expr={expr} drawn={one} error={error} />
        ))}
        <DiskPanel host={host} />
        <ProcessPanel host={host} window={home.window} />
      </div>
    </>
  );
}
