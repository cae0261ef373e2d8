// The keyboard in a list of lines: j and k go from line to line, Enter opens one, Escape closes.

import { useEffect, useRef } from 'react';

interface Keys {
  /** The next line in that direction, or the first one on the screen. */
  move(step: number): void;
  toggle(key: string): void;
  open: ReadonlySet<string>;
  onOpen(open: ReadonlySet<string>): void;
  cursor: string;
  onCursor(key: string): void;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function useLineKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]') !== null) return;
      const inButton = event.target instanceof HTMLElement && event.target.closest('button, a') !== null;
      const { move, toggle, open, onOpen, cursor, onCursor } = latest.current;
      if (event.key === 'j') move(1);
      else if (event.key === 'k') move(-1);
      else if ((event.key === 'Enter' || event.key === 'o') && cursor !== '' && !inButton) toggle(cursor);
      else if (event.key === 'Escape' && open.size > 0) onOpen(new Set());
      else if (event.key === 'Escape' && cursor !== '') onCursor('');
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** The row that the keyboard is at has the focus, so that a reader speaks it; not while the focus is in its details. */
export function useFocusedLine(host: React.RefObject<HTMLElement | null>, cursor: string, drawn: number): void {
  useEffect(() => {
    if (cursor === '') return;
    const row = host.current?.querySelector<HTMLElement>(`[data-line="${CSS.escape(cursor)}"]`);
    const at = document.activeElement;
    const elsewhere = at instanceof HTMLElement && (typing(at) || (host.current?.contains(at) === true && at.closest('.ll-details') !== null));
    if (row != null && !elsewhere) row.focus({ preventScroll: true });
  }, [host, cursor, drawn]);
}
