import { describe, expect, it } from 'vitest';
import { parseAnsi, stripAnsi } from './ansi';
import { fieldsOf, traceOf } from './fields';
import { linesOf } from './lines';
import { patternKey, patternPieces, patternRows } from './patterns';
import { collapse } from './repeats';
import { asFile } from './save';
import { cut, jsonPieces, mark, prettyJson } from './text';

describe('escape sequences', () => {
  it('become styles, and other sequences go', () => {
    const text = '\u001b[1;31mERR\u001b[0m plain \u001b[38;5;208mx\u001b[39m \u001b[48;2;1;2;3my\u001b[m\u001b[2K\u001b]0;title\u0007z';
    expect(parseAnsi(text)).toEqual([
      { text: 'ERR', style: { bold: true, fg: 1 } },
      { text: ' plain ', style: null },
      { text: 'x', style: { fg: '#ff8700' } },
      { text: ' ', style: null },
      { text: 'y', style: { bg: '#010203' } },
      { text: 'z', style: null },
    ]);
    expect(stripAnsi(text)).toBe('ERR plain x yz');
  });
});

describe('what is shown', () => {
  it('is cut by characters and by lines, never through a character', () => {
    expect(cut('abcdef', 4, 9)).toEqual({ text: 'abcd', left: 2 });
    expect(cut('a\nb\nc\nd', 99, 2)).toEqual({ text: 'a\nb', left: 4 });
    expect(cut('ab😀', 3, 9)).toEqual({ text: 'ab', left: 2 });
  });

  it('is laid out when it is JSON', () => {
    expect(prettyJson(' {"a":[1]} ')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect([prettyJson('{"a":'), prettyJson('text')]).toEqual([null, null]);
  });

  it('is coloured by what it is', () => {
    const kinds = jsonPieces('{"a\\"b": "c: 1", "d": [-1.5e3, null]}').filter(({ kind }) => kind !== 'plain').map(({ kind, text }) => `${kind} ${text}`);
    expect(kinds).toEqual(['key "a\\"b"', 'string "c: 1"', 'key "d"', 'number -1.5e3', 'word null']);
  });

  it('is marked where something matches, also where matches overlap', () => {
    expect(mark('abcabc', [/ab/g, /bc/g])).toEqual([{ text: 'ab', mark: true }, { text: 'c', mark: true }, { text: 'ab', mark: true }, { text: 'c', mark: true }]);
    expect(mark('xyz', [/q*/g])).toEqual([{ text: 'xyz', mark: false }]);
  });
});

describe('fields', () => {
  it('of JSON are named as the stage names them', () => {
    expect(fieldsOf('{"a":{"b-c":1},"d":[1],"e":null,"f":true}').map(({ name, value }) => `${name}=${value}`)).toEqual(['a_b_c=1', 'f=true']);
  });

  it('of logfmt need more than one pair', () => {
    expect(fieldsOf('level=info msg="a \\"b\\"" took=5ms').map(({ value }) => value)).toEqual(['info', 'a "b"', '5ms']);
    expect(fieldsOf('user a=b went home')).toEqual([]);
  });

  it('name the trace', () => {
    expect(traceOf({}, fieldsOf('{"trace_id":"5b8efff798038103d269b633813fc60c"}'))).toBe('5b8efff798038103d269b633813fc60c');
    expect(traceOf({ trace_id: '00000000000000000000000000000000' }, [])).toBeNull();
    expect(traceOf({ trace: 'a sentence about it' }, [])).toBeNull();
  });
});

const of = (...texts: string[]) => linesOf([{ stream: { app: 'a' }, values: texts.map((text, at) => [String(1_700_000_000_000_000_000n - BigInt(at)), text]) }]);

describe('repetitions', () => {
  it('become one by degrees', () => {
    const counts = (dedup: Parameters<typeof collapse>[1]) => collapse(of('2026-12-01T10:00:00Z took 5 ms', '2026-12-01T10:00:01Z took 5 ms', 'took 6 ms', 'gave 6 kg', 'end!'), dedup).map(({ count }) => count);
    expect(counts('none')).toEqual([1, 1, 1, 1, 1]);
    expect(counts('exact')).toEqual([2, 1, 1, 1]);
    expect(counts('words')).toEqual([2, 2, 1]);
    expect(collapse(of('took 5 ms', 'took 6 ms', 'gave 6 kg'), 'numbers').map(({ count }) => count)).toEqual([2, 1]);
  });
});

describe('files', () => {
  it('hold what was there', () => {
    const lines = of('a, "b"', '=1+1');
    expect(asFile(lines, 'text').split('\n')[0]).toBe('2023-11-14T22:13:20.000000000Z a, "b"');
    expect(asFile(lines, 'csv', ['app']).split('\r\n')).toEqual(['time,level,app,line', '2023-11-14T22:13:20.000000000Z,,a,"a, ""b"""', "2023-11-14T22:13:19.999999999Z,,a,'=1+1", '']);
    expect(JSON.parse(asFile(lines, 'jsonl').split('\n')[1] ?? '')).toMatchObject({ line: '=1+1', labels: { app: 'a' } });
  });
});

describe('patterns', () => {
  it('are ranked, with counts on even steps', () => {
    const rows = patternRows([{ pattern: 'a <_>', level: 'info', samples: [[0, 1], [95, 2]] }, { pattern: 'b', level: '', samples: [[50, 9]] }], 0, 100, 10, new Set([patternKey('b')]));
    expect(rows.map(({ pattern, total, share, isNew }) => [pattern, total, share, isNew])).toEqual([['b', 9, 0.75, true], ['a <_>', 3, 0.25, false]]);
    expect(rows[1]?.counts).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    expect(patternKey('took <_> [<_>] <_> of')).toBe(patternKey('took <_> of'));
    expect(patternKey('took <_> b <_>')).not.toBe(patternKey('took <_>'));
    expect(patternPieces('GET <_> in <duration>').map(({ hole }) => hole)).toEqual([false, true, false, true]);
  });
});
