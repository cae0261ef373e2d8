// What a query for lines answers: the volume over time above, and below it the lines, a table of them, or their patterns.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconRefresh } from '../../components/icons';
import { anatomy, literal } from '../../lib/logs/edit';
import { collapse } from '../../lib/logs/repeats';
import type { Display, LogsState, Tab } from '../../lib/logs/state';
import { formatValue, grouped } from '../../lib/units';
import { useLogsActions } from './actions';
import DisplayMenu from './DisplayMenu';
import FindBar, { useFind } from './FindBar';
import LineList from './LineList';
import LineTable from './LineTable';
import PatternsTab from './PatternsTab';
import SaveMenu from './SaveMenu';
import { useHeld } from './useHeld';
import { LINES_MAX, useLines } from './useLines';
import Volume from './Volume';

const TABS: readonly (readonly [Tab, string])[] = [['lines', 'Lines'], ['table', 'Table'], ['patterns', 'Patterns']];
/** Pages that are fetched to find the line that a link names. */
const LINK_LINES_MAX = 5_000;

function NoLines({ query }: { query: string }) {
  const { setRange } = useTime();
  const actions = useLogsActions();
  const filtered = (anatomy(query)?.stages.length ?? 0) > 0;
  const selector = anatomy(query)?.selector.text ?? query;
  return (
    <EmptyState title="No lines" code={filtered ? selector : `clients:\n  - url: ${location.origin}/loki/api/v1/push`}>
      Nothing matches between these times. <button type="button" className="link-button" onClick={() => setRange({ from: 'now-1d', to: 'now' })}>Look at the last 24 hours</button>
      {filtered ? (
        <> or <button type="button" className="link-button" onClick={() => actions.ask(selector)}>take the filters away</button>, which leaves:</>
      ) : (
        <>. If nothing sends yet, point Promtail or Alloy here as below, an OpenTelemetry exporter at <code>{location.origin}/v1/logs</code>, or Filebeat and Vector at <code>{location.origin}/elasticsearch</code>:</>
      )}
    </EmptyState>
  );
}

interface Props {
  state: LogsState;
  needles: readonly RegExp[];
  onChange(part: Partial<LogsState>): void;
}

export default function Results({ state, needles, onChange }: Props) {
  const { zone, nowMs } = useTime();
  const { query, display, hidden, columns } = state;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(state.line === '' ? [] : [state.line]));
  const [cursor, setCursorKey] = useState(state.line);
  const [target, setTarget] = useState('');
  const held = useHeld(open.size > 0 || cursor !== '', `${query}\u0000${state.tab}`);
  const list = useLines(query, held.range, display.oldest, state.tab !== 'patterns');
  const rows = useMemo(() => collapse(list.lines.filter(({ level }) => !hidden.has(level)), display.dedup), [list.lines, hidden, display.dedup]);
  const [find, setFind, findNow] = useFind();
  const finder = useMemo(() => (findNow.trim() === '' ? null : literal(findNow, 'gi')), [findNow]);
  const marks = useMemo(() => (finder === null ? needles : [...needles, finder]), [needles, finder]);
  const found = useMemo(() => (finder === null ? [] : rows.flatMap(({ line }) => (line.line.toLowerCase().includes(findNow.toLowerCase()) ? [line.key] : []))), [rows, finder, findNow]);
  const setDisplay = (part: Partial<Display>) => onChange({ display: { ...display, ...part } });
  const setCursor = useCallback((key: string) => setCursorKey(key), []);
  const { more, fetchMore, fetchingMore, lines } = list;

  // A link names a line: it is looked for, shown, and opened. What was opened here needs none of it.
  const openedHere = useRef('');
  const linked = state.line !== '' && rows.some(({ line }) => line.key === state.line);
  useEffect(() => {
    if (state.line === '' || state.line === openedHere.current || list.pending) return;
    if (linked) setTarget(state.line);
    else if (more && !fetchingMore && lines.length < LINK_LINES_MAX) fetchMore();
    // fetchMore is new at every rendering.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [state.line, linked, list.pending, more, fetchingMore, lines.length]);

  const step = (by: number) => {
    if (found.length === 0) return;
    const at = found.indexOf(cursor);
    const next = found[(at < 0 ? (by > 0 ? 0 : found.length - 1) : at + by + found.length) % found.length] ?? '';
    setCursorKey(next);
    setTarget(next);
  };
  const openRows = (next: ReadonlySet<string>) => {
    setOpen(next);
    // The address follows the line that is open, so that it can be shared as it stands.
    const last = [...next].at(-1) ?? '';
    openedHere.current = last;
    if (last !== state.line) onChange({ line: last });
  };
  const onEnd = () => {
    if (more && rows.length < LINES_MAX) fetchMore();
  };
  const isLines = state.tab !== 'patterns';
  const shared = { rows, display, zone, nowMs, open, onOpen: openRows, cursor, onCursor: setCursor, onEnd, old: list.old };
  return (
    <div className="logs-results">
      {list.error === null && <Volume query={query} range={held.range} by={state.by} parser={state.byParser} hidden={hidden} onHidden={(next) => onChange({ hidden: next })} onBy={(by) => onChange({ by, byParser: '' })} enabled />}
      <div className="logs-tools">
        <div className="segments" role="tablist" aria-label="View">
          {TABS.map(([tab, title]) => <button key={tab} type="button" role="tab" aria-selected={state.tab === tab} onClick={() => onChange({ tab })}>{title}</button>)}
        </div>
        {isLines && lines.length > 0 && <span className="dim logs-cost" title={list.cost === undefined ? undefined : `${grouped(list.cost.totalLinesProcessed ?? 0)} lines looked at`}>{grouped(rows.length)}{rows.length === lines.length ? '' : ` of ${grouped(lines.length)}`}{more ? (display.oldest ? ' oldest' : ' newest') : ''} · {Math.round(list.tookMs)} ms{(list.cost?.totalBytesProcessed ?? 0) > 0 && ` · ${formatValue(list.cost?.totalBytesProcessed ?? 0, 'bytes')} read`}</span>}
        {held.behind && <button type="button" className="button button-small logs-behind" title="The page does not refresh by itself while you read. This shows what came since." onClick={() => { setOpen(new Set()); setCursorKey(''); held.release(); scrollTo({ top: 0 }); }}><IconRefresh size={14} aria-hidden /> Held while you read</button>}
        <span className="spacer" />
        {isLines && (
          <>
            <FindBar text={find} setText={setFind} at={found.indexOf(cursor) + 1} of={found.length} onStep={step} />
            <button type="button" className="button button-small" title="Which end of the range comes first" onClick={() => setDisplay({ oldest: !display.oldest })}>{display.oldest ? 'Oldest first' : 'Newest first'}</button>
            <DisplayMenu display={display} onChange={setDisplay} />
            <SaveMenu query={query} range={held.range} lines={lines} more={more} columns={columns} oldest={display.oldest} />
          </>
        )}
      </div>
      {list.warnings.map((warning) => <p key={warning} className="annotation">{warning}</p>)}
      {isLines && list.error !== null && <ErrorNote error={list.error} expr={query} />}
      {isLines && list.error === null && list.pending && <div className="result-wait" style={{ height: 320 }} aria-label="Loading the lines" />}
      {isLines && list.error === null && !list.pending && !list.stopped && lines.length === 0 && <NoLines query={query} />}
      {isLines && list.stopped && <EmptyState title="Stopped">The question was given up before its answer came. A shorter range or more labels in the selector make it cheaper; Run asks again.</EmptyState>}
      {isLines && lines.length > 0 && rows.length === 0 && <EmptyState compact title="All of these lines are switched off">The legend above hides their levels. <button type="button" className="link-button" onClick={() => onChange({ hidden: new Set() })}>Show all levels</button></EmptyState>}
      {state.tab === 'lines' && list.error === null && rows.length > 0 && <LineList {...shared} needles={marks} target={target} />}
      {state.tab === 'table' && list.error === null && rows.length > 0 && <LineTable {...shared} columns={columns} sort={state.sort} onSort={(sort) => onChange({ sort })} />}
      {state.tab === 'patterns' && <PatternsTab query={query} range={held.range} />}
      {isLines && rows.length > 0 && (
        <p className="dim logs-end">
          {fetchingMore ? 'Loading more lines…' : more ? <button type="button" className="button button-small" onClick={fetchMore}>Load more lines</button> : lines.length >= LINES_MAX ? `The list ends at ${grouped(LINES_MAX)} lines: narrow the query, shorten the range, or save the lines into a file.` : `${display.oldest ? 'The newest' : 'The oldest'} line of the range. ${grouped(lines.length)} in all.`}
        </p>
      )}
    </div>
  );
}
