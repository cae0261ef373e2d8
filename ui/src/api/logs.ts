// /loki/api/v1: lines, series of metric queries, labels, fields, patterns. Some answers have Prometheus' envelope, some have
// none, and errors are plain text.

import type { Line, StreamResult } from '../lib/logs/lines';
import type { Pattern } from '../lib/logs/patterns';
import type { Labels } from '../lib/series';
import { apiGet, ApiError, encodeParams, type Answer, type Params } from './client';
import type { Sample } from './query';

export interface LogsResult {
  resultType: 'streams' | 'matrix' | 'vector' | 'scalar';
  result: unknown;
  stats?: { summary?: LogsCost };
}

/** What a query cost the server. */
export interface LogsCost {
  totalBytesProcessed?: number;
  totalLinesProcessed?: number;
  execTime?: number;
}

export interface LogSeries {
  metric: Labels;
  values: Sample[];
}

export interface LogSample {
  metric: Labels;
  value: Sample;
}

/** Unix seconds, or nanoseconds as text. */
export type Moment = number | string;

export interface Asked {
  query: string;
  start: Moment;
  end: Moment;
  step?: number;
  limit?: number;
  direction?: 'backward' | 'forward';
}

const BASE = '/loki/api/v1';

/** Answers of the server that are not its errors but somebody else's. */
const NOT_OURS = /^\s*</;

function ns(moment: Moment): string {
  return typeof moment === 'string' ? moment : `${Math.round(moment * 1000)}000000`;
}

/** Loki's errors are plain text: their text, and whose fault it is by the status. */
export function plainTextError(status: number, text: string, path: string): ApiError {
  const message = text.trim();
  if (status === 502 || (status === 504 && NOT_OURS.test(message))) return new ApiError(0, 'unreachable', 'The server cannot be reached through its proxy.');
  if (status < 400 || message === '' || NOT_OURS.test(message)) return new ApiError(status, 'unexpected', `${path} answered ${status}${message === '' ? '' : `: ${message.slice(0, 200)}`}`);
  const kind =
    status === 429 || status === 503 ? 'unavailable'
    : status === 504 ? 'timeout'
    : status === 404 ? 'not_found'
    : status >= 500 ? 'internal'
    : 'bad_data';
  return new ApiError(status, kind, message.slice(0, 2000));
}

async function ask<T>(path: string, params: Params, signal?: AbortSignal, post = false): Promise<Answer<T>> {
  const began = performance.now();
  const body = encodeParams(params);
  let response: Response;
  let text: string;
  try {
    const headers = { accept: 'application/json', 'X-Loki-Response-Encoding-Flags': 'categorize-labels' };
    const init = { headers, ...(signal ? { signal } : {}) };
    // Queries go by form, so that their length is not limited by the URL.
    response = await (post ? fetch(BASE + path, { ...init, method: 'POST', body }) : fetch(`${BASE}${path}?${body.toString()}`, init));
    text = await response.text();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.');
  }
  if (!response.ok) throw plainTextError(response.status, text, BASE + path);
  let data: T & { warnings?: string[] };
  try {
    data = JSON.parse(text) as T & { warnings?: string[] };
  } catch {
    throw plainTextError(response.status, text, BASE + path);
  }
  return { data, warnings: data.warnings ?? [], infos: [], tookMs: performance.now() - began, bytes: text.length };
}

interface Enveloped<T> {
  data?: T;
}

function opened<T>(answer: Answer<Enveloped<T>>, none: T): Answer<T> {
  return { ...answer, data: answer.data.data ?? none };
}

export async function queryLogs({ query, start, end, step = 60, limit = 1, direction = 'backward' }: Asked, signal?: AbortSignal): Promise<Answer<LogsResult>> {
  const answer = await ask<Enveloped<LogsResult>>('/query_range', { query, start: ns(start), end: ns(end), step, limit, direction }, signal, true);
  return opened(answer, { resultType: 'streams', result: [] });
}

/** A metric query at one time. */
export async function queryLogsAt(query: string, at: Moment, signal?: AbortSignal): Promise<Answer<LogSample[]>> {
  const answer = await ask<Enveloped<LogsResult>>('/query', { query, time: ns(at), limit: 1 }, signal, true);
  const { data } = opened(answer, { resultType: 'vector', result: [] });
  return { ...answer, data: data.resultType === 'vector' ? (data.result as LogSample[]) : [] };
}

export function streamsOf({ resultType, result }: LogsResult): StreamResult[] {
  return resultType === 'streams' ? (result as StreamResult[]) : [];
}

export function seriesOf({ resultType, result }: LogsResult): LogSeries[] {
  return resultType === 'matrix' ? (result as LogSeries[]) : [];
}

interface Range {
  start: Moment;
  end: Moment;
}

const span = ({ start, end }: Range) => ({ start: ns(start), end: ns(end) });

export async function labelNames(selector: string, range: Range, signal?: AbortSignal): Promise<string[]> {
  return opened(await ask<Enveloped<string[]>>('/labels', { ...span(range), ...(selector === '' ? {} : { query: selector }) }, signal), []).data;
}

export async function labelValues(name: string, selector: string, range: Range, signal?: AbortSignal): Promise<string[]> {
  return opened(await ask<Enveloped<string[]>>(`/label/${encodeURIComponent(name)}/values`, { ...span(range), ...(selector === '' ? {} : { query: selector }) }, signal), []).data;
}

export interface DetectedLabel {
  label: string;
  cardinality: number;
}

export async function detectedLabels(selector: string, range: Range, signal?: AbortSignal): Promise<DetectedLabel[]> {
  return (await ask<{ detectedLabels?: DetectedLabel[] | null }>('/detected_labels', { ...span(range), query: selector }, signal)).data.detectedLabels ?? [];
}

export interface DetectedField {
  label: string;
  type: string;
  cardinality: number;
  /** None for what came with the line, or what the query's own stages made. */
  parsers: string[] | null;
  jsonPath?: string[];
}

export async function detectedFields(query: string, range: Range, signal?: AbortSignal): Promise<DetectedField[]> {
  return (await ask<{ fields?: DetectedField[] | null }>('/detected_fields', { ...span(range), query, line_limit: 1000 }, signal, true)).data.fields ?? [];
}

export interface FieldValue {
  value: string;
  count: number;
}

/** The most frequent values of a field in the newest lines. */
export async function fieldValues(name: string, query: string, range: Range, limit: number, signal?: AbortSignal): Promise<FieldValue[]> {
  const path = `/detected_field/${encodeURIComponent(name)}/values`;
  const { data } = await ask<{ values?: string[] | null; counts?: number[] | null }>(path, { ...span(range), query, line_limit: 1000, limit }, signal);
  return (data.values ?? []).map((value, at) => ({ value, count: data.counts?.[at] ?? 0 }));
}

export async function patterns(query: string, range: Range, step: number, signal?: AbortSignal): Promise<Answer<Pattern[]>> {
  return opened(await ask<Enveloped<Pattern[]>>('/patterns', { ...span(range), query, step }, signal, true), []);
}

/** What the server remembers of a service's patterns, whatever the range. */
export interface KnownPattern {
  service_name: string;
  pattern: string;
  level: string;
  state: 'new' | 'vanished' | 'known';
  /** Unix seconds. */
  firstSeen: number;
  lastSeen: number;
  lines: number;
}

export async function knownPatterns(state: 'new' | 'vanished', signal?: AbortSignal): Promise<KnownPattern[]> {
  return (await apiGet<KnownPattern[]>('/api/binnacle/v1/logs/patterns', { state }, signal)).data;
}

export async function formatLogQuery(query: string): Promise<string> {
  return opened(await ask<Enveloped<string>>('/format_query', { query }, undefined, true), query).data;
}

/** Where a live tail connects; it begins with the newest lines since `start`. */
export function tailUrl(query: string, start: Moment, limit: number): string {
  const { protocol, host } = location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${BASE}/tail?${encodeParams({ query, start: ns(start), limit }).toString()}`;
}

/** A selector of exactly the stream of a line. */
export function streamSelector({ stream }: Line): string {
  return `{${Object.keys(stream).sort().map((name) => `${name}=${JSON.stringify(stream[name] ?? '')}`).join(', ')}}`;
}
