// Builds uPlot's options from what a panel knows. No React here.

import uPlot from 'uplot';
import { stackColumns } from '../lib/samples';
import type { ResolvedRange, Zone } from '../lib/timerange';
import type { Unit } from '../lib/units';
import { axes, yRange, type Bounds } from './axes';
import { chartInk, withAlpha, type Scheme } from './palette';
import { tooltipPlugin } from './tooltip';

export interface ChartSeries {
  key: string;
  label: string;
  values: (number | null)[];
  color: string;
  dash?: readonly number[];
  /** Drawn as a thin reference line, without fill, and never stacked. */
  reference?: boolean;
  /** Drawn below zero only to save a chart (bytes sent); people read it without the sign. */
  absolute?: boolean;
}

export interface PlotInput {
  times: number[];
  series: ChartSeries[];
  unit: Unit;
  stacked: boolean;
  /** Stacked bars, each from its time to the next; the last series stands at the bottom. */
  bars?: boolean;
  range: ResolvedRange;
  bounds: Bounds;
  zone: Zone;
  scheme: Scheme;
}

/** Above this many series, effects that redraw or keep an element per series are left out. */
const MANY = 40;

/** What uPlot draws: stacked series become running sums, reference lines stay as they are. */
export function plotData({ times, series, stacked, bars }: PlotInput): uPlot.AlignedData {
  // Bars are painted over each other, the tallest first: each is the sum of itself and of all below it.
  if (bars === true) return [times, ...stackColumns(series.map(({ values }) => values).reverse()).reverse()];
  if (!stacked) return [times, ...series.map(({ values }) => values)];
  const sums = stackColumns(series.filter(({ reference }) => reference !== true).map(({ values }) => values));
  let next = 0;
  return [times, ...series.map((one) => (one.reference === true ? one.values : (sums[next++] ?? one.values)))];
}

/** Two inputs with the same signature differ in data only, so the plot can stay. */
export function signature({ series, unit, stacked, bars, zone, scheme, bounds }: PlotInput): string {
  const names = series.map(({ key, color, dash }) => `${key}\u0001${color}\u0001${dash?.length ?? 0}`).join('\u0002');
  return [unit, stacked, bars, zone, scheme, bounds.min, bounds.max, names].join('\u0003');
}

function bandsOf({ series, stacked, bars }: PlotInput): uPlot.Band[] {
  if (!stacked || bars === true) return [];
  const stack = series.flatMap(({ reference }, index) => (reference === true ? [] : [index + 1]));
  return stack.slice(1).map((upper, index) => ({ series: [upper, stack[index] ?? 1] }));
}

/** Points without neighbours: a line cannot show them, so they get a dot. */
function isolated(plot: uPlot, index: number): number[] | null {
  const column = plot.data[index];
  if (column === undefined) return null;
  const out: number[] = [];
  for (let i = 0; i < column.length; i++) {
    if (column[i] != null && column[i - 1] == null && column[i + 1] == null) out.push(i);
  }
  return out.length > 0 ? out : null;
}

function seriesOptions(input: PlotInput): uPlot.Series[] {
  const { series, stacked } = input;
  const filled = series.filter(({ reference }) => reference !== true).length <= 4;
  return series.map((one) => {
    const options: uPlot.Series = {
      label: one.label,
      stroke: one.color,
      width: one.reference === true ? 1 : series.length > MANY ? 1 : 1.5,
      points: { show: false, size: 4, fill: one.color, filter: (plot, index) => isolated(plot, index) },
    };
    if (one.dash !== undefined && one.dash.length > 0) options.dash = [...one.dash];
    if (input.bars === true) {
      options.fill = one.color;
      options.width = 0;
      const bars = uPlot.paths.bars?.({ align: 1, size: [0.92, 80] });
      if (bars !== undefined) options.paths = bars;
    } else if (one.reference === true) options.dash = [4, 4];
    else if (stacked) {
      // Areas without outlines: an outline would paint a series of zeros over the top of its neighbour.
      options.fill = withAlpha(one.color, input.scheme === 'dark' ? 0.62 : 0.7);
      options.width = 0;
    }
    else if (filled) options.fill = withAlpha(one.color, series.length === 1 ? 0.14 : 0.08);
    return options;
  });
}

export interface PlotEvents {
  read(): PlotInput;
  onZoom(range: ResolvedRange): void;
  onZoomOut(): void;
  /** A click that is no drag, at that time. */
  onPick?(unixSeconds: number): void;
}

/** Calls back for clicks; what moved further than a trembling hand is a drag. */
function pickPlugin(pick: (unixSeconds: number) => void): uPlot.Plugin {
  return {
    hooks: {
      ready: (plot) => {
        let down = 0;
        plot.over.addEventListener('mousedown', (event) => {
          down = event.clientX;
        });
        plot.over.addEventListener('mouseup', (event) => {
          if (event.button === 0 && Math.abs(event.clientX - down) < 4) pick(plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x'));
        });
      },
    },
  };
}

export function plotOptions(input: PlotInput, size: { width: number; height: number }, syncKey: string | undefined, events: PlotEvents): uPlot.Options {
  const ink = chartInk(input.scheme);
  return {
    ...size,
    pxAlign: 1,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    focus: { alpha: 0.25 },
    ...(input.zone === 'utc' ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') } : {}),
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { show: input.series.length <= MANY, size: 6, width: 2 },
      bind: {
        dblclick: () => () => {
          events.onZoomOut();
          return null;
        },
      },
      ...(input.bars === true ? { dataIdx: (plot, _series, closest, x) => ((plot.data[0][closest] ?? 0) > x ? Math.max(closest - 1, 0) : closest) } : {}),
      ...(syncKey === undefined ? {} : { sync: { key: syncKey, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [events.read().range.start, events.read().range.end] },
      y: { range: yRange(input.unit, input.bounds) },
    },
    axes: axes(input.unit, input.zone, ink),
    series: [{}, ...seriesOptions(input)],
    bands: bandsOf(input),
    plugins: [tooltipPlugin(events.read), ...(events.onPick === undefined ? [] : [pickPlugin(events.onPick)])],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const range = { start: plot.posToVal(left, 'x'), end: plot.posToVal(left + width, 'x') };
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          events.onZoom(range);
        },
      ],
      draw: [
        () => {
          if (performance.getEntriesByName('binnacle:first-chart').length === 0) performance.mark('binnacle:first-chart');
        },
      ],
    },
  };
}
