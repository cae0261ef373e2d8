import { expect, test } from 'vitest';
import { readable } from './readable';

test.each([
  ['{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'],
  ['[FIRING:1] Down', '[FIRING:1] Down'],
  ['{"a":', '{"a":'],
  ['plain', 'plain'],
])('%s', (text, want) => expect(readable(text)).toBe(want));
