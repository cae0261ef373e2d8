// Keyboard: `/` focuses the page's search, `?` lists the shortcuts, `g` and a letter goes to a page, `r` refreshes.

import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { carryShared } from '../lib/urlstate';
import { PAGES } from './nav';

/** How long `g` waits for its letter. */
const CHORD_MS = 1500;

export const SHORTCUTS: ReadonlyArray<readonly [keys: readonly string[], meaning: string]> = [
  [['/'], 'Focus search on this page'],
  [['?'], 'Show this list'],
  [['r'], 'Refresh now'],
  [['j'], 'Next line (Logs)'],
  [['k'], 'Line before (Logs)'],
  [['Enter'], 'Open or close the line (Logs)'],
  [['Space'], 'Pause the live tail (Logs)'],
  ...PAGES.map(({ key, title }) => [['g', key], `Go to ${title}`] as const),
];

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Focuses the first search field of the page; false when the page has none. */
export function focusSearch(): boolean {
  const field = document.querySelector<HTMLElement>('[data-search] .cm-content, input[data-search], [data-search] input, [data-search] textarea');
  field?.focus();
  return field !== null;
}

export function useShortcuts(actions: { help(): void; refresh(): void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let chordUntil = 0;
    const go = (path: string) => void navigate(carryShared(path, new URLSearchParams(location.search)));
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (performance.now() < chordUntil) {
        chordUntil = 0;
        const page = PAGES.find(({ key }) => key === event.key);
        if (page === undefined) return;
        event.preventDefault();
        go(page.path);
      } else if (event.key === 'g') {
        chordUntil = performance.now() + CHORD_MS;
      } else if (event.key === '?') {
        event.preventDefault();
        actions.help();
      } else if (event.key === 'r') {
        actions.refresh();
      } else if (event.key === '/') {
        event.preventDefault();
        if (!focusSearch()) go('/explore');
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, actions]);
}
