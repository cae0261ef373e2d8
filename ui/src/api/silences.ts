// Silences: Alertmanager's API, with previews and events of our own.

import { apiGet, apiPlain, apiSend, type Answer } from './client';
import type { Alert } from './alerts';

export interface SilenceMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

/** Days: 0 is Sunday. */
export interface WeeklyWindow {
  days: number[];
  startMinute: number;
  durationMinutes: number;
}

export interface Recurrence {
  windows: WeeklyWindow[];
  timeInterval?: string;
  timeZone: string;
}

export interface NewSilence {
  id?: string;
  matchers: SilenceMatcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  annotations?: Record<string, string>;
  untilResolved?: boolean;
  recurrence?: Recurrence;
}

export interface Silence extends NewSilence {
  id: string;
  status: { state: 'active' | 'pending' | 'expired' };
  updatedAt: string;
}

export function silences(signal?: AbortSignal): Promise<Silence[]> {
  return apiPlain('GET', '/api/v2/silences', undefined, signal);
}

export function saveSilence(silence: NewSilence): Promise<{ silenceID: string }> {
  return apiPlain('POST', '/api/v2/silences', silence);
}

export function expireSilence(id: string, by: string): Promise<unknown> {
  return apiPlain('DELETE', `/api/v2/silence/${id}?by=${encodeURIComponent(by)}`);
}

export interface SilencePreview {
  /** Alerts that it would hide now. */
  now: Alert[];
  /** Alerts of the past that it would have hidden, by name. */
  past: { name: string; count: number }[];
  pastNotifications: number;
  pastSeconds: number;
}

export function previewSilence(silence: NewSilence, past = '30d'): Promise<Answer<SilencePreview>> {
  return apiSend('POST', `/api/binnacle/v1/silences/preview?past=${past}`, silence);
}

export interface SilenceEvent {
  at: string;
  silence: string;
  what: 'created' | 'updated' | 'expired';
  by: string;
  text: string;
}

export function silenceEvents(signal?: AbortSignal): Promise<Answer<{ events: SilenceEvent[] }>> {
  return apiGet('/api/binnacle/v1/silences/events', { limit: 200 }, signal);
}
