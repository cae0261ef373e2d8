// What a list and a table of lines have in common: rows open and close, the keyboard walks over them, their end asks for more.

import { useEffect, useMemo } from 'react';
import type { Virtualizer } from '@tanstack/react-virtual';
import type { Row } from '../../lib/logs/repeats';
import { useFocusedLine, useLineKeys } from './useLineKeys';

interface OpenRows {
  rows: readonly Row[];
  virtual: Virtualizer<Window, Element>;
  host: React.RefObject<HTMLElement | null>;
  open: ReadonlySet<string>;
  onOpen(open: ReadonlySet<string>): void;
  cursor: string;
  onCursor(key: string): void;
  onEnd(): void;
}

export function useOpenRows({ rows, virtual, host, open, onOpen, cursor, onCursor, onEnd }: OpenRows) {
  const indexOf = useMemo(() => new Map(rows.map(({ line }, index) => [line.key, index])), [rows]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;

  useEffect(() => {
    if (last >= 0 && last >= rows.length - 1) onEnd();
    // onEnd is asked again only when the rows have grown or moved.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [last, rows.length]);

  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    onOpen(next);
    onCursor(key);
  };
  const move = (step: number) => {
    const at = indexOf.get(cursor);
    const index = at === undefined ? (items.find((item) => item.end > scrollY)?.index ?? 0) : Math.min(Math.max(at + step, 0), rows.length - 1);
    const row = rows[index];
    if (row === undefined) return;
    onCursor(row.line.key);
    virtual.scrollToIndex(index, { align: 'auto' });
  };
  useLineKeys({ move, toggle, open, onOpen, cursor, onCursor });
  useFocusedLine(host, cursor, last);

  const onClick = (event: React.MouseEvent) => {
    const key = event.target instanceof Element ? event.target.closest('[data-line]')?.getAttribute('data-line') : null;
    // Who selects text wants the text, not the details.
    if (key == null || getSelection()?.isCollapsed === false) return;
    toggle(key);
  };
  return { items, indexOf, onClick };
}
