// How good the alerts are: shares of budgets, and the order of the noisiest.

import type { RuleQuality, TeamBudget } from '../api/alerts';

export type Tone = 'plain' | 'warn' | 'bad';

export interface Spent {
  /** Of the limit; 0 when there is none. May pass 1. */
  share: number;
  tone: Tone;
  word: string;
}

/** How much of a limit is spent; 0 stands for no limit. */
export function spentOf(used: number, limit: number): Spent {
  if (limit <= 0) return { share: 0, tone: 'plain', word: 'no limit' };
  const share = used / limit;
  if (share >= 1) return { share, tone: 'bad', word: used > limit ? 'over' : 'spent' };
  if (share >= 0.8) return { share, tone: 'warn', word: 'nearly spent' };
  return { share, tone: 'plain', word: '' };
}

/** The teams that are disturbed most come first. */
export function byNeed(a: TeamBudget, b: TeamBudget): number {
  const worst = ({ hour, hourLimit, day, dayLimit }: TeamBudget) => Math.max(spentOf(hour, hourLimit).share, spentOf(day, dayLimit).share);
  return worst(b) - worst(a) || b.day - a.day || a.team.localeCompare(b.team);
}

/** Of the judged, how many were false; null before any was judged. */
export function falseShare({ judged, falsePositives }: Pick<RuleQuality, 'judged' | 'falsePositives'>): number | null {
  return judged > 0 ? falsePositives / judged : null;
}

export const RULE_COLUMNS = ['name', 'severity', 'team', 'episodes', 'notifications', 'falsePositives', 'flaps', 'acknowledged', 'acknowledgeSeconds', 'resolveSeconds'] as const;
export type RuleColumn = (typeof RULE_COLUMNS)[number];

export interface Order {
  column: RuleColumn;
  descending: boolean;
}

/** `-episodes` in an address is descending; what is none is the noisiest first. */
export function readOrder(text: string | null): Order {
  const descending = text === null || text.startsWith('-');
  const name = text === null ? 'notifications' : text.replace(/^-/, '');
  const column = RULE_COLUMNS.find((one) => one === name);
  return column === undefined ? { column: 'notifications', descending: true } : { column, descending };
}

export function writeOrder({ column, descending }: Order): string {
  return `${descending ? '-' : ''}${column}`;
}

function valueOf(rule: RuleQuality, column: RuleColumn): string | number | null {
  return column === 'falsePositives' ? falseShare(rule) : rule[column];
}

/** What has no value comes last, whichever way it is sorted. */
export function sortRules(rules: readonly RuleQuality[], { column, descending }: Order): RuleQuality[] {
  const sign = descending ? -1 : 1;
  return [...rules].sort((a, b) => {
    const [left, right] = [valueOf(a, column), valueOf(b, column)];
    if (left === null || right === null) return left === right ? a.name.localeCompare(b.name) : left === null ? 1 : -1;
    const order = typeof left === 'string' || typeof right === 'string' ? String(left).localeCompare(String(right)) : left - right;
    return order * sign || a.name.localeCompare(b.name);
  });
}
