// Home's queries, sent while the application's code is still on its way: first the hosts, then everything else at once.

import { askEarly } from '../../api/early';
import { gridOf, instantOf, rangeOf } from '../../api/queries';
import { vectorOf } from '../../api/query';
import { printDuration } from '../../lib/duration';
import { rateWindow } from '../../lib/step';
import { resolveRange, type ResolvedRange } from '../../lib/timerange';
import { readShared } from '../../lib/urlstate';
import { FILESYSTEMS, HOST_CHARTS, OWN_CHART, OWN_MATCHERS, POINTS, PROCESSES, TARGETS } from './charts';
import { chooseHost, HOSTS_EXPR, hostsOf, worthwhileRange, type Host } from './host';

export interface HomeGrid {
  grid: ReturnType<typeof gridOf>;
  /** Window of rates. */
  window: string;
  /** Less than the chosen range is drawn, because the data is young. */
  narrowed: boolean;
}

export function homeGrid(resolved: ResolvedRange, host: Host | undefined, explicit: boolean): HomeGrid {
  const range = worthwhileRange(resolved, host?.firstSample ?? null, explicit);
  const grid = gridOf(range, POINTS, 1);
  return { grid, window: printDuration(rateWindow(grid.step) * 1000), narrowed: range !== resolved };
}

export async function prefetchHome(startMs: number): Promise<void> {
  const params = new URLSearchParams(location.search);
  const { range, explicit } = readShared(params);
  const resolved = resolveRange(range, startMs);
  if (resolved === null) return;
  const ask = <T>(asked: { key: readonly unknown[]; request(): Promise<T> }) => askEarly(asked.key, asked.request);

  const hosts = ask(instantOf(HOSTS_EXPR, resolved.end));
  void ask(instantOf(TARGETS, resolved.end));
  const host = chooseHost(hostsOf(vectorOf((await hosts).data)), params.get('host'));
  const { grid, window } = homeGrid(resolved, host, explicit);
  if (host !== undefined) {
    for (const chart of HOST_CHARTS) void ask(rangeOf(chart.expr(host.matchers, window), grid));
    void ask(instantOf(FILESYSTEMS(host.matchers), resolved.end));
    void ask(instantOf(PROCESSES(host.sameMachine, window), resolved.end));
  }
  void ask(rangeOf(OWN_CHART.expr(OWN_MATCHERS, window), grid));
}
