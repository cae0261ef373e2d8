// While somebody reads, what is shown stays: a list that grows at its top every ten seconds cannot be read.

import { useEffect, useRef, useState } from 'react';
import { useTime } from '../../app/time';
import type { ResolvedRange } from '../../lib/timerange';

/** How far down counts as reading. */
const AWAY_PX = 500;

export interface Held {
  range: ResolvedRange;
  /** The clock has gone on without the page. */
  behind: boolean;
  release(): void;
}

/** Whether the page is scrolled down. */
export function useAway(): boolean {
  const [away, setAway] = useState(false);
  useEffect(() => {
    const look = () => setAway(scrollY > AWAY_PX);
    look();
    document.addEventListener('scroll', look, { passive: true });
    return () => document.removeEventListener('scroll', look);
  }, []);
  return away;
}

/** The shared range, held while `busy` or while the page is scrolled down. */
export function useHeld(busy: boolean, question: string): Held {
  const { resolved, range, wanted } = useTime();
  const away = useAway();
  const [released, setReleased] = useState(0);
  const wish = [range.from, range.to, wanted, released, question].join('\u0000');
  const kept = useRef({ resolved, wish });
  if ((!busy && !away) || kept.current.wish !== wish) kept.current = { resolved, wish };
  return {
    range: kept.current.resolved,
    behind: kept.current.resolved.end !== resolved.end,
    release: () => setReleased((count) => count + 1),
  };
}
