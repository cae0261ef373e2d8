import { expect, test } from 'vitest';
import type { ActiveTarget } from '../api/targets';
import { poolsOf, scrapeAdvice } from './targets';

const target = (scrapePool: string, instance: string, health: ActiveTarget['health'], lastError = ''): ActiveTarget => ({
  scrapePool, health, lastError, labels: { job: scrapePool, instance }, discoveredLabels: {}, scrapeUrl: `http://${instance}/metrics`,
  globalUrl: '', lastScrape: '2026-11-20T12:00:00Z', lastScrapeDuration: 0.01,
});
const all = [target('web', 'b:1', 'up'), target('web', 'a:1', 'up'), target('web', 'c:1', 'down', 'connection refused'), target('db', 'd:1', 'unknown')];
const any = { health: 'all', pool: '', text: '' } as const;

test('pools by name, failing targets first, empty pools too', () => {
  const pools = poolsOf(all, ['empty', 'web'], any);
  expect(pools.map(({ name, up, down, unknown }) => [name, up, down, unknown])).toEqual([['db', 0, 0, 1], ['empty', 0, 0, 0], ['web', 2, 1, 0]]);
  expect(pools[2]?.targets.map(({ labels }) => labels['instance'])).toEqual(['c:1', 'a:1', 'b:1']);
});

test('filters keep the counts of the whole pool', () => {
  const [web, ...others] = poolsOf(all, [], { ...any, text: 'REFUSED web' });
  expect(others).toEqual([]);
  expect(web?.targets).toHaveLength(1);
  expect(web?.up).toBe(2);
  expect(poolsOf(all, [], { ...any, health: 'unknown' }).map(({ name }) => name)).toEqual(['db']);
  expect(poolsOf(all, [], { ...any, pool: 'db' })).toHaveLength(1);
});

test.each([
  ['dial tcp 127.0.0.1:1: connect: connection refused', /running/],
  ['context deadline exceeded', /scrape_timeout/],
  ['server returned HTTP status 403 Forbidden', /credentials/],
  ['server returned HTTP status 404 Not Found', /metrics_path/],
  ['x509: certificate signed by unknown authority', /ca_file/],
  ['sample_limit exceeded', /limit/],
])('%s', (error, want) => expect(scrapeAdvice(error)).toMatch(want));
