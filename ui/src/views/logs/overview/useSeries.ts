// A metric query over the range as columns for a chart.

import { useMemo } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { queryLogs, queryLogsAt, seriesOf } from '../../../api/logs';
import type { Origin } from '../../../components/Panel';
import { asked, barGrid, type BarGrid } from '../../../lib/logs/grid';
import { toColumns } from '../../../lib/samples';
import type { Labels } from '../../../lib/series';
import type { ResolvedRange } from '../../../lib/timerange';

export interface Column {
  labels: Labels;
  values: (number | null)[];
  total: number;
}

export interface Series {
  /** Starts of the steps. */
  times: number[];
  columns: Column[];
  grid: BarGrid;
  origin: Origin;
  error: unknown;
  pending: boolean;
}

/** `make` writes the query for a step of that many seconds. */
export function useSeries(name: string, make: (step: number) => string, range: ResolvedRange, points: number): Series {
  const grid = barGrid(range, points);
  const expr = make(grid.step);
  const { data, error, isPending } = useQuery({
    queryKey: ['logs-overview', name, expr, grid.start, grid.end],
    queryFn: async ({ signal }) => ({ ...(await queryLogs({ query: expr, ...asked(grid), step: grid.step }, signal)), grid }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  return useMemo(() => {
    const used = data?.grid ?? grid;
    const result = data === undefined ? [] : seriesOf(data.data);
    const { times, values } = toColumns(result, used.start + used.step, used.end, used.step);
    const columns = result.map(({ metric }, at) => ({ labels: metric, values: values[at] ?? [], total: (values[at] ?? []).reduce<number>((sum, value) => sum + (value ?? 0), 0) }));
    return {
      times: times.map((time) => time - used.step),
      columns,
      grid: used,
      origin: { expr, page: '/logs' as const, tookMs: data?.tookMs, series: result.length, step: used.step, warnings: data?.warnings },
      error,
      pending: isPending,
    };
    // The grid is part of the expression's key; a new object each time would draw the charts anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data, error, isPending, expr, grid.start, grid.end]);
}

export interface Totals {
  rows: { labels: Labels; value: number }[] | undefined;
  error: unknown;
}

/** A metric query at the range's end, over all of it. */
export function useTotals(name: string, make: (seconds: number) => string, range: ResolvedRange): Totals {
  const expr = make(Math.max(Math.ceil(range.end - range.start), 1));
  const { data, error } = useQuery({
    queryKey: ['logs-overview', name, expr, range.end],
    queryFn: ({ signal }) => queryLogsAt(expr, range.end, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  return { rows: data?.data.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })), error };
}
