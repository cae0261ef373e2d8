import { expect, test } from 'vitest';
import { yamlPieces } from './yaml-highlight';

const lines = ['global:', '  scrape_interval: 15s', '- job_name: "a b"', "  url: 'http://x:1'", '  # note', '    - 127.0.0.1:9090', '', '  regex: (.*)', '  enabled: true'];

test('nothing is lost', () => {
  for (const line of lines) expect(yamlPieces(line).map(({ text }) => text).join('')).toBe(line);
});

test('kinds', () => {
  const kinds = (line: string) => yamlPieces(line).filter(({ text }) => text.trim() !== '').map(({ kind }) => kind);
  expect(kinds('  scrape_interval: 15s')).toEqual(['key', 'plain', 'number']);
  expect(kinds('- job_name: "a b"')).toEqual(['plain', 'key', 'plain', 'string']);
  expect(kinds('  # note')).toEqual(['comment']);
  expect(kinds('    - 127.0.0.1:9090')).toEqual(['plain', 'plain']);
});
