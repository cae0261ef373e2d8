// Lines into a file: those that are loaded, or all that match within a limit.

import { useState } from 'react';
import { queryLogs, streamsOf } from '../../api/logs';
import Dropdown from '../../components/Dropdown';
import { IconDownload } from '../../components/icons';
import { joinPages, linesOf, nanosAfter, type Line } from '../../lib/logs/lines';
import { asFile, type FileKind } from '../../lib/logs/save';
import { isoSeconds, type ResolvedRange } from '../../lib/timerange';
import { grouped } from '../../lib/units';

const ALL_MAX = 50_000;
const PAGE = 5_000;
const KINDS: readonly (readonly [FileKind, string, string, string])[] = [
  ['text', 'Text', 'log', 'text/plain'],
  ['jsonl', 'JSON lines', 'jsonl', 'application/x-ndjson'],
  ['csv', 'CSV', 'csv', 'text/csv'],
];

function save(text: string, name: string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function all(query: string, range: ResolvedRange, told: (count: number) => void): Promise<Line[]> {
  let lines: Line[] = [];
  let end: number | string = range.end;
  while (lines.length < ALL_MAX) {
    const page = linesOf(streamsOf((await queryLogs({ query, start: range.start, end, limit: PAGE })).data));
    const joined = joinPages(lines, page);
    const grew = joined.length > lines.length;
    lines = joined;
    told(lines.length);
    const oldest = page.at(-1);
    if (!grew || page.length < PAGE || oldest === undefined) break;
    end = nanosAfter(oldest.time);
  }
  return lines.slice(0, ALL_MAX);
}

interface Props {
  query: string;
  range: ResolvedRange;
  lines: readonly Line[];
  /** There are more than those. */
  more: boolean;
  columns: readonly string[];
  oldest: boolean;
}

export default function SaveMenu({ query, range, lines, more, columns, oldest }: Props) {
  const [fetched, setFetched] = useState<number | null>(null);
  const [failed, setFailed] = useState('');
  const write = (list: readonly Line[], [kind, , ending, type]: (typeof KINDS)[number]) => {
    save(asFile(list, kind, columns), `logs-${isoSeconds(range.end).replace(/:/g, '')}.${ending}`, type);
  };
  const writeAll = (kind: (typeof KINDS)[number]) => {
    setFetched(0);
    setFailed('');
    all(query, range, setFetched)
      .then((list) => write(oldest ? [...list].reverse() : list, kind))
      .catch((error: unknown) => setFailed(error instanceof Error ? error.message : String(error)))
      .finally(() => setFetched(null));
  };
  return (
    <Dropdown face={<><IconDownload size={15} aria-hidden /> {fetched === null ? <span className="wide-only">Save</span> : `${grouped(fetched)}…`}</>} className="button button-small" label="Save the lines into a file" align="end">
      {(close) => (
        <div className="menu">
          <p className="dim menu-title">{grouped(lines.length)} loaded lines</p>
          {KINDS.map((kind) => <button key={kind[0]} type="button" disabled={lines.length === 0} onClick={() => { write(lines, kind); close(); }}>{kind[1]}</button>)}
          {more && <p className="dim menu-title">All that match, up to {grouped(ALL_MAX)}</p>}
          {more && KINDS.map((kind) => <button key={kind[0]} type="button" disabled={fetched !== null} onClick={() => writeAll(kind)}>{kind[1]}</button>)}
          {failed !== '' && <p className="annotation">{failed}</p>}
        </div>
      )}
    </Dropdown>
  );
}
