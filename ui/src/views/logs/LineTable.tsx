// Lines as a table of chosen columns. Rows open as they do in the list.

import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { IconX } from '../../components/icons';
import { columnOf, sorted } from '../../lib/logs/columns';
import { stripAnsi } from '../../lib/logs/ansi';
import type { Row } from '../../lib/logs/repeats';
import type { Display, Sort } from '../../lib/logs/state';
import type { Zone } from '../../lib/timerange';
import { useLogsActions } from './actions';
import LineDetails from './LineDetails';
import { timeText } from './LineRow';
import { useOpenRows } from './useOpenRows';

const ROW_PX = 27;
const CELL_CHARS = 300;
const NUMBER = /^-?\d+(\.\d+)?$/;

interface Props {
  rows: readonly Row[];
  columns: readonly string[];
  sort: Sort | null;
  onSort(sort: Sort | null): void;
  display: Display;
  zone: Zone;
  nowMs: number;
  open: ReadonlySet<string>;
  onOpen(open: ReadonlySet<string>): void;
  cursor: string;
  onCursor(key: string): void;
  onEnd(): void;
  old: boolean;
}

export default function LineTable({ rows, columns, sort, onSort, display, zone, nowMs, open, onOpen, cursor, onCursor, onEnd, old }: Props) {
  const actions = useLogsActions();
  const host = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const node = host.current;
    if (node === null) return;
    const look = () => setTop(Math.round(node.getBoundingClientRect().top + scrollY));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const list = useMemo(() => sorted(rows, sort), [rows, sort]);
  const virtual = useWindowVirtualizer({ count: list.length, estimateSize: () => ROW_PX, getItemKey: (index) => list[index]?.line.key ?? index, overscan: 16, scrollMargin: top, scrollPaddingStart: 110, scrollPaddingEnd: 24 });
  const { items, onClick } = useOpenRows({ rows: list, virtual, host, open, onOpen, cursor, onCursor, onEnd });

  const numeric = useMemo(() => new Set(columns.filter((column) => rows.slice(0, 40).some(({ line }) => NUMBER.test(columnOf(line, column))) && rows.slice(0, 40).every(({ line }) => /^$/.test(columnOf(line, column)) || NUMBER.test(columnOf(line, column))))), [rows, columns]);
  const template = { gridTemplateColumns: `${display.time === 'full' ? '176px' : '104px'} 60px ${columns.map((column) => (numeric.has(column) ? 'minmax(84px, 116px)' : 'minmax(140px, 1fr)')).join(' ')} minmax(240px, ${columns.length > 0 ? 2 : 1}fr)`, minWidth: 500 + columns.reduce((sum, column) => sum + (numeric.has(column) ? 96 : 152), 0) };
  const head = (column: string, title: string, removable: boolean) => {
    const on = sort?.column === column;
    return (
      <span key={column} role="columnheader" className={numeric.has(column) ? 'lt-number' : undefined} aria-sort={on ? (sort.down ? 'descending' : 'ascending') : 'none'}>
        <button type="button" title={`Sort by ${title}`} onClick={() => onSort(on ? (sort.down ? { column, down: false } : null) : { column, down: true })}>
          {title}{on && (sort.down ? ' ↓' : ' ↑')}
        </button>
        {removable && <button type="button" className="icon-button" aria-label={`Remove the column ${title}`} title="Remove this column" onClick={() => actions.toggleColumn(column)}><IconX size={12} aria-hidden /></button>}
      </span>
    );
  };
  return (
    <div className={old ? 'line-table result-old' : 'line-table'} role="table" aria-label="Lines" onClick={onClick}>
      <div className="lt-head" role="row" style={template}>
        {head('time', 'time', false)}
        {head('level', 'level', false)}
        {columns.map((column) => head(column, column, true))}
        {head('line', 'line', false)}
      </div>
      <div ref={host} style={{ height: virtual.getTotalSize(), position: 'relative', minWidth: template.minWidth }}>
        {items.map((item) => {
          const row = list[item.index];
          if (row === undefined) return null;
          const { line } = row;
          const isOpen = open.has(line.key);
          return (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={isOpen ? 'll-row ll-open' : 'll-row'} style={{ transform: `translateY(${item.start - top}px)` }}>
              <div className={`lt-row level-${line.level || 'none'}${cursor === line.key ? ' ll-current' : ''}`} role="row" tabIndex={cursor === line.key ? 0 : -1} aria-expanded={isOpen} data-line={line.key} style={template}>
                <time role="cell">{timeText(line, display.time === 'none' ? 'clock' : display.time, zone, nowMs)}</time>
                <span role="cell" className="ll-level">{line.level === '' ? '·' : line.level}</span>
                {columns.map((column) => {
                  const value = columnOf(line, column);
                  return <span key={column} role="cell" title={value} className={numeric.has(column) ? 'lt-number' : undefined}>{value === '' ? <i className="dim">–</i> : value.slice(0, CELL_CHARS)}</span>;
                })}
                <span role="cell" className="lt-line">{stripAnsi(line.line.slice(0, CELL_CHARS * 4)).slice(0, CELL_CHARS)}</span>
              </div>
              {isOpen && <pre className="lt-whole">{stripAnsi(line.line.slice(0, 20_000))}</pre>}
              {isOpen && <LineDetails line={line} />}
            </div>
          );
        })}
      </div>
      {columns.length === 0 && <p className="dim lt-hint">Choose columns among the fields on the left, or in the details of a line.</p>}
    </div>
  );
}
