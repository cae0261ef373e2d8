// Disk space per mount, fullest first.

import EmptyState from '../../components/EmptyState';
import Meter from '../../components/Meter';
import Panel from '../../components/Panel';
import { useInstant } from '../../api/hooks';
import { vectorOf } from '../../api/query';
import { formatValue } from '../../lib/units';
import { FILESYSTEMS } from './charts';
import type { Host } from './host';

export interface Mount {
  mountpoint: string;
  device: string;
  size: number;
  avail: number;
  used: number;
}

/** Mounts from the pairs of size and available bytes; a device mounted twice counts once, at its shortest path. */
export function mountsOf(series: ReturnType<typeof vectorOf>): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const { metric, value } of series) {
    const mountpoint = metric['mountpoint'] ?? '';
    const device = metric['device'] ?? '';
    const mount = mounts.get(mountpoint) ?? { mountpoint, device, size: 0, avail: 0, used: 0 };
    const bytes = Number(value?.[1] ?? 0);
    if (metric['__name__'] === 'node_filesystem_size_bytes') mount.size = bytes;
    else mount.avail = bytes;
    mounts.set(mountpoint, mount);
  }
  const byDevice = new Map<string, Mount>();
  for (const mount of mounts.values()) {
    if (!(mount.size > 0)) continue;
    mount.used = 1 - mount.avail / mount.size;
    const other = byDevice.get(mount.device);
    if (other === undefined || mount.mountpoint.length < other.mountpoint.length) byDevice.set(mount.device, mount);
  }
  return [...byDevice.values()].sort((a, b) => b.used - a.used);
}

export function fullness(used: number): { tone: 'ok' | 'warn' | 'bad'; word: string } {
  if (used >= 0.9) return { tone: 'bad', word: 'nearly full' };
  if (used >= 0.8) return { tone: 'warn', word: 'filling' };
  return { tone: 'ok', word: '' };
}

export default function DiskPanel({ host }: { host: Host }) {
  const expr = FILESYSTEMS(host.matchers);
  const { data, error } = useInstant(expr);
  const mounts = mountsOf(vectorOf(data?.data));
  return (
    <Panel title="Disk space" note="used, by mount" error={error} pending={data === undefined} origin={{ expr, tookMs: data?.tookMs, series: vectorOf(data?.data).length, warnings: data?.warnings }}>
      {data !== undefined && mounts.length === 0 && <EmptyState compact title="No filesystem">No disk-backed filesystem is reported at this time.</EmptyState>}
      <ul className="mounts">
        {mounts.slice(0, 8).map((mount) => {
          const state = fullness(mount.used);
          return (
            <li key={mount.mountpoint}>
              <div>
                <code title={mount.device}>{mount.mountpoint}</code>
                {state.tone !== 'ok' && <span className={`state state-${state.tone}`}>{state.word}</span>}
                <span className="spacer" />
                <b>{formatValue(mount.used, 'ratio')}</b>
              </div>
              <Meter share={mount.used} label={`${mount.mountpoint} used`} tone={state.tone === 'ok' ? 'plain' : state.tone} />
              <div className="dim">
                {formatValue(mount.avail, 'bytes')} free of {formatValue(mount.size, 'bytes')}
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
