import { expect, test } from 'vitest';
import type { InstantSeries } from '../../api/query';
import { draw, HOST_CHARTS, lineOf, totalOf } from './charts';
import { mountsOf } from './DiskPanel';
import { chooseHost, hostsOf, worthwhileRange } from './host';
import { processesOf } from './ProcessPanel';

const one = (metric: Record<string, string>, value: string): InstantSeries => ({ metric, value: [100, value] });

test('hosts: Binnacle’s own first, with name, boot time and first sample', () => {
  const hosts = hostsOf([
    one({ __name__: 'node_uname_info', job: 'node', instance: 'web.1:9100', nodename: 'web1', sysname: 'Linux' }, '1'),
    one({ __name__: 'node_uname_info', job: 'host', instance: 'zeta', nodename: 'zeta' }, '1'),
    one({ __name__: 'node_boot_time_seconds', job: 'node', instance: 'web.1:9100' }, '50'),
    one({ what: 'first_sample', job: 'host', instance: 'zeta' }, '90'),
  ]);
  expect(hosts.map(({ name }) => name)).toEqual(['zeta', 'web1']);
  expect(hosts[1]?.bootTime).toBe(50);
  expect(hosts[0]?.firstSample).toBe(90);
  // process-exporter runs beside node_exporter under another port.
  expect(hosts[1]?.sameMachine).toBe('instance=~"web\\\\.1(:[0-9]+)?"');
  expect(chooseHost(hosts, 'node/web.1:9100')?.name).toBe('web1');
  expect(chooseHost(hosts, 'gone')?.name).toBe('zeta');
  expect(chooseHost([], null)).toBeUndefined();
});

test('a young server is drawn over the time it has', () => {
  const hour = { start: 0, end: 3600 };
  expect(worthwhileRange(hour, 3500, false)).toEqual({ start: 3300, end: 3600 });
  expect(worthwhileRange(hour, 3500, true)).toBe(hour);
  expect(worthwhileRange(hour, 60, false)).toBe(hour);
  expect(worthwhileRange(hour, null, false)).toBe(hour);
});

test('memory: what the kernel would give back is not used', () => {
  const memory = HOST_CHARTS.find(({ id }) => id === 'memory');
  if (memory === undefined) throw new Error('no memory chart');
  const series = (name: string, value: string) => ({ metric: { __name__: `node_memory_${name}_bytes` }, values: [[0, value] as [number, string]] });
  const drawn = draw(memory, {
    data: { resultType: 'matrix', result: [series('MemTotal', '100'), series('MemAvailable', '70'), series('MemFree', '40')], grid: { start: 0, end: 0, step: 1 } },
    warnings: [], infos: [], tookMs: 1, bytes: 1,
  });
  expect(lineOf(drawn, 'used')).toEqual([30]);
  expect(lineOf(drawn, 'reclaimable cache')).toEqual([30]);
  expect(totalOf(drawn)).toEqual([60]);
});

test('mounts: fullest first, a device once', () => {
  const mount = (mountpoint: string, device: string, size: string, avail: string) => [
    one({ __name__: 'node_filesystem_size_bytes', mountpoint, device }, size),
    one({ __name__: 'node_filesystem_avail_bytes', mountpoint, device }, avail),
  ];
  const mounts = mountsOf([...mount('/', 'sda', '100', '50'), ...mount('/var/lib/bind', 'sda', '100', '50'), ...mount('/data', 'sdb', '100', '5'), ...mount('/empty', 'sdc', '0', '0')]);
  expect(mounts.map(({ mountpoint }) => mountpoint)).toEqual(['/data', '/']);
});

test('processes that have ended are left out', () => {
  const groups = processesOf([
    one({ groupname: 'db', what: 'cpu' }, '0.5'), one({ groupname: 'db', what: 'count' }, '2'),
    one({ groupname: 'gone', what: 'cpu' }, '0'), one({ groupname: 'gone', what: 'count' }, '0'),
  ]);
  expect(groups).toEqual([{ name: 'db', cpu: 0.5, memory: null, count: 2 }]);
});
