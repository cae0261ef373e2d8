// Groups and rules: filtering, health in one word, cost, and a rule as the text of its file.

import type { Rule, RuleGroup } from '../api/rules';
import { printDuration } from './duration';
import { matchesText } from './targets';
import type { Labels } from './series';

/** In order of how much they want somebody. */
export const RULE_STATES = ['error', 'firing', 'pending', 'finding', 'inactive', 'recording', 'waiting'] as const;
export type RuleState = (typeof RULE_STATES)[number];

export function stateOfRule(rule: Rule): RuleState {
  if (rule.health === 'err') return 'error';
  if (rule.type === 'alerting' && (rule.state === 'firing' || rule.state === 'pending')) return rule.state;
  if (rule.health === 'unknown') return 'waiting';
  return rule.type === 'recording' ? 'recording' : 'inactive';
}

/** Whether a rule passes the choice of the state filter. */
export function isInState(rule: Rule, wanted: string): boolean {
  if (wanted === 'all') return true;
  if (wanted === 'finding') return (rule.findings?.length ?? 0) > 0;
  return stateOfRule(rule) === wanted;
}

export interface ShownGroup extends Omit<RuleGroup, 'rules'> {
  rules: Rule[];
  /** Of all rules of the group. */
  total: number;
  failing: number;
  firing: number;
  samples: number;
  series: number;
  findings: number;
}

export interface ShownFile {
  file: string;
  groups: ShownGroup[];
}

function words(group: RuleGroup, rule: Rule): string[] {
  const pairs = Object.entries(rule.labels).map(([name, value]) => `${name}=${value}`);
  const texts = rule.type === 'alerting' ? Object.values(rule.annotations) : [];
  return [group.name, group.file, rule.name, rule.query, rule.lastError ?? '', ...pairs, ...texts];
}

/** Files in order of name, their groups in the file's order; groups without a rule that passes are left out. */
export function filesOf(groups: readonly RuleGroup[], filter: { text: string; state: string }): ShownFile[] {
  const files = new Map<string, ShownFile>();
  for (const group of groups) {
    const rules = group.rules.filter((rule) => isInState(rule, filter.state) && matchesText(words(group, rule), filter.text));
    if (rules.length === 0) continue;
    const sum = (of: (rule: Rule) => number) => group.rules.reduce((total, rule) => total + of(rule), 0);
    const file = files.get(group.file) ?? { file: group.file, groups: [] };
    files.set(group.file, file);
    file.groups.push({
      ...group,
      rules,
      total: group.rules.length,
      failing: sum(({ health }) => (health === 'err' ? 1 : 0)),
      firing: sum((rule) => (stateOfRule(rule) === 'firing' ? 1 : 0)),
      samples: sum(({ samples }) => samples ?? 0),
      series: sum(({ series }) => series ?? 0),
      findings: sum(({ findings }) => findings?.length ?? 0),
    });
  }
  return [...files.values()].sort((a, b) => a.file.localeCompare(b.file));
}

export type FindingTone = 'info' | 'warning' | 'error';

/** How much a finding of the linter weighs; it begins with its weight as a word. */
export function toneOfFinding(text: string): FindingTone {
  if (/^(info|information)\b/i.test(text)) return 'info';
  return /^(bug|fatal|error)\b/i.test(text) ? 'error' : 'warning';
}

/** A text as YAML on one line: quoted whenever plain could be read as something else. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z_/.][\w ./%()+-]*$/.test(text) && !/\s$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n|\.inf|\.nan)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

function yamlMap(name: string, labels: Labels): string[] {
  const names = Object.keys(labels).sort();
  return names.length === 0 ? [] : [`        ${name}:`, ...names.map((key) => `          ${yamlText(key)}: ${yamlText(labels[key] ?? '')}`)];
}

/** A rule alone in its group, as a rule file. */
export function ruleFileOf(group: RuleGroup, rule: Rule): string {
  const lines = ['groups:', `  - name: ${yamlText(group.name)}`];
  if (group.interval > 0) lines.push(`    interval: ${printDuration(group.interval * 1000)}`);
  lines.push('    rules:', `      - ${rule.type === 'alerting' ? 'alert' : 'record'}: ${yamlText(rule.name)}`);
  if (rule.query.includes('\n')) lines.push('        expr: |', ...rule.query.split('\n').map((line) => `          ${line}`));
  else lines.push(`        expr: ${JSON.stringify(rule.query)}`);
  if (rule.type === 'alerting') {
    if (rule.duration > 0) lines.push(`        for: ${printDuration(rule.duration * 1000)}`);
    if (rule.keepFiringFor > 0) lines.push(`        keep_firing_for: ${printDuration(rule.keepFiringFor * 1000)}`);
  }
  lines.push(...yamlMap('labels', rule.labels));
  if (rule.type === 'alerting') lines.push(...yamlMap('annotations', rule.annotations));
  return `${lines.join('\n')}\n`;
}
