// /loki/api/v1/query_range: lines, or series of a metric query.

import type { StreamResult } from '../lib/logs';
import type { Labels } from '../lib/series';
import { ApiError, apiPost, type Answer } from './client';
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

const PATH = '/loki/api/v1/query_range';

/** Loki's errors are plain text, outside the envelope: their text, and whose fault it is by the status. */
export function plainTextError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.kind !== 'unexpected') return error;
  const head = `${PATH} answered ${error.status}: `;
  if (error.status < 400 || error.status === 404 || !error.message.startsWith(head)) return error;
  const kind = error.status === 503 || error.status === 429 ? 'unavailable' : error.status >= 500 ? 'internal' : 'bad_data';
  return new ApiError(error.status, kind, error.message.slice(head.length));
}

export async function queryLogs({ query, start, end, step, limit }: Asked, signal?: AbortSignal): Promise<Answer<LogsResult>> {
  const ns = (seconds: number) => `${Math.round(seconds * 1000)}000000`;
  try {
    return await apiPost<LogsResult>(PATH, { query, start: ns(start), end: ns(end), step, limit, direction: 'backward' }, signal);
  } catch (error) {
    throw plainTextError(error);
  }
}

export function streamsOf({ resultType, result }: LogsResult): StreamResult[] {
  return resultType === 'streams' ? (result as StreamResult[]) : [];
}

export function seriesOf({ resultType, result }: LogsResult): LogSeries[] {
  return resultType === 'matrix' ? (result as LogSeries[]) : [];
}
