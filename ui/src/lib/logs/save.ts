// Lines as files: text, JSON lines, CSV.

import { labelsOf, type Line } from './lines';

export type FileKind = 'text' | 'jsonl' | 'csv';

/** RFC 3339 with all nine digits. */
export function exactTime(line: Line): string {
  const nanos = line.time.padStart(9, '0').slice(-9);
  return `${new Date(line.ms).toISOString().slice(0, 19)}.${nanos}Z`;
}

function cell(text: string): string {
  // A spreadsheet would run what begins like a formula.
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

function csv(lines: readonly Line[], columns: readonly string[]): string {
  const names = columns.length > 0 ? [...columns] : [...new Set(lines.flatMap((line) => Object.keys(labelsOf(line))))].sort();
  const rows = lines.map((line) => {
    const labels = labelsOf(line);
    return [exactTime(line), line.level, ...names.map((name) => labels[name] ?? ''), line.line].map(cell).join(',');
  });
  return `${['time', 'level', ...names, 'line'].map(cell).join(',')}\r\n${rows.join('\r\n')}\r\n`;
}

/** The file's text, in the order given. */
export function asFile(lines: readonly Line[], kind: FileKind, columns: readonly string[] = []): string {
  if (kind === 'csv') return csv(lines, columns);
  if (kind === 'jsonl') return lines.map((line) => `${JSON.stringify({ time: exactTime(line), line: line.line, labels: line.stream, metadata: line.meta, parsed: line.parsed })}\n`).join('');
  return lines.map((line) => `${exactTime(line)} ${line.line}\n`).join('');
}
