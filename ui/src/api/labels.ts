// /api/v1/labels, /api/v1/label/<name>/values and /api/v1/metadata.

import { apiGet, type Answer } from './client';

interface Scope {
  match?: readonly string[];
  start?: number;
  end?: number;
  limit?: number;
}

function params({ match, start, end, limit }: Scope) {
  return { 'match[]': match, start, end, limit };
}

export function labelNames(scope: Scope, signal?: AbortSignal): Promise<Answer<string[]>> {
  return apiGet('/api/v1/labels', params(scope), signal);
}

export function labelValues(label: string, scope: Scope, signal?: AbortSignal): Promise<Answer<string[]>> {
  return apiGet(`/api/v1/label/${encodeURIComponent(label)}/values`, params(scope), signal);
}

export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

export function metadata(signal?: AbortSignal): Promise<Answer<Record<string, MetricMetadata[]>>> {
  return apiGet('/api/v1/metadata', {}, signal);
}
