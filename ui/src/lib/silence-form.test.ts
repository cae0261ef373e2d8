import { expect, test } from 'vitest';
import type { Silence } from '../api/silences';
import { draftOf, draftProblems, emptyDraft, readMatchers, silenceOf, writeMatchers } from './silence-form';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const draft = { ...emptyDraft('ada', 'Europe/Berlin'), matchers: [{ name: 'team', op: '=' as const, value: 'db' }], comment: 'maintenance' };

test('a filled form makes a silence', () => {
  expect(draftProblems(draft, NOW)).toEqual({});
  expect(silenceOf(draft, NOW)).toEqual({
    matchers: [{ name: 'team', value: 'db', isRegex: false, isEqual: true }],
    startsAt: '2026-11-20T12:00:00.000Z', endsAt: '2026-11-20T14:00:00.000Z', createdBy: 'ada', comment: 'maintenance',
  });
});

test('until resolved and weekly windows are told only when chosen', () => {
  const made = silenceOf({ ...draft, untilResolved: true, recurring: true }, NOW);
  expect(made?.untilResolved).toBe(true);
  expect(made?.recurrence).toEqual({ windows: draft.windows, timeZone: 'Europe/Berlin' });
});

test.each([
  ['matchers', { matchers: [] }],
  ['matchers', { matchers: [{ name: '', op: '=' as const, value: 'x' }] }],
  ['matchers', { matchers: [{ name: 'a', op: '=~' as const, value: '.*' }] }],
  ['matchers', { matchers: [{ name: 'alertname', op: '=' as const, value: '' }] }],
  ['matchers', { matchers: [{ name: 'a', op: '=~' as const, value: '(' }] }],
  ['start', { start: 'soon' }],
  ['duration', { duration: 'long' }],
  ['duration', { start: '2026-11-20T08:00:00Z', duration: '1h' }],
  ['createdBy', { createdBy: ' ' }],
  ['comment', { comment: '' }],
  ['windows', { recurring: true, windows: [] }],
  ['windows', { recurring: true, windows: [{ days: [], startMinute: 0, durationMinutes: 1 }] }],
])('a problem of %s: %j', (field, part) => expect(Object.keys(draftProblems({ ...draft, ...part }, NOW))).toEqual([field]));

test('a preview needs neither name nor reason', () => {
  expect(silenceOf({ ...draft, createdBy: '', comment: '' }, NOW)).not.toBeNull();
  expect(silenceOf({ ...draft, duration: '' }, NOW)).toBeNull();
});

test('editing keeps the times, renewing begins now', () => {
  const silence: Silence = {
    id: 'x', status: { state: 'expired' }, updatedAt: '', matchers: [{ name: 'a', value: 'b|c', isRegex: true, isEqual: false }],
    startsAt: '2026-11-19T12:00:00Z', endsAt: '2026-11-19T13:30:00Z', createdBy: 'bob', comment: 'again',
  };
  const base = emptyDraft('ada', 'UTC');
  expect(draftOf(silence, true, base)).toMatchObject({ id: '', start: 'now', duration: '1h30m', createdBy: 'ada', matchers: [{ name: 'a', op: '!~', value: 'b|c' }] });
  expect(draftOf(silence, false, base)).toMatchObject({ id: 'x', start: '2026-11-19T12:00:00Z', createdBy: 'bob' });
});

test('matchers survive an address', () => {
  const texts = writeMatchers(draft.matchers);
  expect(texts).toEqual(['team="db"']);
  expect(readMatchers([...texts, 'nonsense'])).toEqual(draft.matchers);
});
