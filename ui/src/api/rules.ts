// /api/v1/rules and what this server says of rules that are not there yet.

import { apiGet, apiSend, type Answer } from './client';
import type { Labels } from '../lib/series';

export interface RuleAlert {
  labels: Labels;
  annotations: Labels;
  state: 'inactive' | 'pending' | 'firing';
  activeAt: string;
  keepFiringSince?: string;
  value: string;
}

interface RuleBase {
  name: string;
  query: string;
  labels: Labels;
  health: 'ok' | 'err' | 'unknown';
  lastError?: string;
  /** Seconds. */
  evaluationTime: number;
  lastEvaluation: string;
  /** Series or alerts of the last evaluation. */
  series: number;
  /** Samples that the last evaluation looked at. */
  samples: number;
  line: number;
  /** What the linter says. */
  findings?: string[];
}

export interface AlertingRule extends RuleBase {
  type: 'alerting';
  state: 'unknown' | 'inactive' | 'pending' | 'firing';
  /** Seconds. */
  duration: number;
  /** Seconds. */
  keepFiringFor: number;
  annotations: Labels;
  alerts: RuleAlert[] | null;
}

export interface RecordingRule extends RuleBase {
  type: 'recording';
}

export type Rule = AlertingRule | RecordingRule;

export interface RuleGroup {
  name: string;
  file: string;
  rules: Rule[];
  /** Seconds. */
  interval: number;
  limit: number;
  /** Seconds. */
  evaluationTime: number;
  lastEvaluation: string;
  /** Seconds. */
  queryOffset: number;
  iterations: number;
  missedIterations: number;
}

export function ruleGroups(signal?: AbortSignal): Promise<Answer<{ groups: RuleGroup[] }>> {
  return apiGet('/api/v1/rules', {}, signal);
}

export interface Finding {
  line: number;
  text: string;
}

/** `rules` is the text of a rule file. */
export function lintRules(rules: string): Promise<Answer<{ findings: Finding[] }>> {
  return apiSend('POST', '/api/binnacle/v1/rules/lint', rules);
}

export interface ReplayedAlert {
  rule: string;
  labels: Labels;
  pendingAt: string;
  firingAt: string | null;
  endedAt: string | null;
  valueMax: number;
  summary: string;
}

export interface Replay {
  start: string;
  end: string;
  alerts: ReplayedAlert[];
  firings: { rule: string; firings: number; perDay: number }[];
  recorded: { rule: string; series: number; samples: number }[];
  steps: number;
  seconds: number;
  errors: { rule: string; error: string }[];
}

export interface ReplayRequest {
  rules: string;
  start?: string;
  end?: string;
  step?: string;
  group?: string;
  rule?: string;
}

export function replayRules(request: ReplayRequest): Promise<Answer<Replay>> {
  return apiSend('POST', '/api/binnacle/v1/rules/replay', request);
}
