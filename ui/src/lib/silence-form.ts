// What the silence form holds while it is filled in, and the silence that it makes.

import type { NewSilence, Recurrence, Silence, SilenceMatcher, WeeklyWindow } from '../api/silences';
import { parseDuration, printDuration } from './duration';
import { matcherProblem, parseMatcher, printMatcher, type LabelMatcher } from './matchers';
import { parseInstant } from './timerange';
import { windowProblem } from './weekly';

export interface SilenceDraft {
  id: string;
  matchers: LabelMatcher[];
  /** `now`, or an instant as typed. */
  start: string;
  /** A duration such as `2h`. */
  duration: string;
  createdBy: string;
  comment: string;
  untilResolved: boolean;
  recurring: boolean;
  windows: WeeklyWindow[];
  timeZone: string;
  /** Carried along, not edited here. */
  timeInterval: string | undefined;
  annotations: Record<string, string> | undefined;
}

export function emptyDraft(who: string, timeZone: string): SilenceDraft {
  return {
    id: '', matchers: [{ name: 'alertname', op: '=', value: '' }], start: 'now', duration: '2h', createdBy: who, comment: '', untilResolved: false,
    recurring: false, windows: [{ days: [6, 0], startMinute: 0, durationMinutes: 480 }], timeZone, timeInterval: undefined, annotations: undefined,
  };
}

export function fromApi({ name, value, isRegex, isEqual }: SilenceMatcher): LabelMatcher {
  return { name, value, op: isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=' };
}

export function toApi({ name, value, op }: LabelMatcher): SilenceMatcher {
  return { name: name.trim(), value, isRegex: op === '=~' || op === '!~', isEqual: op === '=' || op === '=~' };
}

/**
 * The form filled with a silence. One that still holds keeps its times; `renew` begins now and lasts as long as before,
 * as a new silence.
 */
export function draftOf(silence: Silence, renew: boolean, base: SilenceDraft): SilenceDraft {
  const [start, end] = [Date.parse(silence.startsAt), Date.parse(silence.endsAt)];
  return {
    ...base,
    id: renew ? '' : silence.id,
    matchers: silence.matchers.map(fromApi),
    start: renew ? 'now' : silence.startsAt,
    duration: printDuration(Math.max(Math.round((end - start) / 1000), 60) * 1000),
    createdBy: renew ? base.createdBy || silence.createdBy : silence.createdBy,
    comment: silence.comment,
    untilResolved: silence.untilResolved ?? false,
    recurring: silence.recurrence !== undefined,
    windows: silence.recurrence?.windows ?? base.windows,
    timeZone: silence.recurrence?.timeZone ?? base.timeZone,
    timeInterval: silence.recurrence?.timeInterval,
    annotations: silence.annotations,
  };
}

/** Matchers in an address, one parameter each; what is none is left out. */
export function readMatchers(texts: readonly string[]): LabelMatcher[] {
  return texts.map(parseMatcher).filter((matcher) => matcher !== null);
}

export function writeMatchers(matchers: readonly LabelMatcher[]): string[] {
  return matchers.map(printMatcher);
}

export type DraftProblems = Partial<Record<'matchers' | 'start' | 'duration' | 'createdBy' | 'comment' | 'windows', string>>;

/** A silence whose matchers all pass the empty text would hide everything; the server refuses it too. */
function hidesAll(matchers: readonly LabelMatcher[]): boolean {
  return matchers.every(({ op, value }) => (op === '=' && value === '') || (op === '!=' && value !== '') || (op === '=~' && matchesEmpty(value)) || (op === '!~' && !matchesEmpty(value)));
}

function matchesEmpty(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test('');
  } catch {
    return false;
  }
}

export function draftProblems(draft: SilenceDraft, nowMs: number): DraftProblems {
  const out: DraftProblems = {};
  const wrong = draft.matchers.map(matcherProblem).find((problem) => problem !== null);
  if (draft.matchers.length === 0) out.matchers = 'Say which alerts: add a label';
  else if (wrong !== undefined) out.matchers = wrong ?? '';
  else if (hidesAll(draft.matchers)) out.matchers = 'This would hide every alert: name a label and the value it must have';
  const start = parseInstant(draft.start, nowMs);
  if (start === null) out.start = 'Use now, now+1h or 2026-11-20 13:00';
  const length = parseDuration(draft.duration);
  if (length === null || length <= 0) out.duration = 'Use 30m, 2h, 1d';
  else if (start !== null && start * 1000 + length <= nowMs) out.duration = 'This has ended already';
  if (draft.createdBy.trim() === '') out.createdBy = 'Say who you are';
  if (draft.comment.trim() === '') out.comment = 'Say why, for those who wonder';
  const window = draft.windows.map(windowProblem).find((problem) => problem !== null);
  if (draft.recurring && draft.windows.length === 0 && draft.timeInterval === undefined) out.windows = 'Add a window';
  else if (draft.recurring && window !== undefined) out.windows = window ?? '';
  return out;
}

/** The silence; null while the matchers or the times cannot be read. A missing name or reason does not stop a preview. */
export function silenceOf(draft: SilenceDraft, nowMs: number): NewSilence | null {
  const problems = draftProblems(draft, nowMs);
  if (problems.matchers ?? problems.start ?? problems.duration ?? problems.windows) return null;
  const start = (parseInstant(draft.start, nowMs) ?? 0) * 1000;
  const recurrence: Recurrence = { windows: draft.windows, timeZone: draft.timeZone, ...(draft.timeInterval === undefined ? {} : { timeInterval: draft.timeInterval }) };
  return {
    ...(draft.id === '' ? {} : { id: draft.id }),
    matchers: draft.matchers.map(toApi),
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(start + (parseDuration(draft.duration) ?? 0)).toISOString(),
    createdBy: draft.createdBy.trim(),
    comment: draft.comment.trim(),
    ...(draft.annotations === undefined || Object.keys(draft.annotations).length === 0 ? {} : { annotations: draft.annotations }),
    ...(draft.untilResolved ? { untilResolved: true } : {}),
    ...(draft.recurring ? { recurrence } : {}),
  };
}
