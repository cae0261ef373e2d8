// The steps of a histogram: whole ones that cover the range, each named by its start.

import type { ResolvedRange } from '../timerange';
import { chooseStep } from '../step';

export interface BarGrid extends ResolvedRange {
  step: number;
}

/** Steps from the one that holds the start to the one that holds the end, at most about `points`. */
export function barGrid({ start, end }: ResolvedRange, points: number): BarGrid {
  const step = chooseStep(end - start, points);
  const first = Math.floor(start / step) * step;
  return { start: first, end: Math.max(Math.ceil(end / step) * step, first + step), step };
}

/** A count over the step behind each point belongs to the bar that begins there. */
export function asked({ start, end, step }: BarGrid): BarGrid {
  return { start: start + step, end, step };
}
