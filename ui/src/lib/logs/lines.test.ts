import { describe, expect, it } from 'vitest';
import { levelNamed, levelOf } from './levels';
import { joinPages, labelsOf, linesOf, millisOf, nanosAfter } from './lines';

describe('lines', () => {
  it('come newest first, whatever their stream', () => {
    const lines = linesOf([
      { stream: { app: 'a' }, values: [['1700000000000000002', 'two', { structuredMetadata: { detected_level: 'ERROR' } }], ['1700000000000000001', 'one']] },
      { stream: { app: 'b' }, values: [['1700000000000000003', 'three', { parsed: { level: 'warning' } }]] },
    ]);
    expect(lines.map(({ line }) => line)).toEqual(['three', 'two', 'one']);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'error', '']);
    expect(lines[0]?.ms).toBe(1_700_000_000_000);
    expect(labelsOf(lines[0] ?? lines[1]!)).toEqual({ app: 'b', level: 'warning' });
  });

  it('have keys of their own that stay when newer lines come', () => {
    const of = (...times: string[]) => linesOf([{ stream: { app: 'a' }, values: times.map((time) => [time, 'x']) }]).map(({ key }) => key);
    const before = of('2000000', '1000000', '1000000');
    expect(new Set(before).size).toBe(3);
    expect(of('3000000', '2000000', '1000000', '1000000').slice(1)).toEqual(before);
    const other = linesOf([{ stream: { app: 'b' }, values: [['2000000', 'x']] }])[0]?.key;
    expect(other).not.toBe(before[0]);
  });

  it('join pages whose border comes twice', () => {
    const page = (...pairs: [string, string][]) => linesOf([{ stream: {}, values: pairs }]);
    const joined = joinPages(page(['30', 'c'], ['20', 'b']), page(['20', 'b'], ['20', 'b2'], ['10', 'a']));
    expect(joined.map(({ line }) => line)).toEqual(['c', 'b', 'b2', 'a']);
  });

  it('keep their nanoseconds', () => {
    expect(nanosAfter('1796124446360847847')).toBe('1796124446360847848');
    expect(nanosAfter('1796124446360847847', -47n)).toBe('1796124446360847800');
    expect(millisOf('1796124446360847847')).toBe('360');
  });
});

describe('levels', () => {
  it('are known by their other names', () => {
    expect(['FATAL', 'err', 'Warning', 'notice', 'nonsense'].map(levelNamed)).toEqual(['critical', 'error', 'warn', 'info', '']);
    expect(levelOf({ detected_level: 'unknown' }, { level: 'Warn' })).toBe('warn');
  });
});
