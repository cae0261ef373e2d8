// Positions of axis ticks. Bytes go by powers of two, durations by the clock, everything else by 1, 2, 2.5, 5.

import type { Unit } from './units';

const SECONDS = [
  1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5,
  10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/** The distance between ticks so that at most `count` of them span `range`. */
export function tickIncrement(range: number, count: number, unit: Unit): number {
  if (!(range > 0)) return 1;
  const wanted = range / Math.max(count, 1);
  if (unit === 'bytes' || unit === 'bytesPerSecond') return 2 ** Math.ceil(Math.log2(wanted));
  if (unit === 'seconds') {
    const nice = SECONDS.find((step) => step >= wanted);
    if (nice !== undefined) return nice;
  }
  const power = 10 ** Math.floor(Math.log10(wanted));
  for (const factor of [1, 2, 2.5, 5, 10]) if (power * factor >= wanted * 0.999) return power * factor;
  return power * 10;
}

/** All multiples of the increment within [min, max]. */
export function tickValues(min: number, max: number, increment: number): number[] {
  const out: number[] = [];
  const first = Math.ceil(min / increment - 1e-9);
  const last = Math.floor(max / increment + 1e-9);
  for (let i = first; i <= last && out.length < 100; i++) out.push(i === 0 ? 0 : +(i * increment).toPrecision(12));
  return out;
}

/** Widens the data's range to whole ticks and, unless the data is far from it, to zero. */
export function axisRange(min: number, max: number, unit: Unit, count = 4): [number, number] {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  let low = min;
  let high = max;
  // Show zero when it is near: a chart that starts elsewhere overstates small changes.
  if (low > 0 && low < high * 0.6) low = 0;
  if (high < 0 && high > low * 0.6) high = 0;
  if (low === high) {
    if (low === 0) return [0, 1];
    const pad = Math.abs(low) * 0.1;
    if (low > 0) low = Math.max(0, low - pad);
    else low -= pad;
    high += pad;
  }
  const increment = tickIncrement(high - low, count, unit);
  const whole: [number, number] = [Math.floor(low / increment + 1e-9) * increment, Math.ceil(high / increment - 1e-9) * increment];
  // A hair above a tick (a rate of 100.2 %) does not open another one.
  if (high < whole[1] - increment * 0.95) whole[1] = high;
  // A trickle below zero (or above) does not deserve a whole tick of empty chart.
  const sliver = (high - low) * 0.04;
  if (low < 0 && -low < sliver) whole[0] = -sliver;
  if (high > 0 && low < 0 && high < sliver) whole[1] = sliver;
  return whole;
}
