// The list of past queries: newest first, each once, bounded. Storage is the caller's.

export const HISTORY_MAX = 60;

export interface Past {
  expr: string;
  /** Unix milliseconds. */
  at: number;
}

export function remember(history: readonly Past[], expr: string, at: number): Past[] {
  const text = expr.trim();
  if (text === '') return [...history];
  return [{ expr: text, at }, ...history.filter((past) => past.expr !== text)].slice(0, HISTORY_MAX);
}

/** Reads what was stored; anything unreadable is an empty history. */
export function parseHistory(text: string | null): Past[] {
  if (text === null) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list.filter(
      (past: unknown): past is Past =>
        typeof past === 'object' && past !== null && 'expr' in past && typeof past.expr === 'string' && 'at' in past && typeof past.at === 'number',
    );
  } catch {
    return [];
  }
}
