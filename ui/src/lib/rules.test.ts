import { expect, test } from 'vitest';
import type { AlertingRule, RecordingRule, RuleGroup } from '../api/rules';
import { filesOf, isInState, ruleFileOf, stateOfRule, toneOfFinding, yamlText } from './rules';

const base = { labels: {}, health: 'ok' as const, evaluationTime: 0.1, lastEvaluation: '', series: 2, samples: 10, line: 3 };
const alerting = (name: string, part: Partial<AlertingRule> = {}): AlertingRule =>
  ({ ...base, type: 'alerting', name, query: 'up == 0', state: 'inactive', duration: 300, keepFiringFor: 0, annotations: {}, alerts: [], ...part });
const recording = (name: string, part: Partial<RecordingRule> = {}): RecordingRule => ({ ...base, type: 'recording', name, query: 'sum(up)', ...part });
const group = (file: string, name: string, rules: RuleGroup['rules']): RuleGroup =>
  ({ name, file, rules, interval: 60, limit: 0, evaluationTime: 0.2, lastEvaluation: '', queryOffset: 0, iterations: 1, missedIterations: 0 });

test('health comes before state', () => {
  expect(stateOfRule(alerting('A', { health: 'err', state: 'firing' }))).toBe('error');
  expect(stateOfRule(alerting('A', { state: 'pending' }))).toBe('pending');
  expect(stateOfRule(recording('r', { health: 'unknown' }))).toBe('waiting');
  expect(isInState(alerting('A', { findings: ['x'] }), 'finding')).toBe(true);
});

test('files in order, with what they cost; filters leave groups out', () => {
  const groups = [group('b.yml', 'one', [alerting('Down'), recording('job:up:sum')]), group('a.yml', 'two', [recording('x', { health: 'err' })])];
  const files = filesOf(groups, { text: '', state: 'all' });
  expect(files.map(({ file }) => file)).toEqual(['a.yml', 'b.yml']);
  expect(files[1]?.groups[0]).toMatchObject({ total: 2, failing: 0, samples: 20, series: 4 });
  expect(filesOf(groups, { text: 'down', state: 'all' })[0]?.groups[0]?.rules.map(({ name }) => name)).toEqual(['Down']);
  expect(filesOf(groups, { text: '', state: 'error' }).map(({ file }) => file)).toEqual(['a.yml']);
});

test.each([['plain', 'plain'], ['90%', '"90%"'], ['yes', '"yes"'], ['a: b', '"a: b"'], ['', '""'], ['{{ $value }}', '"{{ $value }}"'], ['Disk is full', 'Disk is full']])(
  '%s in YAML', (text, want) => expect(yamlText(text)).toBe(want));

test.each([['info: x', 'info'], ['warning: x', 'warning'], ['bug: x', 'error'], ['fatal: x', 'error'], ['no word', 'warning']])(
  '%s weighs as %s', (text, want) => expect(toneOfFinding(text)).toBe(want));

test('a rule as its file', () => {
  const text = ruleFileOf(group('f', 'g', []), alerting('Down', { labels: { severity: 'page' }, annotations: { summary: '{{ $labels.job }} is down' } }));
  expect(text).toBe(`groups:
  - name: g
    interval: 1m
    rules:
      - alert: Down
        expr: "up == 0"
        for: 5m
        labels:
          severity: page
        annotations:
          summary: "{{ $labels.job }} is down"
`);
  expect(ruleFileOf(group('f', 'g', []), recording('r', { query: 'sum(\n  up\n)' }))).toContain('expr: |\n          sum(\n            up\n          )\n');
});
