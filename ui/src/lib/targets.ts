// Grouping and filtering of scrape targets.

import type { ActiveTarget, DroppedTarget } from '../api/targets';

export type Health = ActiveTarget['health'];

export interface Pool {
  name: string;
  targets: ActiveTarget[];
  up: number;
  down: number;
  unknown: number;
}

export interface TargetFilter {
  health: Health | 'all';
  pool: string;
  text: string;
}

/** Every word must occur somewhere: in a label, the URL, the pool or the error. */
export function matchesText(haystack: readonly string[], text: string): boolean {
  const joined = haystack.join('\n').toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => joined.includes(word));
}

function words(target: ActiveTarget): string[] {
  const pairs = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  return [target.scrapePool, target.scrapeUrl, target.lastError, ...pairs];
}

export function wordsOfDropped(target: DroppedTarget): string[] {
  return [target.scrapePool ?? '', ...Object.entries(target.discoveredLabels).map(([name, value]) => `${name}=${value}`)];
}

const RANK: Record<Health, number> = { down: 0, unknown: 1, up: 2 };

/** Pools in order of name with the targets that pass; counts are of all targets of the pool. Failing targets come first. */
export function poolsOf(targets: readonly ActiveTarget[], names: readonly string[], filter: TargetFilter): Pool[] {
  const pools = new Map<string, Pool>();
  const open = (name: string): Pool => {
    const pool = pools.get(name) ?? { name, targets: [], up: 0, down: 0, unknown: 0 };
    pools.set(name, pool);
    return pool;
  };
  for (const name of names) open(name);
  for (const target of targets) {
    const pool = open(target.scrapePool);
    pool[target.health] += 1;
    if ((filter.health === 'all' || filter.health === target.health) && matchesText(words(target), filter.text)) pool.targets.push(target);
  }
  const filtering = filter.health !== 'all' || filter.text !== '';
  return [...pools.values()]
    .filter((pool) => (filter.pool === '' || pool.name === filter.pool) && (!filtering || pool.targets.length > 0))
    .map((pool) => ({ ...pool, targets: [...pool.targets].sort((a, b) => RANK[a.health] - RANK[b.health] || a.scrapeUrl.localeCompare(b.scrapeUrl)) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What usually helps against a scrape error. */
export function scrapeAdvice(error: string): string {
  const known: ReadonlyArray<readonly [RegExp, string]> = [
    [/connection refused/i, 'Nothing listens there: is the exporter running, and on this port?'],
    [/no such host|lookup/i, 'The name does not resolve from this machine: check DNS and spelling.'],
    [/deadline exceeded|timeout|timed out/i, 'It did not answer in time: raise scrape_timeout, or see why it is slow.'],
    [/\b40[13]\b/, 'It wants credentials: set authorization, basic_auth or bearer_token_file for this job.'],
    [/\b404\b/, 'Wrong path: set metrics_path for this job.'],
    [/x509|certificate|tls/i, 'TLS failed: set tls_config.ca_file, or scheme: http if it does not speak TLS.'],
    [/sample_limit|label_limit|label_.*_length_limit|body_size_limit|exceeded/i, 'A limit of this job was reached: drop series with metric_relabel_configs, or raise the limit.'],
    [/parse|expected|invalid|unexpected|content.type/i, 'The answer is not the metrics format: check the address and metrics_path.'],
  ];
  return known.find(([pattern]) => pattern.test(error))?.[1] ?? '';
}
