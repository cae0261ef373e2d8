import { describe, expect, it } from 'vitest';
import { anatomy, asksForLines, fromWords, hasParser, isWords, linesOnly, needlesOf, selectorOf, volumeQuery, withFilter, withLineFilter, withMatcher, withoutPiece } from './edit';

describe('anatomy', () => {
  it('cuts where strings and comments allow', () => {
    const parts = anatomy('{app="a|b}", env=~`p.*`} |= "x | json" != "y" | json a="b.c" | status != 200 # | not this\n| line_format "{{.a}}|"');
    expect(parts?.matchers.map(({ name, op, value }) => [name, op, value])).toEqual([['app', '=', 'a|b}'], ['env', '=~', 'p.*']]);
    expect(parts?.stages.map(({ kind }) => kind)).toEqual(['line', 'line', 'json', 'status', 'line_format']);
    expect(parts?.stages[1]?.text).toBe('!= "y"');
  });

  it('is of queries for lines only', () => {
    expect(asksForLines(' # why\n ({app="a"})')).toBe(true);
    expect(anatomy('rate({app="a"}[5m])')).toBeNull();
    expect(anatomy('{app="a"')).toBeNull();
    expect(selectorOf('sum(rate({app="a"} |= "x" [5m]))')).toBe('{app="a"}');
  });
});

describe('matchers', () => {
  it('come into the selector, once, and go when given again', () => {
    const one = withMatcher('{app="a"} | json', 'pod', '=', 'x"y');
    expect(one).toBe('{app="a", pod="x\\"y"} | json');
    expect(withMatcher(one, 'pod', '=', 'x"y')).toBe('{app="a"} | json');
    expect(withMatcher('{app="a"}', 'app', '=', 'b')).toBe('{app="b"}');
    expect(withMatcher('{app=~".+"}', 'app', '=', 'b')).toBe('{app=~".+", app="b"}');
    expect(withMatcher('{app="a", env="p"}', 'app', '!=', 'c')).toBe('{app="a", env="p", app!="c"}');
    expect(withMatcher('{app="a", env="p"}', 'app', '!=', 'a')).toBe('{env="p", app!="a"}');
  });

  it('never leave a selector empty', () => {
    expect(withMatcher('{app="a"}', 'app', '=', 'a')).toBe('{app="a"}');
    expect(withMatcher('{app="a"}', 'app', '!=', 'a')).toBe('{app!="a", app=~".+"}');
  });
});

describe('filters', () => {
  it('come behind the query with the parser that finds their field, and go when given again', () => {
    const one = withFilter('({app="a"})', 'status', '=', '500', 'json');
    expect(one).toBe('{app="a"} | json | status="500"');
    expect(withFilter(one, 'status', '=', '500', 'json')).toBe('{app="a"} | json');
    expect(withFilter(one, 'status', '!=', '500', 'json')).toBe('{app="a"} | json | status!="500"');
    expect(withFilter('{app="a"} | json', 'msg', '=', 'x', 'both')).toBe('{app="a"} | json | logfmt | msg="x"');
    expect(withFilter('{app="a"} | pod="x" or pod="y"', 'pod', '=', 'x')).toBe('{app="a"} | pod="x" or pod="y" | pod="x"');
  });

  it('of lines stand before the parsers', () => {
    expect(withLineFilter('{app="a"} |= "x" | json', '|>', '<_> b')).toBe('{app="a"} |= "x" |> `<_> b` | json');
    expect(withLineFilter('{app="a"} |> `<_> b`', '|>', '<_> b')).toBe('{app="a"}');
    expect(withLineFilter('{app="a"}', '!>', 'tick ` <_>')).toBe('{app="a"} !> "tick ` <_>"');
  });

  it('are taken away piece by piece', () => {
    const query = '{app="a", env="p"} |= "x" | json';
    const parts = anatomy(query)!;
    expect(withoutPiece(query, parts.matchers[1]!)).toBe('{app="a"} |= "x" | json');
    expect(withoutPiece(query, parts.stages[0]!)).toBe('{app="a", env="p"} | json');
    expect(withoutPiece('{app="a"}', anatomy('{app="a"}')!.matchers[0]!)).toBe('{app="a"}');
  });
});

describe('derived queries', () => {
  it('count by a label, and a broken line is a line', () => {
    expect(volumeQuery('{app="a"} ', 60, 'pod')).toBe('sum by (pod) (count_over_time({app="a"} [60s]))');
    expect(volumeQuery('{app="a"}', 5, 'status', 'json')).toBe('sum by (status) (count_over_time({app="a"} | json | drop __error__, __error_details__ [5s]))');
    expect(volumeQuery('{app="a"} | json', 5, 'status', 'json')).toBe('sum by (status) (count_over_time({app="a"} | json | drop __error__, __error_details__ [5s]))');
  });

  it('keep selector and line filters for patterns', () => {
    expect(linesOnly('{app="a"} |= "x" | json | b="c"')).toBe('{app="a"} |= "x"');
    expect(hasParser('{app="a"} |= "json"')).toBe(false);
  });

  it('mark what line filters look for', () => {
    const marked = needlesOf('{app="a"} |= "a.b" or "c" |~ `(?i)Err\\d+` != "no" |~ "("');
    expect(marked.map((one) => `${one.source} ${one.flags}`)).toEqual(['a\\.b g', 'c g', 'Err\\d+ gi']);
  });
});

describe('words', () => {
  it('are no query, and become one', () => {
    expect(['card refused', '"a b" c', '{app="a"}', 'rate(x)', '1', 'a | b', ''].map(isWords)).toEqual([true, true, false, false, false, false, false]);
    expect(fromWords('card "to be" a.b', '{app="a"}')).toBe('{app="a"} |~ `(?i)card` |~ `(?i)to be` |~ `(?i)a\\.b`');
  });
});
