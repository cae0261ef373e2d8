// The processes that use most, by CPU or by memory.

import { useMemo, useState } from 'react';
import EmptyState from '../../components/EmptyState';
import Meter from '../../components/Meter';
import Panel from '../../components/Panel';
import { useInstant } from '../../api/hooks';
import { vectorOf, type InstantSeries } from '../../api/query';
import { formatValue, grouped } from '../../lib/units';
import { PROCESSES } from './charts';
import type { Host } from './host';

export interface ProcessGroup {
  name: string;
  cpu: number | null;
  memory: number | null;
  count: number | null;
}

export function processesOf(series: readonly InstantSeries[]): ProcessGroup[] {
  const groups = new Map<string, ProcessGroup>();
  for (const { metric, value } of series) {
    const name = metric['groupname'] ?? '';
    const group = groups.get(name) ?? { name, cpu: null, memory: null, count: null };
    const what = metric['what'];
    if (what === 'cpu' || what === 'memory' || what === 'count') group[what] = Number(value?.[1]);
    groups.set(name, group);
  }
  // Groups whose processes have all ended keep their counters; they use nothing now.
  return [...groups.values()].filter(({ count, cpu }) => count === null || count > 0 || (cpu ?? 0) > 0);
}

const ROWS = 8;

export default function ProcessPanel({ host, window }: { host: Host; window: string }) {
  const [by, setBy] = useState<'cpu' | 'memory'>('cpu');
  const expr = PROCESSES(host.sameMachine, window);
  const { data, error } = useInstant(expr);
  const groups = useMemo(() => processesOf(vectorOf(data?.data)), [data]);
  const top = useMemo(() => [...groups].sort((a, b) => (b[by] ?? 0) - (a[by] ?? 0)).slice(0, ROWS), [groups, by]);
  const largest = top[0]?.[by] ?? 0;
  const choice = (
    <div className="segments" role="group" aria-label="Order processes by">
      {(['cpu', 'memory'] as const).map((one) => (
        <button key={one} type="button" aria-pressed={by === one} onClick={() => setBy(one)}>
          {one === 'cpu' ? 'CPU' : 'Memory'}
        </button>
      ))}
    </div>
  );
  return (
    <Panel
      title="Top processes"
      error={error}
      pending={data === undefined}
      actions={choice}
      className="panel-wide"
      origin={{ expr, tookMs: data?.tookMs, series: vectorOf(data?.data).length, warnings: data?.warnings }}
    >
      {data !== undefined && groups.length === 0 ? (
        <EmptyState compact title="No process metrics" code={'scrape_configs:\n  - job_name: processes\n    static_configs: [{targets: ["localhost:9256"]}]'}>
          Binnacle’s own host collector reports processes by itself. For other machines, scrape process-exporter there:
        </EmptyState>
      ) : (
        <table className="table process-table">
          <thead>
            <tr>
              <th>Process</th>
              <th className="num">Count</th>
              <th className="num">Cores</th>
              <th className="num">Memory</th>
              <th className="share"><span className="sr-only">Compared with the largest</span></th>
            </tr>
          </thead>
          <tbody>
            {top.map((group) => (
              <tr key={group.name}>
                <td><code>{group.name}</code></td>
                <td className="num">{group.count === null ? '–' : grouped(group.count)}</td>
                <td className="num">{group.cpu === null ? '–' : group.cpu.toFixed(2)}</td>
                <td className="num">{formatValue(group.memory, 'bytes')}</td>
                <td className="share"><Meter share={largest > 0 ? (group[by] ?? 0) / largest : 0} label={`${group.name} compared with the largest`} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
