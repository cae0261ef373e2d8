// The lines of a query over a range, page by page.

import { useMemo } from 'react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { queryLogs, streamsOf, type LogsCost } from '../../api/logs';
import { joinPages, linesOf, nanosAfter, type Line } from '../../lib/logs/lines';
import type { ResolvedRange } from '../../lib/timerange';

export const PAGE_LINES = 500;
/** More in one list helps nobody, and the browser keeps them all. */
export const LINES_MAX = 20_000;

interface Page {
  lines: Line[];
  tookMs: number;
  cost: LogsCost | undefined;
  warnings: string[];
  ended: boolean;
}

export interface LinesState {
  lines: readonly Line[];
  error: unknown;
  pending: boolean;
  /** The first page was given up before it came. */
  stopped: boolean;
  /** What is shown belongs to an older question. */
  old: boolean;
  tookMs: number;
  cost: LogsCost | undefined;
  warnings: readonly string[];
  more: boolean;
  fetchingMore: boolean;
  fetchMore(): void;
}

export function useLines(query: string, range: ResolvedRange, oldest: boolean, enabled: boolean): LinesState {
  const result = useInfiniteQuery({
    queryKey: ['logs-lines', query, range.start, range.end, oldest],
    initialPageParam: '',
    enabled,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      // The border's nanosecond is asked for again: it may hold more lines than the page before had room for.
      const start = oldest && pageParam !== '' ? pageParam : range.start;
      const end = !oldest && pageParam !== '' ? nanosAfter(pageParam) : range.end;
      const answer = await queryLogs({ query, start, end, limit: PAGE_LINES, direction: oldest ? 'forward' : 'backward' }, signal);
      const lines = linesOf(streamsOf(answer.data));
      return { lines, tookMs: answer.tookMs, cost: answer.data.stats?.summary, warnings: answer.warnings, ended: lines.length < PAGE_LINES };
    },
    getNextPageParam: (last, pages) => {
      if (last.ended || pages.length * PAGE_LINES >= LINES_MAX) return undefined;
      const border = (oldest ? last.lines[0] : last.lines.at(-1))?.time;
      const before = pages.at(-2)?.lines;
      // A page that brings nothing but the border again would be asked for without end.
      if (border === undefined || (before !== undefined && (oldest ? before[0] : before.at(-1))?.time === border)) return undefined;
      return border;
    },
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const pages = result.data?.pages;
  const lines = useMemo(() => {
    const all = (pages ?? []).reduce<readonly Line[]>((sum, page) => (sum.length === 0 ? page.lines : joinPages(sum, page.lines)), []);
    return oldest ? [...all].reverse() : all;
  }, [pages, oldest]);
  const first = pages?.[0];
  const { fetchNextPage, isFetchingNextPage } = result;
  return {
    lines,
    error: result.error,
    pending: result.isPending && result.fetchStatus !== 'idle',
    stopped: enabled && result.isPending && result.fetchStatus === 'idle',
    old: result.isPlaceholderData,
    tookMs: first?.tookMs ?? 0,
    cost: first?.cost,
    warnings: first?.warnings ?? [],
    more: result.hasNextPage,
    fetchingMore: isFetchingNextPage,
    fetchMore: () => {
      if (!isFetchingNextPage) void fetchNextPage();
    },
  };
}
