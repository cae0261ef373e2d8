// The lines before and after one, of its stream, whatever the query filters.

import { useEffect, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { queryLogs, streamSelector, streamsOf } from '../../api/logs';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import { IconX } from '../../components/icons';
import { linesOf, nanosAfter, type Line } from '../../lib/logs/lines';
import type { Display } from '../../lib/logs/state';
import LineRow from './LineRow';

const LINES = 15;
/** How far to each side is looked. */
const REACH_NS = 24n * 3_600_000_000_000n;

export default function ContextDialog({ line, display, onClose }: { line: Line; display: Display; onClose(): void }) {
  const { zone } = useTime();
  const dialog = useRef<HTMLDialogElement>(null);
  const [before, setBefore] = useState(LINES);
  const [after, setAfter] = useState(LINES);
  const selector = streamSelector(line);
  useEffect(() => dialog.current?.showModal(), []);
  const older = useQuery({
    queryKey: ['logs-before', line.key, before],
    queryFn: async ({ signal }) => linesOf(streamsOf((await queryLogs({ query: selector, start: nanosAfter(line.time, -REACH_NS), end: nanosAfter(line.time), limit: before + 1 }, signal)).data)),
    placeholderData: (old) => old,
  });
  const newer = useQuery({
    queryKey: ['logs-after', line.key, after],
    queryFn: async ({ signal }) => linesOf(streamsOf((await queryLogs({ query: selector, start: nanosAfter(line.time), end: nanosAfter(line.time, REACH_NS), limit: after, direction: 'forward' }, signal)).data)),
    placeholderData: (old) => old,
  });
  useEffect(() => {
    if (older.data !== undefined && newer.data !== undefined) dialog.current?.querySelector('.context-this')?.scrollIntoView({ block: 'center' });
  }, [older.data === undefined, newer.data === undefined]);
  const same = (one: Line) => one.time === line.time && one.line === line.line;
  const below = (older.data ?? []).filter((one) => !same(one));
  const row = (one: Line, isThis: boolean) => (
    <li key={`${one.key}${isThis ? ' this' : ''}`} className={isThis ? 'context-this' : undefined} aria-current={isThis ? 'true' : undefined}>
      <LineRow line={one} count={1} open={false} current={false} display={display} zone={zone} nowMs={0} needles={[]} />
    </li>
  );
  return (
    <dialog ref={dialog} className="dialog context-dialog" aria-label="Lines around it" onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <header>
        <h2>Lines around it</h2>
        <code className="dim">{selector}</code>
        <button type="button" className="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}><IconX size={16} aria-hidden /></button>
      </header>
      <div className="context-lines line-list">
        {(older.error ?? newer.error) !== null && <ErrorNote error={older.error ?? newer.error} expr={selector} />}
        {newer.data !== undefined && (newer.data.length >= after ? <button type="button" className="button button-small" disabled={newer.isFetching} onClick={() => setAfter(after * 3)}>More newer lines</button> : <p className="dim">Nothing newer within a day.</p>)}
        <ul>
          {(newer.data ?? []).map((one) => row(one, false))}
          {row(line, true)}
          {below.map((one) => row(one, false))}
        </ul>
        {older.data !== undefined && (below.length >= before ? <button type="button" className="button button-small" disabled={older.isFetching} onClick={() => setBefore(before * 3)}>More older lines</button> : <p className="dim">Nothing older within a day.</p>)}
      </div>
    </dialog>
  );
}
