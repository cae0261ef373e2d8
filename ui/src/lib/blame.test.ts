import { expect, test } from 'vitest';
import { culprit, dropLabelConfig, rankLabels } from './blame';

const spreads = [
  { label: 'instance', values: 3, without: 300_000 },
  { label: 'user_id', values: 180_000, without: 40 },
  { label: 'path', values: 12, without: 250_000 },
  { label: 'later', values: 1, without: null },
];

test('the label whose removal leaves fewest series is to blame', () => {
  expect(culprit(spreads, 500_000)?.label).toBe('user_id');
  expect(rankLabels(spreads)[0]?.label).toBe('user_id');
});

test('no verdict for small metrics, or when only the identity of the target differs', () => {
  expect(culprit(spreads, 10)).toBeNull();
  expect(culprit([{ label: 'instance', values: 900, without: 1 }], 900)).toBeNull();
  expect(culprit([{ label: 'path', values: 3, without: 80 }], 100)).toBeNull();
});

test('the configuration names metric and label', () => {
  expect(dropLabelConfig('http_requests_total', 'user_id')).toContain('target_label: user_id');
});
