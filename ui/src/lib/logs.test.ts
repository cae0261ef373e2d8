import { describe, expect, it } from 'vitest';
import { asksForLines, asText, levelOf, linesOf, volumeQuery, withFilter } from './logs';

describe('lines', () => {
  it('come newest first, whatever their stream', () => {
    const lines = linesOf([
      { stream: { app: 'a', detected_level: 'ERROR' }, values: [['1700000000000000002', 'two'], ['1700000000000000001', 'one']] },
      { stream: { app: 'b' }, values: [['1700000000000000003', 'three']] },
    ]);
    expect(lines.map(({ line }) => line)).toEqual(['three', 'two', 'one']);
    expect(lines[1]?.level).toBe('error');
    expect(lines[0]?.ms).toBe(1_700_000_000_000);
    expect(asText(lines).split('\n')[0]).toBe('2023-11-14T22:13:20.000Z one');
  });

  it('have no level where none is known', () => {
    expect(levelOf({ detected_level: 'unknown' })).toBe('');
    expect(levelOf({ detected_level: 'unknown', level: 'Warn' })).toBe('warn');
  });
});

describe('queries', () => {
  it('for lines begin with a selector', () => {
    expect(asksForLines('{app="a"} |= "x"')).toBe(true);
    expect(asksForLines(' ({app="a"})')).toBe(true);
    expect(asksForLines('rate({app="a"}[5m])')).toBe(false);
  });

  it('take a filter once', () => {
    const once = withFilter('{app="a"}', 'pod', '!=', 'x"y');
    expect(once).toBe('{app="a"} | pod!="x\\"y"');
    expect(withFilter(once, 'pod', '!=', 'x"y')).toBe(once);
  });

  it('are counted by level', () => {
    expect(volumeQuery('{app="a"} ', 60)).toBe('sum by (detected_level) (count_over_time({app="a"} [60s]))');
  });
});
