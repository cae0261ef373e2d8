// Alerts: those that fire, what people do about them, and what has been.

import { apiGet, apiSend, type Answer } from './client';
import type { Labels } from '../lib/series';

export interface Acknowledgement {
  by: string;
  at: string;
  comment: string;
  /** Quiet until then; null: until the alert ends. */
  until: string | null;
  via: string;
}

export interface Alert {
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  fingerprint: string;
  generatorURL?: string;
  receivers: { name: string }[];
  status: { state: 'unprocessed' | 'active' | 'suppressed'; silencedBy: string[]; inhibitedBy: string[]; mutedBy: string[] };
  acknowledged: Acknowledgement | null;
  assignedTo: string | null;
}

export interface AlertGroup {
  key: string;
  labels: Labels;
  routeLabels: Labels;
  receiver: string;
  nextFlush: string | null;
  alerts: Alert[];
}

const OWN = '/api/binnacle/v1/alerts';

export function alerts(signal?: AbortSignal): Promise<Answer<{ alerts: Alert[] }>> {
  return apiGet(OWN, {}, signal);
}

export function alertGroups(signal?: AbortSignal): Promise<Answer<{ groups: AlertGroup[] }>> {
  return apiGet(`${OWN}/groups`, {}, signal);
}

export function acknowledge(fingerprint: string, body: { by: string; comment?: string; forSeconds?: number; via?: string }): Promise<unknown> {
  return apiSend('PUT', `${OWN}/${fingerprint}/acknowledgement`, { via: 'ui', ...body });
}

export function unacknowledge(fingerprint: string, by: string): Promise<unknown> {
  return apiSend('DELETE', `${OWN}/${fingerprint}/acknowledgement?by=${encodeURIComponent(by)}`);
}

export function assign(fingerprint: string, to: string | null, by: string): Promise<unknown> {
  return apiSend('PUT', `${OWN}/${fingerprint}/assignee`, { to, by });
}

export type Judgement = 'useful' | 'falsePositive';

/** One firing of one alert. */
export interface Episode {
  id: string;
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  generatorURL: string;
  startedAt: string;
  receivedAt: string;
  resolvedAt: string | null;
  notifiedAt: string | null;
  acknowledged: Acknowledgement | null;
  assignedTo: string | null;
  judgement: Judgement | null;
}

export interface HistoryQuery {
  from?: string;
  to?: string;
  filter?: string[];
  fingerprint?: string;
  text?: string;
  limit?: number;
  before?: string;
}

export function history(query: HistoryQuery, signal?: AbortSignal): Promise<Answer<{ episodes: Episode[] }>> {
  return apiGet(`${OWN}/history`, { ...query }, signal);
}

export function judge(episode: string, judgement: Judgement | null, by: string): Promise<unknown> {
  return apiSend('PUT', `${OWN}/history/${episode}/judgement`, { judgement, by });
}

export interface Notification {
  id: string;
  at: string;
  receiver: string;
  integration: string;
  index: number;
  groupKey: string;
  groupLabels: Labels;
  reason: string;
  /** Fingerprints. */
  firing: string[];
  /** Fingerprints. */
  resolved: string[];
  title: string;
  text: string;
  outcome: 'delivered' | 'failed' | 'held';
  /** Why it failed or was held. */
  detail: string;
  attempts: number;
  durationSeconds: number;
  test: boolean;
}

export interface NotificationQuery {
  from?: string;
  to?: string;
  fingerprint?: string;
  receiver?: string;
  failed?: boolean;
  text?: string;
  limit?: number;
  before?: string;
}

export function notifications(query: NotificationQuery, signal?: AbortSignal): Promise<Answer<{ notifications: Notification[] }>> {
  return apiGet(`${OWN}/notifications`, { ...query }, signal);
}

export interface TeamBudget {
  /** Empty: alerts without a team. */
  team: string;
  hour: number;
  day: number;
  /** 0: no limit. */
  hourLimit: number;
  /** 0: no limit. */
  dayLimit: number;
  /** Waiting for the next digest. */
  held: number;
  exempt: number;
}

export function budgets(signal?: AbortSignal): Promise<Answer<{ teams: TeamBudget[] }>> {
  return apiGet(`${OWN}/budgets`, {}, signal);
}

export interface RuleQuality {
  name: string;
  severity: string;
  team: string;
  episodes: number;
  notifications: number;
  judged: number;
  falsePositives: number;
  acknowledged: number;
  flaps: number;
  acknowledgeSeconds: number | null;
  resolveSeconds: number | null;
}

export interface Quality {
  from: string;
  to: string;
  rules: RuleQuality[];
  falsePositiveRatio: number | null;
  detectSeconds: number | null;
  acknowledgeSeconds: number | null;
  resolveSeconds: number | null;
}

export function quality(query: { from?: string; to?: string }, signal?: AbortSignal): Promise<Answer<Quality>> {
  return apiGet(`${OWN}/quality`, { ...query }, signal);
}
