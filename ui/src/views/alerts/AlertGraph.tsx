// The alert's expression over the shared range. Of a comparison with a number both sides are drawn: the value, and the
// threshold as a line.

import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { parseQuery } from '../../api/parse';
import { gridOf, rangeOf } from '../../api/queries';
import { useTime } from '../../app/time';
import { seriesColor } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import ErrorNote from '../../components/ErrorNote';
import Promql from '../../components/Promql';
import { isOfAlert } from '../../lib/alerts';
import { toColumns } from '../../lib/samples';
import { seriesName, shortNames, type Labels } from '../../lib/series';
import { thresholdOf } from '../../lib/threshold';
import { exact, formatValue, grouped, guessUnit } from '../../lib/units';

const HEIGHT = 200;
const POINTS = 360;
const SERIES_MAX = 50;
const LEGEND_MAX = 6;
const THRESHOLD_INK = { light: '#b3261e', dark: '#ff9b92' } as const;

export default function AlertGraph({ expr, labels }: { expr: string; labels: Labels }) {
  const { resolved } = useTime();
  const scheme = useScheme();
  const [others, setOthers] = useState(false);
  const parsed = useQuery({ queryKey: ['parse', expr], queryFn: ({ signal }) => parseQuery(expr, signal), gcTime: 60_000, staleTime: Infinity, retry: false });
  const threshold = parsed.data === undefined ? null : thresholdOf(parsed.data.data);
  const measured = threshold?.expr ?? expr;
  const asked = rangeOf(measured, gridOf(resolved, POINTS, 1));
  const { data, error } = useQuery({
    queryKey: asked.key,
    queryFn: ({ signal }) => asked.request(signal),
    // Whether the tree comes or not decides what is asked.
    enabled: parsed.data !== undefined || parsed.error !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const unit = guessUnit(measured);

  const drawn = useMemo(() => {
    if (data === undefined) return null;
    const all = data.data.result;
    const own = all.filter(({ metric }) => isOfAlert(metric, labels));
    const result = (others || own.length === 0 ? all : own).slice(0, SERIES_MAX);
    const names = shortNames(result.map(({ metric }) => metric));
    const { times, values } = toColumns(result, data.data.grid.start, data.data.grid.end, data.data.grid.step);
    const series = result.map<ChartSeries>(({ metric }, index) => ({ key: seriesName(metric), label: names[index] ?? '', values: values[index] ?? [], color: seriesColor(index, scheme) }));
    if (threshold !== null) {
      series.push({ key: 'threshold', label: `fires when ${threshold.op} ${exact(threshold.value)}`, values: times.map(() => threshold.value), color: THRESHOLD_INK[scheme], reference: true });
    }
    return { times, series, total: all.length, own: own.length };
  }, [data, labels, others, scheme, threshold?.op, threshold?.value]); // eslint-disable-line react-hooks/exhaustive-deps

  return (
    <div className="alert-graph">
      <Promql expr={expr} />
      {error !== null && <ErrorNote error={error} expr={measured} />}
      {error === null && drawn === null && <div style={{ height: HEIGHT }} aria-label="Loading" />}
      {error === null && drawn !== null && drawn.total === 0 && <p className="dim alert-no-data">No series in this time range: widen it, or this server does not have the data behind the alert.</p>}
      {error === null && drawn !== null && drawn.total > 0 && data !== undefined && (
        <>
          <TimeChart times={drawn.times} series={drawn.series} unit={unit} height={HEIGHT} range={data.data.grid} label={`Graph of ${measured}`} />
          <ul className="legend-inline">
            {drawn.series.filter(({ reference }, at) => reference === true || at < LEGEND_MAX).map((one) => (
              <li key={one.key}>
                <span className={one.reference === true ? 'chart-swatch swatch-dashed' : 'chart-swatch'} style={{ '--swatch': one.color } as React.CSSProperties} />
                {one.label}
                {one.reference !== true && <b>{formatValue(one.values.findLast((value) => value !== null) ?? null, unit)}</b>}
              </li>
            ))}
            {drawn.series.length > LEGEND_MAX + 1 && <li className="dim">{grouped(drawn.series.length - LEGEND_MAX)} more</li>}
            {drawn.own > 0 && drawn.own < drawn.total && (
              <li><button type="button" className="link-button" onClick={() => setOthers(!others)}>{others ? 'Only this alert' : `Show all ${grouped(drawn.total)} series`}</button></li>
            )}
          </ul>
        </>
      )}
    </div>
  );
}
