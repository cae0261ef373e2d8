// Fields of one line, as the stages json and logfmt of the server would name them. For the details of a line; what is
// asked of the server is asked by these names.

export interface FieldOfLine {
  name: string;
  value: string;
  parser: 'json' | 'logfmt';
}

/** Fields of a line, at most: a row of details is not the place for more. */
const FIELDS_MAX = 200;
const DEPTH_MAX = 10;

/** A name as labels have it. */
function labelName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function fromJson(text: string): FieldOfLine[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const out: FieldOfLine[] = [];
  const walk = (node: object, prefix: string, depth: number) => {
    for (const [key, inner] of Object.entries(node) as [string, unknown][]) {
      if (out.length >= FIELDS_MAX) return;
      const name = prefix === '' ? labelName(key) : `${prefix}_${labelName(key)}`;
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        if (depth < DEPTH_MAX) walk(inner, name, depth + 1);
      } else if (inner !== null && !Array.isArray(inner)) {
        out.push({ name, value: String(inner), parser: 'json' });
      }
    }
  };
  walk(value, '', 0);
  return out;
}

const PAIR = /([A-Za-z_][\w.\-/]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/g;

function fromLogfmt(text: string): FieldOfLine[] {
  const out: FieldOfLine[] = [];
  for (const [, key = '', raw = ''] of text.matchAll(PAIR)) {
    if (out.length >= FIELDS_MAX) break;
    const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw;
    if (value !== '') out.push({ name: labelName(key), value, parser: 'logfmt' });
  }
  return out;
}

/** Fields of a line; none for text. One pair in a sentence is no logfmt. */
export function fieldsOf(line: string): FieldOfLine[] {
  const text = line.trim();
  if (text.startsWith('{')) {
    const found = fromJson(text);
    if (found !== null) return found;
  }
  if (text.length > 20_000) return [];
  const pairs = fromLogfmt(text);
  return pairs.length >= 2 ? pairs : [];
}

const TRACE_NAMES = ['trace_id', 'traceid', 'traceId', 'traceID', 'trace', 'TraceId', 'otelTraceID', 'x_b3_traceid', 'dd_trace_id'];

/** The trace that a line belongs to; null when it names none. */
export function traceOf(labels: Readonly<Record<string, string>>, fields: readonly FieldOfLine[]): string | null {
  for (const name of TRACE_NAMES) {
    const value = labels[name] ?? fields.find((field) => field.name === name)?.value;
    if (value !== undefined && /^[0-9a-fA-F-]{8,64}$/.test(value) && !/^0+$/.test(value)) return value;
  }
  return null;
}
