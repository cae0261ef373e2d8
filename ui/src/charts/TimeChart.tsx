// The line and area chart over time. Owns one uPlot; rebuilds it only when more than the data changed.

import { useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useTime } from '../app/time';
import { absoluteRange, zoomOut, type ResolvedRange } from '../lib/timerange';
import type { Unit } from '../lib/units';
import type { Bounds } from './axes';
import { plotData, plotOptions, signature, type ChartSeries, type PlotInput } from './plot';
import { useScheme } from './useScheme';

interface Props {
  times: number[];
  series: ChartSeries[];
  unit: Unit;
  height: number;
  /** What the x axis shows; may be wider than the data. */
  range: ResolvedRange;
  stacked?: boolean;
  /** Stacked bars that begin at their times. */
  bars?: boolean;
  /** A click on the chart, at that time. */
  onPick?: (unixSeconds: number) => void;
  bounds?: Bounds;
  /** Charts with the same key share their cursor. */
  syncKey?: string;
  /** The key of the series to bring to the front. */
  focused?: string | null;
  /** What the chart shows, for those who cannot see it. */
  label: string;
}

const NO_BOUNDS: Bounds = {};

export default function TimeChart({ times, series, unit, height, range, stacked = false, bars = false, onPick, bounds = NO_BOUNDS, syncKey, focused, label }: Props) {
  const { zone, setRange, nowMs } = useTime();
  const scheme = useScheme();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const built = useRef('');
  const width = useRef(0);
  const input: PlotInput = { times, series, unit, stacked, bars, range, bounds, zone, scheme };
  const latest = useRef(input);
  const act = useRef({ setRange, nowMs, onPick });

  const draw = () => {
    const node = host.current;
    if (node === null || width.current === 0) return;
    const current = latest.current;
    const now = `${signature(current)}\u0003${height}\u0003${syncKey ?? ''}`;
    if (plot.current !== null && built.current === now) {
      plot.current.setData(plotData(current));
      return;
    }
    plot.current?.destroy();
    built.current = now;
    const options = plotOptions(current, { width: width.current, height }, syncKey, {
      read: () => latest.current,
      onZoom: ({ start, end }) => act.current.setRange(absoluteRange(start, end)),
      onZoomOut: () => act.current.setRange(zoomOut(latest.current.range, act.current.nowMs)),
      ...(onPick === undefined ? {} : { onPick: (at: number) => act.current.onPick?.(at) }),
    });
    plot.current = new uPlot(options, plotData(current), node);
  };
  const drawLatest = useRef(draw);

  useLayoutEffect(() => {
    latest.current = input;
    act.current = { setRange, nowMs, onPick };
    drawLatest.current = draw;
  });

  // The data arrays are new exactly when there is something new to draw.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(draw, [times, series, unit, height, range.start, range.end, stacked, bars, bounds, syncKey, zone, scheme]);

  // The width comes from the observer, also the first: asking the element would lay out the page once per chart.
  useLayoutEffect(() => {
    const node = host.current;
    if (node === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry?.contentRect.width ?? 0);
      if (next === 0 || next === width.current) return;
      width.current = next;
      if (plot.current === null) drawLatest.current();
      else plot.current.setSize({ width: next, height: plot.current.height });
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
      built.current = '';
    };
  }, []);

  useEffect(() => {
    const index = focused == null ? -1 : latest.current.series.findIndex(({ key }) => key === focused);
    plot.current?.setSeries(index < 0 ? null : index + 1, { focus: index >= 0 });
  }, [focused]);

  return <div ref={host} className="time-chart" style={{ height }} role="img" aria-label={label} />;
}
