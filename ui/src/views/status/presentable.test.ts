import { expect, test } from 'vitest';
import { buildFacts, buildNames, runtimeFacts } from './presentable';

test('what only Go has is left out for Binnacle and kept for Prometheus', () => {
  const facts = { goroutineCount: 12, GOGC: '', GOMAXPROCS: 2, reloadConfigSuccess: true };
  expect(runtimeFacts({ ...facts, residentBytes: 70_983_680 }, 'utc', 0)).toEqual({ GOMAXPROCS: 2, reloadConfigSuccess: 'yes', residentBytes: '67.7 MiB' });
  expect(Object.keys(runtimeFacts(facts, 'utc', 0) ?? {})).toEqual(['goroutineCount', 'GOGC', 'GOMAXPROCS', 'reloadConfigSuccess']);
});

test('the own version comes first and empty facts are left out', () => {
  const facts = { version: '3.5.0', branch: '', application: 'Binnacle', applicationVersion: '0.1.0' };
  expect(Object.entries(buildFacts(facts) ?? {})).toEqual([['application', 'Binnacle'], ['applicationVersion', '0.1.0'], ['version', '3.5.0']]);
  expect(buildNames(facts).version).toBe('Prometheus API');
  expect(buildNames({ version: '2.42.0' }).version).toBeUndefined();
});
