// Splits YAML into pieces to colour. Not a parser: enough to read a configuration, line by line.

export type Piece = { kind: 'plain' | 'key' | 'string' | 'number' | 'comment'; text: string };

function scalarKind(text: string): Piece['kind'] {
  const value = text.trim();
  if (/^(["']).*\1$/.test(value) || value === '<secret>') return 'string';
  if (/^(-?\d+(\.\d+)?(ms|[smhdwy]|[KMGT]i?B)?|true|false|null)$/.test(value)) return 'number';
  return 'plain';
}

export function yamlPieces(line: string): Piece[] {
  if (/^\s*#/.test(line)) return [{ kind: 'comment', text: line }];
  const match = /^(\s*(?:- +)*)([^\s:#'"[\]{}][^:#]*?|"[^"]*"|'[^']*')(:)(\s.*|)$/.exec(line);
  if (match === null) {
    const item = /^(\s*(?:- +)*)(.*)$/.exec(line);
    return [{ kind: 'plain', text: item?.[1] ?? '' }, { kind: scalarKind(item?.[2] ?? ''), text: item?.[2] ?? '' }];
  }
  const [, indent = '', key = '', colon = '', rest = ''] = match;
  return [{ kind: 'plain', text: indent }, { kind: 'key', text: key }, { kind: 'plain', text: colon }, { kind: scalarKind(rest), text: rest }];
}
