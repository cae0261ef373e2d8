// /api/v1/parse_query and /api/v1/format_query. The tree has the shape of Prometheus 3.

import { apiPost, type Answer } from './client';

export interface Matcher {
  name: string;
  value: string;
  type: '=' | '!=' | '=~' | '!~';
}

/** `@` and offset; times in milliseconds. */
interface Shift {
  offset: number;
  timestamp: number | null;
  startOrEnd: 'start' | 'end' | null;
}

export interface VectorMatching {
  card: 'one-to-one' | 'one-to-many' | 'many-to-one' | 'many-to-many';
  labels: string[];
  on: boolean;
  include: string[];
}

export type Node =
  | { type: 'aggregation'; op: string; expr: Node; param: Node | null; grouping: string[]; without: boolean }
  | { type: 'binaryExpr'; op: string; lhs: Node; rhs: Node; matching: VectorMatching | null; bool: boolean }
  | { type: 'call'; func: { name: string }; args: Node[] }
  | ({ type: 'matrixSelector'; name: string; matchers: Matcher[]; range: number } & Shift)
  | ({ type: 'subquery'; expr: Node; range: number; step: number } & Shift)
  | ({ type: 'vectorSelector'; name: string; matchers: Matcher[] } & Shift)
  | { type: 'numberLiteral'; val: string }
  | { type: 'stringLiteral'; val: string }
  | { type: 'parenExpr'; expr: Node }
  | { type: 'unaryExpr'; op: string; expr: Node }
  | { type: 'placeholder'; children?: Node[] };

export const parseQuery = (query: string, signal?: AbortSignal): Promise<Answer<Node>> =>
  apiPost('/api/v1/parse_query', { query }, signal);

export const formatQuery = (query: string, signal?: AbortSignal): Promise<Answer<string>> =>
  apiPost('/api/v1/format_query', { query }, signal);
