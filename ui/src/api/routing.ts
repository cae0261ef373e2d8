// Where alerts go: the tree of routes, receivers, and what would become of a given alert.

import { apiGet, apiSend, type Answer } from './client';
import type { Labels } from '../lib/series';

export interface Route {
  id: string;
  matchers: string[];
  receiver: string;
  groupBy: string[];
  /** Seconds, as the other two. */
  groupWait: number;
  groupInterval: number;
  repeatInterval: number;
  muteTimeIntervals: string[];
  activeTimeIntervals: string[];
  continue: boolean;
  routes: Route[];
}

const OWN = '/api/binnacle/v1/alerts';

export function routes(signal?: AbortSignal): Promise<Answer<{ route: Route }>> {
  return apiGet(`${OWN}/routes`, {}, signal);
}

export interface Explanation {
  routes: {
    route: string;
    receiver: string;
    groupLabels: Labels;
    groupSize: number;
    mutedBy: string[];
    texts: { integration: string; fields: Labels }[];
  }[];
  suppression: { silencedBy: string[]; inhibitedBy: string[]; mutedBy: string[] };
}

export function explain(labels: Labels, annotations: Labels = {}): Promise<Answer<Explanation>> {
  return apiSend('POST', `${OWN}/explain`, { labels, annotations });
}

export interface Receiver {
  name: string;
  labels: Labels;
  integrations: { kind: string; destination: string }[];
}

export function receivers(signal?: AbortSignal): Promise<Answer<{ receivers: Receiver[] }>> {
  return apiGet(`${OWN}/receivers`, {}, signal);
}

export interface TestOutcome {
  receiver: string;
  integration: string;
  index: number;
  /** null: taken. */
  error: string | null;
  /** Templates that failed: field and error. */
  templates: Labels;
  durationSeconds: number;
}

/** Sends a marked test alert; no receivers: to all. */
export function testReceivers(receivers: string[], labels: Labels = {}): Promise<Answer<{ outcomes: TestOutcome[] }>> {
  return apiSend('POST', `${OWN}/test`, { receivers, labels });
}

export interface AlertingStatus {
  /** alertmanager.yml in force, secrets hidden. */
  config: string;
  startedAt: string;
  warnings: string[];
}

export function alertingStatus(signal?: AbortSignal): Promise<Answer<AlertingStatus>> {
  return apiGet(`${OWN}/status`, {}, signal);
}
