// /api/v1/query and /api/v1/query_range.

import { apiPost, type Answer } from './client';
import type { Labels } from '../lib/series';

export type Sample = [time: number, value: string];

/** A native histogram as the API prints it; shown as its count and sum. */
export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [boundary: number, low: string, high: string, count: string][];
}

export interface RangeSeries {
  metric: Labels;
  values: Sample[];
  histograms?: [number, HistogramValue][];
}

export interface InstantSeries {
  metric: Labels;
  value?: Sample;
  histogram?: [number, HistogramValue];
}

/** The `stats` object of `stats=all`. Times in seconds. */
export interface QueryStats {
  timings?: Partial<Record<
    'evalTotalTime' | 'resultSortTime' | 'queryPreparationTime' | 'innerEvalTime' | 'execQueueTime' | 'execTotalTime', number
  >>;
  samples?: { totalQueryableSamples?: number; peakSamples?: number };
}

export interface RangeResult {
  resultType: 'matrix';
  result: RangeSeries[];
  stats?: QueryStats;
}

export type InstantResult = { stats?: QueryStats } & (
  | { resultType: 'vector'; result: InstantSeries[] }
  | { resultType: 'matrix'; result: RangeSeries[] }
  | { resultType: 'scalar' | 'string'; result: Sample }
);

export interface RangeRequest {
  expr: string;
  start: number;
  end: number;
  step: number;
  stats?: boolean;
}

export function queryRange(request: RangeRequest, signal?: AbortSignal): Promise<Answer<RangeResult>> {
  const { expr, start, end, step, stats } = request;
  return apiPost('/api/v1/query_range', { query: expr, start, end, step, stats: stats ? 'all' : undefined }, signal);
}

/** An instant query; `time` in Unix seconds, the server's now when absent. */
export function queryInstant(
  expr: string, time: number | undefined, signal?: AbortSignal, options: { stats?: boolean; limit?: number } = {},
): Promise<Answer<InstantResult>> {
  return apiPost('/api/v1/query', { query: expr, time, stats: options.stats ? 'all' : undefined, limit: options.limit }, signal);
}

/** The series of an instant vector; empty for every other type. */
export function vectorOf(result: InstantResult | undefined): InstantSeries[] {
  return result?.resultType === 'vector' ? result.result : [];
}
