import { describe, expect, it } from 'vitest';
import { compareValues } from './columns';
import { situationAt, valueText } from './complete';
import { asked, barGrid } from './grid';
import { logsParams, readLogs } from './state';
import { EMPTY_TAIL, rateOf, receive, resume, TAIL_MAX } from './tail';

describe('the address', () => {
  it('keeps all that is shown', () => {
    const state = readLogs(new URLSearchParams('q={a="b"}&tab=table&by=took:logfmt&hide=debug,none&col=x&col=y&sort=-took&d=nowrap;pretty;oldest;time=clock;dedup=numbers&line=1.a&find=z&live=1&fields=0'));
    const back = new URLSearchParams();
    for (const [name, value] of Object.entries(logsParams(state))) for (const one of value === null ? [] : [value].flat()) back.append(name, one);
    expect(readLogs(back)).toEqual(state);
    expect(state).toMatchObject({ by: 'took', byParser: 'logfmt', columns: ['x', 'y'], sort: { column: 'took', down: true }, display: { wrap: false, oldest: true, dedup: 'numbers' } });
    expect([...state.hidden]).toEqual(['', 'debug']);
  });

  it('is short for what is usual', () => {
    expect(Object.values(logsParams(readLogs(new URLSearchParams()))).filter((value) => value !== null && value.length > 0)).toEqual(['{service_name=~".+"}']);
  });
});

describe('bars', () => {
  it('cover the range, its last moment too', () => {
    const grid = barGrid({ start: 1003, end: 4603 }, 60);
    expect(grid).toEqual({ start: 960, end: 4620, step: 60 });
    expect(asked(grid)).toEqual({ start: 1020, end: 4620, step: 60 });
  });
});

describe('columns', () => {
  it('sort by what values mean', () => {
    expect(['10', '9', '-1'].sort(compareValues)).toEqual(['-1', '9', '10']);
    expect(['1.5s', '300ms', '2m'].sort(compareValues)).toEqual(['300ms', '1.5s', '2m']);
    expect(['node-10', 'node-9'].sort(compareValues)).toEqual(['node-9', 'node-10']);
  });
});

describe('completion', () => {
  const kind = (text: string) => {
    const [before = '', after = ''] = text.split('^');
    return situationAt(before, after);
  };
  it('knows where it is', () => {
    expect(kind('ra^').kind).toBe('start');
    expect(kind('{^')).toMatchObject({ kind: 'label', from: 1, selector: '' });
    expect(kind('{app="a", po^}')).toMatchObject({ kind: 'label', from: 10, selector: '{app="a"}' });
    expect(kind('{app="^"}')).toMatchObject({ kind: 'value', label: 'app', from: 6, quoted: true });
    expect(kind('{app="^", env="p"}')).toMatchObject({ kind: 'value', label: 'app', selector: '{env="p"}' });
    expect(kind('{app=^')).toMatchObject({ kind: 'value', quoted: false });
    expect(kind('{app="a"} ^').kind).toBe('pipe');
    expect(kind('{app="a"} | ^')).toMatchObject({ kind: 'stage', query: '{app="a"}' });
    expect(kind('{app="a"} |= "x ^').kind).toBe('none');
    expect(kind('{app="a"} |= "x" ^').kind).toBe('pipe');
    expect(kind('{app="a"} | json | status="^"')).toMatchObject({ kind: 'fieldValue', label: 'status', query: '{app="a"} | json' });
    expect(kind('{app="a"} | json | a="b" and ^').kind).toBe('field');
    expect(kind('{app="a"} | line_format "{{^').kind).toBe('none');
    expect(kind('{app="a"} | json | unwrap duration(^').kind).toBe('unwrap');
    expect(kind('rate({app="a"} |= "x" [^').kind).toBe('range');
    expect(kind('sum by (^) (rate({app="a"}[5m]))')).toMatchObject({ kind: 'field', query: '{app="a"}' });
    expect(kind('{app="a"} # com^').kind).toBe('none');
  });

  it('quotes what it puts in', () => {
    expect([valueText('a"b', true), valueText('a"b', false)]).toEqual(['a\\"b', '"a\\"b"']);
  });
});

describe('a live tail', () => {
  const message = (from: number, count: number) => ({ streams: [{ stream: { app: 'a' }, values: Array.from({ length: count }, (_, at): [string, string] => [String(1_700_000_000_000_000_000n + BigInt(from + at)), `n=${from + at}`]) }] });

  it('keeps the newest, and what waits while paused', () => {
    let state = receive(EMPTY_TAIL, message(0, 3), false, 100, 0);
    expect(state.lines.map(({ line }) => line)).toEqual(['n=2', 'n=1', 'n=0']);
    state = receive(state, message(3, TAIL_MAX + 5), true, 101, 0);
    expect([state.lines.length, state.waiting.length, state.droppedHere, state.received]).toEqual([3, TAIL_MAX, 5, TAIL_MAX + 8]);
    state = resume(state);
    expect([state.lines.length, state.waiting.length, state.lines[0]?.line]).toEqual([TAIL_MAX, 0, `n=${TAIL_MAX + 7}`]);
  });

  it('counts what the server let go of, and its rate', () => {
    let state = receive(EMPTY_TAIL, { streams: [], dropped_entries: [{ labels: { __dropped__: '7' } }] }, false, 100, 0);
    expect(state.droppedByServer).toBe(7);
    state = receive(state, message(0, 40), false, 104, 0);
    expect(rateOf(state, 105, 95)).toBe(4);
    expect(rateOf(state, 120, 95)).toBe(0);
    // What was there before the tail began is shown and not counted.
    const begun = receive(EMPTY_TAIL, message(0, 40), false, 1_700_000_100, 1_700_000_100);
    expect([begun.lines.length, begun.received]).toEqual([40, 0]);
  });
});
