import { expect, test } from 'vitest';
import { formatTicks, formatValue, guessUnit, type Unit } from './units';

test.each<[number | null, Unit, string]>([
  [null, 'short', '–'],
  [NaN, 'short', 'NaN'],
  [Infinity, 'bytes', '+Inf'],
  [-Infinity, 'bytes', '-Inf'],
  [0, 'bytes', '0 B'],
  [1023, 'bytes', '1023 B'],
  [1024, 'bytes', '1 KiB'],
  [25_233_981_440, 'bytes', '23.5 GiB'],
  [1_048_575, 'bytes', '1 MiB'],
  [1234, 'short', '1.23 K'],
  [999_999, 'short', '1 M'],
  [-1500, 'short', '-1.5 K'],
  [0.00042, 'short', '4.2e-4'],
  [0.1234, 'ratio', '12.3%'],
  [99.95, 'percent', '100%'],
  [0.25, 'seconds', '250 ms'],
  [90, 'seconds', '1m 30s'],
  [1500, 'bitsPerSecond', '1.5 Kb/s'],
  [12, 'bitsPerSecond', '12 b/s'],
  [326.4, 'perSecond', '326/s'],
  [1_234_567, 'none', '1,234,567'],
  [1, 'bool', 'yes'],
  [0, 'timestamp', '1970-01-01 00:00:00Z'],
])('%d as %s', (value, unit, want) => expect(formatValue(value, unit)).toBe(want));

test('neighbouring ticks never read the same', () => {
  expect(formatTicks([22.25, 22.5, 22.75].map((gib) => gib * 2 ** 30), 2 ** 28, 'bytes')).toEqual(['22.25 GiB', '22.5 GiB', '22.75 GiB']);
  expect(formatTicks([0, 0.25, 0.5], 0.25, 'ratio')).toEqual(['0%', '25%', '50%']);
  expect(formatTicks([100_100, 100_200], 100, 'short')).toEqual(['100.1 K', '100.2 K']);
  expect(formatTicks([0, 8 * 2 ** 20], 2 ** 23, 'bytesPerSecond')).toEqual(['0 B/s', '8 MiB/s']);
});

test.each<[string, Unit]>([
  ['up', 'short'],
  ['node_memory_MemAvailable_bytes', 'bytes'],
  ['rate(node_network_receive_bytes_total[5m])', 'bytesPerSecond'],
  ['rate(node_cpu_seconds_total{mode="idle"}[5m])', 'ratio'],
  ['node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', 'ratio'],
  ['histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))', 'seconds'],
  ['rate(http_requests_total[5m])', 'perSecond'],
  ['scrape_duration_seconds', 'seconds'],
  ['node_boot_time_seconds', 'timestamp'],
  ['count by (job) (node_memory_MemTotal_bytes)', 'short'],
  ['node_load1{path="a_bytes"}', 'short'],
  ['rate(a_seconds_sum[5m]) / rate(a_seconds_count[5m])', 'seconds'],
  ['up > bool 0', 'bool'],
])('%s', (expr, want) => expect(guessUnit(expr)).toBe(want));
