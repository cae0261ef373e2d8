// The one time range and the one refresh clock of the application. Both live in the URL; views only read them.

import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { isRelative, resolveRange, DEFAULT_RANGE, type ResolvedRange, type TimeRange, type Zone } from '../lib/timerange';
import { readShared, refreshInterval, writeRange, writeRefresh, type Refresh } from '../lib/urlstate';
import { stored, store } from './storage';

export interface TimeState {
  range: TimeRange;
  /** Unix seconds at the last refresh. */
  resolved: ResolvedRange;
  explicit: boolean;
  /** Why `range` could not be read; `resolved` is then the default range. */
  invalid: boolean;
  refresh: Refresh;
  intervalMs: number | null;
  /** When the last refresh happened. */
  nowMs: number;
  /** How often somebody, not the clock, asked for what is new. */
  wanted: number;
  zone: Zone;
  setRange(range: TimeRange): void;
  setRefresh(refresh: Refresh): void;
  refreshNow(): void;
  setZone(zone: Zone): void;
}

const Context = createContext<TimeState | null>(null);

export function TimeProvider({ startMs, children }: { startMs: number; children: ReactNode }) {
  const [params, setParams] = useSearchParams();
  const [nowMs, setNowMs] = useState(startMs);
  const [zone, setZoneState] = useState<Zone>(() => (stored('zone') === 'utc' ? 'utc' : 'local'));
  const { from, to } = readShared(params).range;
  const { refresh, explicit } = readShared(params);

  const [wanted, setWanted] = useState(0);
  const refreshNow = useCallback(() => {
    setNowMs(Date.now());
    setWanted((count) => count + 1);
  }, []);
  const parsed = useMemo(() => resolveRange({ from, to }, nowMs), [from, to, nowMs]);
  const resolved = useMemo(() => parsed ?? resolveRange(DEFAULT_RANGE, nowMs) ?? { start: 0, end: 1 }, [parsed, nowMs]);
  const span = Math.round(resolved.end - resolved.start);
  const intervalMs = isRelative({ from, to }) ? refreshInterval(refresh, span) : null;

  useEffect(() => {
    if (intervalMs === null) return;
    // A hidden tab asks for nothing; it catches up when it is looked at again.
    const tick = () => {
      if (!document.hidden) setNowMs(Date.now());
    };
    const timer = setInterval(tick, intervalMs);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [intervalMs]);

  const setRange = useCallback(
    (range: TimeRange) => {
      setNowMs(Date.now());
      setParams((current) => writeRange(current, range));
    },
    [setParams],
  );
  const setRefresh = useCallback(
    (next: Refresh) => setParams((current) => writeRefresh(current, next), { replace: true }),
    [setParams],
  );
  const setZone = useCallback((next: Zone) => {
    store('zone', next);
    setZoneState(next);
  }, []);

  const value = useMemo<TimeState>(
    () => ({
      range: { from, to }, resolved, explicit, invalid: parsed === null, refresh, intervalMs, nowMs, wanted, zone,
      setRange, setRefresh, refreshNow, setZone,
    }),
    [from, to, resolved, explicit, parsed, refresh, intervalMs, nowMs, wanted, zone, setRange, setRefresh, refreshNow, setZone],
  );
  return <Context value={value}>{children}</Context>;
}

export function useTime(): TimeState {
  const value = useContext(Context);
  if (value === null) throw new Error('useTime outside TimeProvider');
  return value;
}
