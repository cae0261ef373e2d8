// Splits PromQL into pieces to colour where it is only shown. Not a parser: the editor has one, loaded when it opens.

export interface PromqlPiece {
  kind: 'plain' | 'word' | 'name' | 'label' | 'string' | 'number' | 'comment';
  text: string;
}

const KEYWORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'offset', 'and', 'or', 'unless', 'atan2']);
const TOKEN = /(#[^\n]*)|("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)|((?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)?\b|\binf\b|\bnan\b)|([a-zA-Z_:][\w:]*)|([\s\S])/gi;

export function promqlPieces(text: string): PromqlPiece[] {
  const out: PromqlPiece[] = [];
  // Names inside braces and inside the lists of by() and on() are labels.
  let braces = 0;
  let listDepth = 0;
  let afterGrouping = false;
  const push = (kind: PromqlPiece['kind'], piece: string) => {
    const last = out.at(-1);
    if (last !== undefined && last.kind === kind) last.text += piece;
    else out.push({ kind, text: piece });
  };
  for (const [, comment, string, number, name, other = ''] of text.matchAll(TOKEN)) {
    if (comment !== undefined) push('comment', comment);
    else if (string !== undefined) push('string', string);
    else if (number !== undefined) push('number', number);
    else if (name !== undefined) {
      const keyword = KEYWORDS.has(name.toLowerCase()) && braces === 0 && listDepth === 0;
      push(keyword ? 'word' : braces > 0 || listDepth > 0 ? 'label' : 'name', name);
      afterGrouping = keyword && /^(by|without|on|ignoring|group_left|group_right)$/i.test(name);
      continue;
    } else {
      if (other === '{') braces += 1;
      if (other === '}') braces = Math.max(braces - 1, 0);
      if (other === '(' && (afterGrouping || listDepth > 0)) listDepth += 1;
      if (other === ')' && listDepth > 0) listDepth -= 1;
      push('plain', other);
      if (/\s/.test(other)) continue;
    }
    afterGrouping = false;
  }
  return out;
}
