// Patterns of lines: text with `<_>` where it varies.

export interface Pattern {
  pattern: string;
  level: string;
  /** Unix seconds and counts, ascending. */
  samples: readonly (readonly [number, number])[];
}

export interface PatternRow {
  pattern: string;
  level: string;
  total: number;
  /** Part of all lines that have a pattern, 0 to 1. */
  share: number;
  isNew: boolean;
  /** Counts on even steps over the range. */
  counts: number[];
}

/** A pattern as it is compared: how many words vary behind each other is chance. */
export function patternKey(pattern: string): string {
  return pattern.replace(/<_>(?:[^\p{L}\p{N}<]*<_>)*/gu, '<_>').replace(/\s+/g, ' ').trim();
}

/** The text and its placeholders, one behind the other. */
export function patternPieces(pattern: string): { text: string; hole: boolean }[] {
  return pattern
    .split(/(<[a-zA-Z_]*>)/)
    .filter((text) => text !== '')
    // A control character has no picture; its name on a keyboard says that it is there.
    // eslint-disable-next-line no-control-regex
    .map((text) => ({ text: text.replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => `^${String.fromCharCode(0x40 + c.charCodeAt(0))}`), hole: /^<[a-zA-Z_]*>$/.test(text) }));
}

/** Rows with the most frequent first; counts are laid on `buckets` even steps between both ends. `fresh` has the keys of new ones. */
export function patternRows(patterns: readonly Pattern[], start: number, end: number, buckets: number, fresh: ReadonlySet<string> = new Set()): PatternRow[] {
  const all = patterns.reduce((sum, { samples }) => sum + samples.reduce((part, [, count]) => part + count, 0), 0);
  return patterns
    .map(({ pattern, level, samples }) => {
      const counts = new Array<number>(buckets).fill(0);
      let total = 0;
      for (const [time, count] of samples) {
        const at = Math.min(Math.max(Math.floor(((time - start) / Math.max(end - start, 1)) * buckets), 0), buckets - 1);
        counts[at] = (counts[at] ?? 0) + count;
        total += count;
      }
      return { pattern, level, total, share: all === 0 ? 0 : total / all, isNew: fresh.has(patternKey(pattern)), counts };
    })
    .sort((a, b) => b.total - a.total);
}
