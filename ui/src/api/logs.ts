// /loki/api/v1/query_range: lines, or series of a metric query.

import type { StreamResult } from '../lib/logs';
import type { Labels } from '../lib/series';
import { apiPost, type Answer } from './client';
import type { Sample } from './query';

export interface LogsResult {
  resultType: 'streams' | 'matrix' | 'vector' | 'scalar';
  result: unknown;
}

export interface LogSeries {
  metric: Labels;
  values: Sample[];
}

interface Asked {
  query: string;
  /** Unix seconds. */
  start: number;
  end: number;
  step: number;
  limit: number;
}

export function queryLogs({ query, start, end, step, limit }: Asked, signal?: AbortSignal): Promise<Answer<LogsResult>> {
  const ns = (seconds: number) => `${Math.round(seconds * 1000)}000000`;
  return apiPost<LogsResult>('/loki/api/v1/query_range', { query, start: ns(start), end: ns(end), step, limit, direction: 'backward' }, signal);
}

export function streamsOf({ resultType, result }: LogsResult): StreamResult[] {
  return resultType === 'streams' ? (result as StreamResult[]) : [];
}

export function seriesOf({ resultType, result }: LogsResult): LogSeries[] {
  return resultType === 'matrix' ? (result as LogSeries[]) : [];
}
