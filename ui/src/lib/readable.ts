// A text that was sent, as people can read it.

/** A body that is JSON is laid out; anything else stays as it was sent. */
export function readable(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
