import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { plainTextError } from '../api/logs';
import { asksForLines, asText, keysOf, levelOf, linesOf, volumeQuery, withFilter } from './logs';

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

describe('keys', () => {
  it('stay when newer lines come, also among lines of one time', () => {
    const of = (...times: string[]) => keysOf(linesOf([{ stream: {}, values: times.map((time) => [time, 'x']) }]));
    const before = of('2000000', '1000000', '1000000');
    expect(new Set(before).size).toBe(3);
    expect(of('3000000', '2000000', '1000000', '1000000').slice(1)).toEqual(before);
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

  it('take a filter also in parentheses, and where a longer one looks alike', () => {
    expect(withFilter('({app="a"})', 'pod', '=', 'x')).toBe('{app="a"} | pod="x"');
    expect(withFilter('{app="a"} | pod="x" or pod="y"', 'pod', '=', 'x')).toBe('{app="a"} | pod="x" or pod="y" | pod="x"');
  });

  it('are counted by level', () => {
    expect(volumeQuery('{app="a"} ', 60)).toBe('sum by (detected_level) (count_over_time({app="a"} [60s]))');
  });
});

describe('errors in plain text', () => {
  const told = (status: number, text: string) => plainTextError(new ApiError(status, 'unexpected', `/loki/api/v1/query_range answered ${status}${text}`));

  it('are the fault of the query, or of the server', () => {
    expect(told(400, ': parse error at line 1, col 2')).toMatchObject({ status: 400, kind: 'bad_data', message: 'parse error at line 1, col 2' });
    expect(told(500, ': disk')).toMatchObject({ kind: 'internal', message: 'disk' });
  });

  it('leave alone what is not Loki speaking', () => {
    expect(told(404, ': no such page')).toMatchObject({ kind: 'unexpected' });
    expect(told(200, ': <html>')).toMatchObject({ kind: 'unexpected' });
    const other = new ApiError(0, 'unreachable', 'The server cannot be reached.');
    expect(plainTextError(other)).toBe(other);
  });
});
