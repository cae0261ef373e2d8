// Axes with explicit sizes (so that charts above each other align) and 24-hour times.

import type uPlot from 'uplot';
import { axisRange, tickIncrement, tickValues } from '../lib/ticks';
import { formatTime, type Zone } from '../lib/timerange';
import { formatTicks, type Unit } from '../lib/units';
import type { ChartInk } from './palette';

export const FONT = '11px "Inter Variable", system-ui, sans-serif';
export const Y_AXIS_WIDTH = 66;
export const X_AXIS_HEIGHT = 26;

function yTickCount(height: number): number {
  return Math.max(2, Math.min(6, Math.floor((height - X_AXIS_HEIGHT) / 38)));
}

/** Shortest form that still tells neighbouring ticks apart; the date where a day begins. */
function timeLabels(splits: readonly number[], increment: number, zone: Zone): string[] {
  let day = '';
  return splits.map((at, index) => {
    const full = formatTime(at, zone, true);
    const [date = '', time = ''] = full.split(' ');
    const monthDay = date.slice(5);
    const newDay = date !== day && index > 0;
    day = date;
    if (increment >= 86_400) return monthDay;
    if (newDay && time.startsWith('00:00')) return monthDay;
    return increment < 60 ? time : time.slice(0, 5);
  });
}

export function axes(unit: Unit, zone: Zone, ink: ChartInk): uPlot.Axis[] {
  const line = { stroke: ink.grid, width: 1 };
  return [
    {
      font: FONT,
      stroke: ink.text,
      size: X_AXIS_HEIGHT,
      gap: 6,
      space: 64,
      grid: line,
      ticks: { show: false },
      values: (_plot, splits, _axis, _space, increment) => timeLabels(splits, increment, zone),
    },
    {
      font: FONT,
      stroke: ink.text,
      size: Y_AXIS_WIDTH,
      gap: 8,
      grid: line,
      ticks: { show: false },
      splits: (plot, _axis, min, max) => {
        const increment = tickIncrement(max - min, yTickCount(plot.height), unit);
        return tickValues(min, max, increment);
      },
      values: (_plot, splits) => formatTicks(splits, (splits[1] ?? 0) - (splits[0] ?? 0), unit),
    },
  ];
}

export interface Bounds {
  min?: number | undefined;
  max?: number | undefined;
}

/** The y scale: whole ticks around the data, wider where the caller wants fixed ends. */
export function yRange(unit: Unit, bounds: Bounds): uPlot.Range.Function {
  return (plot, dataMin, dataMax) => {
    const low = Math.min(dataMin ?? Infinity, bounds.min ?? Infinity);
    const high = Math.max(dataMax ?? -Infinity, bounds.max ?? -Infinity);
    return axisRange(low, high, unit, yTickCount(plot.height));
  };
}
