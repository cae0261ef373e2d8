// Keys and requests of the shared queries, without React: the start of the page asks with them before React is there.

import { alignRange, chooseStep } from '../lib/step';
import type { ResolvedRange } from '../lib/timerange';
import type { Answer } from './client';
import { queryInstant, queryRange, type InstantResult, type RangeResult } from './query';

/** The grid of a range query: aligned to its step, so that refreshes ask for the same instants. */
export interface Grid extends ResolvedRange {
  step: number;
}

export function gridOf(resolved: ResolvedRange, points: number, minStep: number): Grid {
  const step = chooseStep(resolved.end - resolved.start, points, minStep);
  return { ...alignRange(resolved.start, resolved.end, step), step };
}

export interface Ranged extends RangeResult {
  /** The grid this answer was asked on; while a refresh runs it is the previous one. */
  grid: Grid;
}

export interface Asked<T> {
  key: readonly unknown[];
  request(signal?: AbortSignal): Promise<Answer<T>>;
}

export function rangeOf(expr: string, grid: Grid): Asked<Ranged> {
  return {
    key: ['query_range', expr, grid.start, grid.end, grid.step],
    request: async (signal) => {
      const answer = await queryRange({ expr, ...grid }, signal);
      return { ...answer, data: { ...answer.data, grid } };
    },
  };
}

export function instantOf(expr: string, time: number): Asked<InstantResult> {
  return { key: ['query', expr, time], request: (signal) => queryInstant(expr, time, signal) };
}
