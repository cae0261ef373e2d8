// Escape sequences in lines (ECMA-48 SGR): from text to styled pieces. Other sequences are taken out.

export interface Style {
  /** Index into the palette of 16, or `#rrggbb`. */
  fg?: number | string;
  bg?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export interface Styled {
  text: string;
  style: Style | null;
}

// ESC [ parameters final; ESC ] text BEL or ESC \; other two-character sequences.
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b(?:\[([0-9:;<=>?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

export function hasAnsi(text: string): boolean {
  return text.includes('\u001b');
}

export function stripAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(SEQUENCE, '') : text;
}

/** A colour of the 256: the sixteen of the palette, a cube of 6 x 6 x 6, and greys. */
function color256(index: number): number | string {
  if (index < 16) return index;
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  if (index >= 232) return `#${hex(8 + (index - 232) * 10).repeat(3)}`;
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return `#${hex(level(Math.floor(cube / 36)))}${hex(level(Math.floor(cube / 6) % 6))}${hex(level(cube % 6))}`;
}

function extended(codes: number[], at: number): { color: number | string | undefined; used: number } {
  if (codes[at + 1] === 5) {
    const index = codes[at + 2] ?? 0;
    return { color: index >= 0 && index < 256 ? color256(index) : undefined, used: 2 };
  }
  if (codes[at + 1] === 2) {
    const rgb = codes.slice(at + 2, at + 5).map((value) => Math.min(Math.max(value, 0), 255).toString(16).padStart(2, '0'));
    return { color: rgb.length === 3 ? `#${rgb.join('')}` : undefined, used: 4 };
  }
  return { color: undefined, used: 0 };
}

const FLAGS: Readonly<Record<number, Style>> = {
  1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { strike: true },
  22: { bold: false, dim: false }, 23: { italic: false }, 24: { underline: false }, 27: { inverse: false }, 29: { strike: false },
};

function apply(style: Style, parameters: string): Style {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map((text) => Number(text) || 0);
  let next: Style = { ...style };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) next = {};
    else if (FLAGS[code] !== undefined) next = { ...next, ...FLAGS[code] };
    else if (code >= 30 && code <= 37) next.fg = code - 30;
    else if (code >= 90 && code <= 97) next.fg = code - 82;
    else if (code >= 40 && code <= 47) next.bg = code - 40;
    else if (code >= 100 && code <= 107) next.bg = code - 92;
    else if (code === 39) delete next.fg;
    else if (code === 49) delete next.bg;
    else if (code === 38 || code === 48) {
      const { color, used } = extended(codes, at);
      if (color !== undefined) next[code === 38 ? 'fg' : 'bg'] = color;
      at += used;
    }
  }
  return next;
}

function isPlain(style: Style): boolean {
  return Object.values(style).every((value) => value === undefined || value === false);
}

export function parseAnsi(text: string): Styled[] {
  if (!hasAnsi(text)) return [{ text, style: null }];
  const out: Styled[] = [];
  let style: Style = {};
  let at = 0;
  const push = (piece: string) => {
    if (piece !== '') out.push({ text: piece, style: isPlain(style) ? null : style });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(at, match.index));
    if (match[2] === 'm') style = apply(style, match[1] ?? '');
    at = match.index + match[0].length;
  }
  push(text.slice(at));
  return out;
}
