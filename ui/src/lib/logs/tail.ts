// What a live tail has received: the newest lines within a limit, how many were let go, and how fast they come.

import { linesOf, type Line, type StreamResult } from './lines';

/** Lines kept while they run past; and while the tail is paused, lines that wait. */
export const TAIL_MAX = 5_000;
/** Seconds over which the rate is taken. */
const RATE_SECONDS = 10;

export interface TailMessage {
  streams?: StreamResult[] | null;
  dropped_entries?: { labels?: Record<string, string> }[] | null;
}

export interface TailState {
  /** Newest first. */
  lines: Line[];
  /** Lines that wait while paused, newest first. */
  waiting: Line[];
  messages: number;
  received: number;
  /** The server let go of these, because this browser was too slow. */
  droppedByServer: number;
  /** This page let go of these, because more is kept by nobody. */
  droppedHere: number;
  /** Seconds and counts of the last moments. */
  recent: [number, number][];
}

export const EMPTY_TAIL: TailState = { lines: [], waiting: [], messages: 0, received: 0, droppedByServer: 0, droppedHere: 0, recent: [] };

function droppedOf(message: TailMessage): number {
  return (message.dropped_entries ?? []).reduce((sum, { labels }) => sum + (Number(labels?.['__dropped__']) || 1), 0);
}

/** `sinceSeconds` is when the tail began: the first message may have older lines, to begin with, which count as nothing. */
export function receive(state: TailState, message: TailMessage, paused: boolean, nowSeconds: number, sinceSeconds: number): TailState {
  const lines = linesOf(message.streams ?? []);
  const fresh = state.messages > 0 ? lines.length : lines.filter(({ ms }) => ms >= (sinceSeconds - 1) * 1000).length;
  const into = paused ? state.waiting : state.lines;
  const all = lines.length === 0 ? into : [...lines, ...into];
  const kept = all.length > TAIL_MAX ? all.slice(0, TAIL_MAX) : all;
  const recent: [number, number][] = [...state.recent.filter(([at]) => at > nowSeconds - RATE_SECONDS), [nowSeconds, fresh]];
  return {
    lines: paused ? state.lines : kept,
    waiting: paused ? kept : [],
    messages: state.messages + 1,
    received: state.received + fresh,
    droppedByServer: state.droppedByServer + droppedOf(message),
    // Lines that leave at the bottom of a running tail were seen; those of a paused one never will be.
    droppedHere: state.droppedHere + (paused ? all.length - kept.length : 0),
    recent,
  };
}

/** Goes on: what waited comes to the top. */
export function resume(state: TailState): TailState {
  return { ...state, lines: [...state.waiting, ...state.lines].slice(0, TAIL_MAX), waiting: [] };
}

/** Lines a second over the last moments. */
export function rateOf(state: TailState, nowSeconds: number, startedSeconds: number): number {
  const since = Math.max(nowSeconds - RATE_SECONDS, startedSeconds);
  const count = state.recent.filter(([at]) => at > since).reduce((sum, [, n]) => sum + n, 0);
  return count / Math.max(nowSeconds - since, 1);
}
