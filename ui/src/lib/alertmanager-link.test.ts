import { expect, test } from 'vitest';
import { fromAlertmanagerLink } from './alertmanager-link';

test.each([
  ['', null],
  ['#somewhere', null],
  ['#/alerts?receiver=team-x', '/alerts'],
  ['#/alerts?filter=%7Balertname%3D%22Down%22%7D', '/alerts?search=alertname%3D%22Down%22'],
  ['#/alerts', '/alerts'],
  ['#/silences/new?filter=%7Ba%3D%22b%22%7D', '/silences'],
  ['#/status', '/routing'],
])('%s means %s', (hash, want) => expect(fromAlertmanagerLink(hash)).toBe(want));
