// Which machine Home shows. Any node_exporter's series will do; Binnacle's own collector uses the same names.

import type { InstantSeries } from '../../api/query';
import { quote } from '../../lib/series';
import type { ResolvedRange } from '../../lib/timerange';

/**
 * One query for everything that must be known before the charts: the hosts, their boot times, and when their
 * data began (at most an hour back).
 */
export const HOSTS_EXPR =
  'node_uname_info or node_boot_time_seconds' +
  ' or label_replace(min_over_time(timestamp(node_boot_time_seconds)[1h:10s]), "what", "first_sample", "", "")';

export interface Host {
  job: string;
  instance: string;
  /** Label matchers that select this host's series. */
  matchers: string;
  /** Matches the same machine under another port: process-exporter and its like. */
  sameMachine: string;
  name: string;
  system: string;
  bootTime: number | null;
  /** Earliest sample within the last hour, Unix seconds. */
  firstSample: number | null;
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function hostKey({ job, instance }: Pick<Host, 'job' | 'instance'>): string {
  return `${job}/${instance}`;
}

/** The hosts in an answer to HOSTS_EXPR; Binnacle's own first, then by name. */
export function hostsOf(series: readonly InstantSeries[]): Host[] {
  const hosts = new Map<string, Host>();
  for (const { metric, value } of series) {
    const { job = '', instance = '' } = metric;
    const key = hostKey({ job, instance });
    let host = hosts.get(key);
    if (host === undefined) {
      const machine = instance.replace(/:\d+$/, '');
      host = {
        job, instance,
        matchers: `job=${quote(job)},instance=${quote(instance)}`,
        sameMachine: `instance=~${quote(`${escapeRegex(machine)}(:[0-9]+)?`)}`,
        name: instance, system: '', bootTime: null, firstSample: null,
      };
      hosts.set(key, host);
    }
    const number = Number(value?.[1]);
    if (metric['what'] === 'first_sample') host.firstSample = number;
    else if (metric['__name__'] === 'node_boot_time_seconds') host.bootTime = number;
    else if (metric['__name__'] === 'node_uname_info') {
      host.name = metric['nodename'] ?? instance;
      host.system = [metric['sysname'], metric['release'], metric['machine']].filter(Boolean).join(' ');
    }
  }
  const rank = ({ job }: Host) => (job === 'host' ? 0 : 1);
  return [...hosts.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.instance.localeCompare(b.instance));
}

/** The host named in the URL, or the first. */
export function chooseHost(hosts: readonly Host[], wanted: string | null): Host | undefined {
  return hosts.find((host) => hostKey(host) === wanted) ?? hosts[0];
}

const YOUNG_SPANS = [300, 900, 1800];

/**
 * The part of the range worth drawing. On a server that has run for two minutes an hour-wide chart is empty:
 * unless the range was asked for in the URL, show the shortest window that holds all data.
 */
export function worthwhileRange(resolved: ResolvedRange, firstSample: number | null, explicit: boolean): ResolvedRange {
  if (explicit || firstSample === null) return resolved;
  const age = resolved.end - firstSample;
  const span = YOUNG_SPANS.find((one) => one >= age);
  if (span === undefined || span >= resolved.end - resolved.start) return resolved;
  return { start: resolved.end - span, end: resolved.end };
}
