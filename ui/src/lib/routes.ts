// The tree of routes, as a list with depths, and labels as people type them to try it.

import type { Route } from '../api/routing';
import { parseMatcher } from './matchers';
import type { Labels } from './series';

export interface FlatRoute {
  route: Route;
  depth: number;
  /** Ids from the root down to this one's parent. */
  path: string[];
}

export function flatRoutes(root: Route): FlatRoute[] {
  const out: FlatRoute[] = [];
  const walk = (route: Route, depth: number, path: string[]) => {
    out.push({ route, depth, path });
    for (const child of route.routes) walk(child, depth + 1, [...path, route.id]);
  };
  walk(root, 0, []);
  return out;
}

/** The routes that lead to those given, themselves not among them. */
export function ancestorsOf(flat: readonly FlatRoute[], ids: ReadonlySet<string>): Set<string> {
  return new Set(flat.filter(({ route }) => ids.has(route.id)).flatMap(({ path }) => path));
}

/**
 * Reads `alertname=Down severity="critical", {team="db"}` or a JSON object into labels. What is wrong is said as text.
 */
export function parseLabels(text: string): Labels | string {
  const source = text.trim();
  if (source === '') return 'Write labels, for example: alertname="TargetDown" severity="critical"';
  if (source.startsWith('{') && source.includes(':') && !/^\{\s*[\w"]+\s*=/.test(source)) return fromJson(source);
  const out: Record<string, string> = {};
  const pieces = source.match(/("(?:[^"\\]|\\.)*"|[^\s,{}"=!~]+)\s*[=!~]{1,2}\s*("(?:[^"\\]|\\.)*"|[^\s,{}"]*)|[^\s,{}]+/g) ?? [];
  for (const piece of pieces) {
    const matcher = parseMatcher(piece);
    if (matcher === null) return `${piece} is no label: write name="value"`;
    if (matcher.op !== '=') return `${piece}: an alert has values, not conditions; write ${matcher.name}="value"`;
    out[matcher.name] = matcher.value;
  }
  return Object.keys(out).length === 0 ? 'Write at least one label' : out;
}

function fromJson(text: string): Labels | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'Not an object of labels';
    const entries = Object.entries(value);
    const wrong = entries.find(([, one]) => typeof one !== 'string');
    return wrong === undefined ? Object.fromEntries(entries.map(([name, one]) => [name, String(one)])) : `The value of ${wrong[0]} is no text`;
  } catch {
    return 'Not readable as JSON';
  }
}

export function printLabels(labels: Labels): string {
  return Object.keys(labels).sort().map((name) => `${name}=${JSON.stringify(labels[name])}`).join(' ');
}
