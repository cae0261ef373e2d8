// Resolution of range queries: how far apart the points of a chart are.

/** Steps that divide minutes, hours and days, so that points of neighbouring ranges coincide. Seconds. */
const NICE_STEPS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400,
];

/** Prometheus refuses more points per series than this. */
export const POINTS_MAX = 11_000;

/** The smallest nice step that yields at most `points` points over `spanSeconds`. */
export function chooseStep(spanSeconds: number, points: number, minStep = 1): number {
  const wanted = Math.max(spanSeconds / Math.max(points, 1), minStep);
  return NICE_STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}

/** A fixed step, raised where the server would refuse it. */
export function clampStep(stepSeconds: number, spanSeconds: number): number {
  return Math.max(stepSeconds, Math.ceil((spanSeconds / POINTS_MAX) * 1000) / 1000, 0.001);
}

/**
 * The window of a `rate()` drawn with this step: never narrower than the step (or samples between points
 * would be lost), and never narrower than four scrapes, so that one missed scrape leaves no hole.
 */
export function rateWindow(stepSeconds: number, scrapeSeconds = 15): number {
  return Math.ceil(Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds));
}

/** Moves both ends to multiples of the step; neighbouring refreshes then ask for the same instants. */
export function alignRange(start: number, end: number, step: number): { start: number; end: number } {
  const first = Math.floor(start / step) * step;
  return { start: first, end: Math.max(Math.floor(end / step) * step, first) };
}
