// What the alert pages say of alerts: state in one word, order, sections, counts.

import type { Alert, AlertGroup } from '../api/alerts';
import { passes, type Search } from './matchers';
import type { Labels } from './series';

/** In order of how much they want somebody. */
export const ALERT_STATES = ['firing', 'acknowledged', 'snoozed', 'silenced', 'inhibited', 'muted'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** What suppresses comes before what people said, because it is why nobody is told. */
export function stateOf({ status, acknowledged }: Alert): AlertState {
  if (status.silencedBy.length > 0) return 'silenced';
  if (status.inhibitedBy.length > 0) return 'inhibited';
  if (status.mutedBy.length > 0) return 'muted';
  if (acknowledged !== null) return acknowledged.until === null ? 'acknowledged' : 'snoozed';
  return 'firing';
}

export type Severity = 'critical' | 'warning' | 'info' | 'none';

const SEVERITIES: Readonly<Record<Severity, RegExp>> = {
  critical: /^(critical|crit|page|fatal|emergency|alert|disaster|p0|p1|sev-?[01])$/i,
  warning: /^(warning|warn|error|major|high|ticket|average|p2|sev-?2)$/i,
  info: /^(info|information|informational|notice|minor|low|debug|p3|p4|sev-?[345])$/i,
  none: /^$/,
};

/** Which of three weights a severity's word has; what is unknown weighs as a warning. */
export function weightOf(severity: string): Severity {
  for (const weight of ['critical', 'warning', 'info', 'none'] as const) if (SEVERITIES[weight].test(severity)) return weight;
  return 'warning';
}

const WEIGHTS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2, none: 3 };

export function bySeverity(a: string, b: string): number {
  return WEIGHTS[weightOf(a)] - WEIGHTS[weightOf(b)] || a.localeCompare(b);
}

function before(a: Alert, b: Alert): number {
  return (
    ALERT_STATES.indexOf(stateOf(a)) - ALERT_STATES.indexOf(stateOf(b)) ||
    bySeverity(a.labels['severity'] ?? '', b.labels['severity'] ?? '') ||
    Date.parse(b.startsAt) - Date.parse(a.startsAt) ||
    a.fingerprint.localeCompare(b.fingerprint)
  );
}

export interface AlertFilter {
  search: Search;
  severities: readonly string[];
}

export function isShown(alert: Alert, { search, severities }: AlertFilter): boolean {
  const severity = alert.labels['severity'] ?? '';
  if (severities.length > 0 && !severities.includes(severity)) return false;
  return passes(search, alert.labels, [...Object.values(alert.annotations), ...alert.receivers.map(({ name }) => name)]);
}

export type Grouping = 'group' | 'state' | 'team';

export interface Section {
  key: string;
  title: string;
  /** Shown beside the title, when labels make the section. */
  labels: Labels | null;
  receiver: string | null;
  nextFlush: string | null;
  alerts: Alert[];
}

function section(key: string, title: string, part: Partial<Section> = {}): Section {
  return { key, title, labels: null, receiver: null, nextFlush: null, alerts: [], ...part };
}

function sectionsBy(alerts: readonly Alert[], keyOf: (alert: Alert) => string, titleOf: (key: string) => string): Section[] {
  const found = new Map<string, Section>();
  for (const alert of alerts) {
    const key = keyOf(alert);
    const one = found.get(key) ?? section(key, titleOf(key));
    one.alerts.push(alert);
    found.set(key, one);
  }
  return [...found.values()];
}

/** Sections with their alerts in order of need; sections without alerts are left out. */
export function sectionsOf(grouping: Grouping, alerts: readonly Alert[], groups: readonly AlertGroup[], filter: AlertFilter): Section[] {
  const shown = alerts.filter((alert) => isShown(alert, filter));
  let sections: Section[];
  if (grouping === 'state') {
    sections = sectionsBy(shown, stateOf, (state) => state.charAt(0).toUpperCase() + state.slice(1));
  } else if (grouping === 'team') {
    sections = sectionsBy(shown, ({ labels }) => labels['team'] ?? '', (team) => (team === '' ? 'No team' : team));
  } else {
    sections = groups.map(({ key, receiver, labels, nextFlush, alerts: members }) =>
      section(`${receiver} ${key}`, labels['alertname'] ?? (Object.keys(labels).length === 0 ? 'One group for all' : ''), {
        labels,
        receiver,
        nextFlush,
        alerts: members.filter((alert) => isShown(alert, filter)),
      }));
    const grouped = new Set(groups.flatMap(({ alerts: members }) => members.map(({ fingerprint }) => fingerprint)));
    const others = shown.filter(({ fingerprint }) => !grouped.has(fingerprint));
    if (others.length > 0) sections.push(section('', 'Not in a group yet', { alerts: others }));
  }
  for (const one of sections) one.alerts.sort(before);
  return sections.filter((one) => one.alerts.length > 0).sort(firstAlertFirst);
}

function firstAlertFirst(a: Section, b: Section): number {
  const [left, right] = [a.alerts[0], b.alerts[0]];
  return left === undefined || right === undefined ? 0 : before(left, right);
}

/** How many alerts each severity has, heaviest first. */
export function severityCounts(alerts: readonly Alert[]): [severity: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { labels } of alerts) counts.set(labels['severity'] ?? '', (counts.get(labels['severity'] ?? '') ?? 0) + 1);
  return [...counts].sort(([a], [b]) => bySeverity(a, b));
}

/** What to say of an alert in one line: the first annotation that is meant for it. */
export function summaryOf(annotations: Labels): string {
  return annotations['summary'] ?? annotations['message'] ?? annotations['description'] ?? '';
}

/** A link that may be followed; null for anything that is no web address, such as `javascript:`. */
export function webLink(text: string): string | null {
  return /^https?:\/\/[^\s]+$/i.test(text.trim()) ? text.trim() : null;
}

/** Whether a series may be the one that an alert is about: no label of it says otherwise. */
export function isOfAlert(metric: Labels, alert: Labels): boolean {
  return Object.entries(metric).every(([name, value]) => name === '__name__' || alert[name] === undefined || alert[name] === value);
}
