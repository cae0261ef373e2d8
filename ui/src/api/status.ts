// /api/v1/status/*, Binnacle's running queries, and /health/ready.

import { apiDelete, apiGet, rawJson, type Answer } from './client';

export interface NameValue {
  name: string;
  value: number;
}

export interface TsdbStatus {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: NameValue[] | null;
  labelValueCountByLabelName: NameValue[] | null;
  memoryInBytesByLabelName: NameValue[] | null;
  seriesCountByLabelValuePair: NameValue[] | null;
}

export function tsdbStatus(limit: number, signal?: AbortSignal): Promise<Answer<TsdbStatus>> {
  return apiGet('/api/v1/status/tsdb', { limit }, signal);
}

export type Flat = Record<string, string | number | boolean>;

export const buildInfo = (signal?: AbortSignal) => apiGet<Flat>('/api/v1/status/buildinfo', {}, signal);
export const runtimeInfo = (signal?: AbortSignal) => apiGet<Flat>('/api/v1/status/runtimeinfo', {}, signal);
export const flags = (signal?: AbortSignal) => apiGet<Record<string, string>>('/api/v1/status/flags', {}, signal);
export const config = (signal?: AbortSignal) => apiGet<{ yaml: string }>('/api/v1/status/config', {}, signal);

export interface WalReplay {
  min: number;
  max: number;
  current: number;
  state?: string;
}

export const walReplay = (signal?: AbortSignal) => apiGet<WalReplay>('/api/v1/status/walreplay', {}, signal);

export interface RunningQuery {
  id: string;
  query: string;
  /** Unix seconds. */
  start: number;
  durationSeconds: number;
  samples: number;
  remote: string;
}

export interface RunningQueries {
  running: RunningQuery[];
  limits?: Record<string, string | number>;
}

export const runningQueries = (signal?: AbortSignal) => apiGet<RunningQueries>('/api/binnacle/v1/queries', {}, signal);
export const killQuery = (id: string) => apiDelete<unknown>(`/api/binnacle/v1/queries/${encodeURIComponent(id)}`);

export interface Component {
  name: string;
  state: string;
  message?: string;
}

export interface Health {
  status: string;
  components: Component[];
}

/** Answers 200 or 503 with the same body. */
export async function health(signal?: AbortSignal): Promise<Health> {
  return (await rawJson<Health>('/health/ready', signal)).body;
}
