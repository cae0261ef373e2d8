// One door to the server. Answers come in Prometheus' envelope; everything that is not a success becomes an ApiError.

export class ApiError extends Error {
  constructor(
    /** HTTP status, or 0 when the server was not reached. */
    readonly status: number,
    /** Prometheus' errorType (`bad_data`, `execution`, `timeout`, `canceled`, …), `unreachable` or `unexpected`. */
    readonly kind: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The server does not have this endpoint (yet). */
  get missing(): boolean {
    return this.status === 404 && this.kind === 'unexpected';
  }
}

interface Envelope<T> {
  status: 'success' | 'error';
  data?: T;
  errorType?: string;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

export interface Answer<T> {
  data: T;
  warnings: string[];
  infos: string[];
  /** From the request to the parsed answer, milliseconds. */
  tookMs: number;
  bytes: number;
}

export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export function encodeParams(params: Params): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const item of value) out.append(name, item);
    else out.append(name, String(value));
  }
  return out;
}

async function read(path: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } });
    return { response, text: await response.text() };
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.');
  }
}

function parseEnvelope<T>(response: Response, text: string, path: string): Envelope<T> {
  try {
    const body = JSON.parse(text) as Envelope<T>;
    if (body.status === 'success' || body.status === 'error') return body;
  } catch {
    // Not JSON: a proxy's page or a plain-text error; described below.
  }
  if (response.status === 502 || response.status === 504) {
    throw new ApiError(0, 'unreachable', 'The server cannot be reached through its proxy.');
  }
  const excerpt = text.trim().slice(0, 200);
  throw new ApiError(response.status, 'unexpected', `${path} answered ${response.status}${excerpt ? `: ${excerpt}` : ''}`);
}

async function request<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  const began = performance.now();
  const { response, text } = await read(path, init);
  const body = parseEnvelope<T>(response, text, path.split('?')[0] ?? path);
  if (body.status === 'error') {
    throw new ApiError(response.status, body.errorType ?? 'unexpected', body.error ?? 'The server gave no reason.');
  }
  return {
    data: body.data as T,
    warnings: body.warnings ?? [],
    infos: body.infos ?? [],
    tookMs: performance.now() - began,
    bytes: text.length,
  };
}

function withParams(path: string, params: Params): string {
  const query = encodeParams(params).toString();
  return query === '' ? path : `${path}?${query}`;
}

export function apiGet<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
  return request<T>(withParams(path, params), signal ? { signal } : {});
}

/** Queries go by form, so that their length is not limited by the URL. */
export function apiPost<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
  return request<T>(path, { method: 'POST', body: encodeParams(params), ...(signal ? { signal } : {}) });
}

export function apiDelete<T>(path: string): Promise<Answer<T>> {
  return request<T>(path, { method: 'DELETE' });
}

/** Sends JSON, or a text as it is. Nothing comes back where the server answers 204. */
export async function apiSend<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer<T>> {
  const began = performance.now();
  const { response, text } = await read(path, withBody(method, body));
  if (response.status === 204) return { data: undefined as T, warnings: [], infos: [], tookMs: performance.now() - began, bytes: 0 };
  const answer = parseEnvelope<T>(response, text, path.split('?')[0] ?? path);
  if (answer.status === 'error') throw new ApiError(response.status, answer.errorType ?? 'unexpected', answer.error ?? 'The server gave no reason.');
  return { data: answer.data as T, warnings: answer.warnings ?? [], infos: answer.infos ?? [], tookMs: performance.now() - began, bytes: text.length };
}

/** Alertmanager's API: JSON without an envelope, and errors that are a JSON string. */
export async function apiPlain<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const { response, text } = await read(path, { ...withBody(method, body), ...(signal ? { signal } : {}) });
  if (!response.ok) throw new ApiError(response.status, response.status === 404 ? 'not_found' : 'bad_data', plainError(text) || `${path} answered ${response.status}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

function plainError(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text.slice(0, 200);
  } catch {
    return text.trim().slice(0, 200);
  }
}

function withBody(method: string, body: unknown): RequestInit {
  if (body === undefined) return { method };
  const isText = typeof body === 'string';
  return { method, body: isText ? body : JSON.stringify(body), headers: { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' } };
}

/** JSON outside the envelope (`/health/ready`), whatever its status. */
export async function rawJson<T>(path: string, signal?: AbortSignal): Promise<{ status: number; body: T }> {
  const { response, text } = await read(path, signal ? { signal } : {});
  try {
    return { status: response.status, body: JSON.parse(text) as T };
  } catch {
    throw new ApiError(response.status, 'unexpected', `${path} answered ${response.status}: ${text.trim().slice(0, 200)}`);
  }
}
