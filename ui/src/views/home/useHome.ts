// Home's data: the hosts, then all charts of the chosen one in parallel.

import { useEffect, useMemo, useRef } from 'react';
import { useQueries } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import type { Answer } from '../../api/client';
import { optionsOf, useInstant } from '../../api/hooks';
import { rangeOf, type Ranged } from '../../api/queries';
import { vectorOf } from '../../api/query';
import { useTime } from '../../app/time';
import { draw, HOST_CHARTS, OWN_CHART, OWN_MATCHERS, type Chart, type Drawn } from './charts';
import { chooseHost, HOSTS_EXPR, hostsOf, type Host } from './host';
import { homeGrid, type HomeGrid } from './prefetch';

/** While there is nothing to see yet, look again this often. */
const WAITING_MS = 2000;

export interface HomeHosts {
  hosts: Host[];
  host: Host | undefined;
  choose(key: string): void;
  error: unknown;
  known: boolean;
}

export function useHosts(): HomeHosts {
  const [params, setParams] = useSearchParams();
  const { data, error } = useInstant(HOSTS_EXPR);
  const hosts = useMemo(() => hostsOf(vectorOf(data?.data)), [data]);
  const host = chooseHost(hosts, params.get('host'));
  const choose = (key: string) =>
    setParams(
      (current) => {
        const next = new URLSearchParams(current);
        next.set('host', key);
        return next;
      },
      { replace: true },
    );
  return { hosts, host, choose, error, known: data !== undefined };
}

export function useHomeGrid(host: Host | undefined): HomeGrid {
  const { resolved, explicit } = useTime();
  return useMemo(() => homeGrid(resolved, host, explicit), [resolved, host, explicit]);
}

/** `select` must keep its identity, or every render would compute every chart again. */
const SELECT = new Map<Chart, (answer: Answer<Ranged>) => Drawn>([...HOST_CHARTS, OWN_CHART].map((chart) => [chart, (answer) => draw(chart, answer)]));

export interface ChartState {
  chart: Chart;
  expr: string;
  drawn: Drawn | undefined;
  error: unknown;
}

export function useCharts(charts: readonly Chart[], matchers: string, { grid, window }: HomeGrid): ChartState[] {
  const results = useQueries({
    queries: charts.map((chart) => ({
      ...optionsOf(rangeOf(chart.expr(matchers, window), grid)),
      select: SELECT.get(chart) ?? ((answer: Answer<Ranged>) => draw(chart, answer)),
    })),
  });
  return charts.map((chart, index) => ({
    chart,
    expr: chart.expr(matchers, window),
    drawn: results[index]?.data,
    error: results[index]?.error,
  }));
}

export function useOwnChart(home: HomeGrid): ChartState {
  const [own] = useCharts([OWN_CHART], OWN_MATCHERS, home);
  return own ?? { chart: OWN_CHART, expr: '', drawn: undefined, error: null };
}

/** Refreshes quickly while the first data is awaited; stops by itself after a minute of waiting for rates. */
export function useImpatience(waiting: boolean): void {
  const { refreshNow } = useTime();
  const since = useRef(Date.now());
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => {
      if (!document.hidden && Date.now() - since.current < 60_000) refreshNow();
    }, WAITING_MS);
    return () => clearInterval(timer);
  }, [waiting, refreshNow]);
}
