// Facts of the API as people read them.

import type { Flat } from '../../api/status';
import { humanDuration } from '../../lib/duration';
import { formatTime, type Zone } from '../../lib/timerange';
import { formatValue } from '../../lib/units';

export const RUNTIME_NAMES: Readonly<Record<string, string>> = {
  CWD: 'Working directory', GOMAXPROCS: 'Processors', GOMEMLIMIT: 'Memory limit', GOGC: 'Collector target', GODEBUG: 'Debug switches',
  reloadConfigSuccess: 'Last reload succeeded', lastConfigTime: 'Configuration loaded', storageRetention: 'Retention', corruptionCount: 'Corruptions found',
  goroutineCount: 'Tasks', startTime: 'Started', residentBytes: 'Memory in use', storageBytes: 'On disk',
};

export const BUILD_NAMES: Readonly<Record<string, string>> = { applicationVersion: 'Version', version: 'Prometheus API', rustcVersion: 'Compiler' };

/** Facts that only a program in Go has; Binnacle fills them in for clients that expect them. */
const OF_GO = new Set(['goroutineCount', 'GOMEMLIMIT', 'GOGC', 'GODEBUG']);

/** Times in the page's zone, with their age; yes and no for truth values; bytes with a unit. */
export function runtimeFacts(facts: Flat | undefined, zone: Zone, nowMs: number): Flat | undefined {
  if (facts === undefined) return undefined;
  const isOurs = 'residentBytes' in facts;
  return Object.fromEntries(
    Object.entries(facts).filter(([name]) => !isOurs || !OF_GO.has(name)).map(([name, value]) => {
      const at = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) / 1000 : NaN;
      if (!Number.isNaN(at)) return [name, `${formatTime(at, zone, true)} (${humanDuration(Math.max(nowMs / 1000 - at, 0))} ago)`];
      if (name.endsWith('Bytes') && typeof value === 'number') return [name, formatValue(value, 'bytes')];
      return [name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : value];
    }),
  );
}

/** What is known of the build, the program's own version first. */
export function buildFacts(facts: Flat | undefined): Flat | undefined {
  if (facts === undefined) return undefined;
  const known = Object.entries(facts).filter(([, value]) => value !== '');
  const own = known.filter(([name]) => name === 'application' || name === 'applicationVersion');
  return Object.fromEntries([...own, ...known]);
}

/** How the build's facts are called: without a version of its own, the API's is the program's. */
export function buildNames(facts: Flat | undefined): Readonly<Record<string, string>> {
  return facts !== undefined && 'applicationVersion' in facts ? BUILD_NAMES : {};
}
