// The list of lines. It scrolls with the page; only what is near the window is in the document, however long lines are.

import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { Line } from '../../lib/logs/lines';
import type { Row } from '../../lib/logs/repeats';
import type { Display } from '../../lib/logs/state';
import type { Zone } from '../../lib/timerange';
import { IconAlert } from '../../components/icons';
import LineDetails from './LineDetails';
import LineRow from './LineRow';
import { useOpenRows } from './useOpenRows';

const ROW_PX = 22;
const LINE_PX = 18;
const CHAR_PX = 7.3;

interface Props {
  rows: readonly Row[];
  display: Display;
  zone: Zone;
  nowMs: number;
  needles: readonly RegExp[];
  /** Keys of opened lines. */
  open: ReadonlySet<string>;
  onOpen(open: ReadonlySet<string>): void;
  /** The line that the keyboard is at. */
  cursor: string;
  onCursor(key: string): void;
  /** Scrolled to when it changes. */
  target: string;
  /** The end of the list came near. */
  onEnd(): void;
  old: boolean;
}

/** How high a row will be, about: the scroll bar then moves little when rows are measured. */
function estimate(line: Line | undefined, display: Display, chars: number): number {
  if (line === undefined) return ROW_PX;
  const text = line.line.length > 2000 ? 2000 : line.line.length;
  let lines = display.wrap ? Math.max(Math.ceil(text / chars), 1) : 1;
  if (line.line.includes('\n')) lines = Math.min(line.line.split('\n', 13).length, 12);
  return lines * LINE_PX + (ROW_PX - LINE_PX);
}

export default function LineList({ rows, display, zone, nowMs, needles, open, onOpen, cursor, onCursor, target, onEnd, old }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, chars: 120 });
  useLayoutEffect(() => {
    const node = host.current;
    if (node === null) return;
    const look = () => {
      const top = Math.round(node.getBoundingClientRect().top + scrollY);
      const chars = Math.max(Math.floor((node.clientWidth - (innerWidth > 760 ? 240 : 20)) / CHAR_PX), 20);
      setPlace((now) => (now.top === top && now.chars === chars ? now : { top, chars }));
    };
    look();
    // What stands above the list may change its height: the histogram arrives, chips come and go.
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (index) => estimate(rows[index]?.line, display, place.chars),
    getItemKey: (index) => rows[index]?.line.key ?? index,
    overscan: 12,
    scrollMargin: place.top,
    // Below the frame's header, and above the window's end.
    scrollPaddingStart: 110,
    scrollPaddingEnd: 24,
  });
  const { items, indexOf, onClick } = useOpenRows({ rows, virtual, host, open, onOpen, cursor, onCursor, onEnd });

  useEffect(() => {
    const index = indexOf.get(target);
    if (target !== '' && index !== undefined) virtual.scrollToIndex(index, { align: 'center' });
    // A list that grows must not jump back to its target.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [target]);

  return (
    <div className={`line-list${display.wrap ? '' : ' line-list-nowrap'}${old ? ' result-old' : ''}`} ref={host} onClick={onClick} role="list" aria-label="Lines">
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const { line, count } = row;
          const isOpen = open.has(line.key);
          return (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} role="listitem" className={isOpen ? 'll-row ll-open' : 'll-row'} style={{ transform: `translateY(${item.start - place.top}px)` }}>
              <LineRow line={line} count={count} open={isOpen} current={cursor === line.key} display={display} zone={zone} nowMs={display.time === 'relative' ? nowMs : 0} needles={needles} />
              {isOpen && <LineDetails line={line} />}
              {isOpen && (line.parsed['__error__'] ?? '') !== '' && (
                <p className="ll-broken"><IconAlert size={14} aria-hidden /> A stage could not read this line: {line.parsed['__error__']}{line.parsed['__error_details__'] === undefined ? '' : `, ${line.parsed['__error_details__']}`}</p>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
