// A query over the shared time range.

import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { gridOf, type Grid } from '../../api/queries';
import { queryRange } from '../../api/query';
import { useTime } from '../../app/time';
import Legend from '../../charts/Legend';
import { seriesColor, seriesDash } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { parseDuration } from '../../lib/duration';
import type { ExploreQuery } from '../../lib/explore-url';
import { toColumns } from '../../lib/samples';
import { seriesName, shortNames } from '../../lib/series';
import { alignRange, clampStep } from '../../lib/step';
import type { ResolvedRange } from '../../lib/timerange';
import { grouped, guessUnit } from '../../lib/units';
import StatsLine from './StatsLine';

const POINTS = 480;
/** With more lines than this, dashes do not tell them apart either; they only cost time. */
const DASHED_MAX = 40;
/** More lines than pixels in height say nothing; the rest is drawn on request. */
const SERIES_DRAWN_MAX = 1000;

function exploreGrid(resolved: ResolvedRange, step: string): Grid {
  const fixed = parseDuration(step);
  if (fixed === null || fixed <= 0) return gridOf(resolved, POINTS, 1);
  const seconds = clampStep(fixed / 1000, resolved.end - resolved.start);
  return { ...alignRange(resolved.start, resolved.end, seconds), step: seconds };
}

export default function GraphTab({ query, height }: { query: ExploreQuery; height: number }) {
  const { resolved } = useTime();
  const scheme = useScheme();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const { expr } = query;
  const grid = exploreGrid(resolved, query.step);
  const { data, error, isPlaceholderData, isPending } = useQuery({
    queryKey: ['explore-range', expr, grid.start, grid.end, grid.step],
    queryFn: async ({ signal }) => ({ ...(await queryRange({ expr, ...grid, stats: true }, signal)), grid, expr }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const unit = query.unit === 'auto' ? guessUnit(data?.expr ?? expr) : query.unit;

  const drawn = useMemo(() => {
    if (data === undefined) return null;
    const result = all ? data.data.result : data.data.result.slice(0, SERIES_DRAWN_MAX);
    const names = shortNames(result.map(({ metric }) => metric));
    const { times, values } = toColumns(result, data.grid.start, data.grid.end, data.grid.step);
    const series = result.map<ChartSeries>(({ metric }, index) => ({
      key: seriesName(metric),
      label: names[index] ?? '',
      values: values[index] ?? [],
      color: seriesColor(index, scheme),
      dash: result.length > DASHED_MAX ? [] : seriesDash(index),
    }));
    return { times, series, histograms: data.data.result.some(({ histograms }) => histograms !== undefined) };
  }, [data, scheme, all]);
  const visible = useMemo(() => drawn?.series.filter(({ key }) => !hidden.has(key)) ?? [], [drawn, hidden]);

  if (error !== null && !isPlaceholderData) return <ErrorNote error={error} expr={expr} />;
  if (isPending || data === undefined || drawn === null) return <div className="result-wait" style={{ height }} aria-label="Loading" />;
  const total = data.data.result.length;
  return (
    <div className={isPlaceholderData && data.expr !== expr ? 'result result-old' : 'result'}>
      {total === 0 ? (
        <EmptyState compact title="No series">
          The expression is valid, but nothing matches it between these times. Check label values, widen the time range, or look the name up in the metric list.
        </EmptyState>
      ) : (
        <>
          <TimeChart times={drawn.times} series={visible} unit={unit} height={height} range={data.grid} stacked={query.stacked} syncKey="explore" focused={focused} label={`Graph of ${expr}`} />
          {drawn.histograms && <p className="annotation annotation-info">Native histograms are in the result; the table shows them. Draw one with histogram_quantile(0.9, …).</p>}
          {total > drawn.series.length && (
            <p className="annotation">
              Drawing {grouped(drawn.series.length)} of {grouped(total)} series. Aggregate or narrow the query, or{' '}
              <button type="button" className="link-button" onClick={() => setAll(true)}>draw all</button>.
            </p>
          )}
          <Legend series={drawn.series} unit={unit} hidden={hidden} onHidden={setHidden} onFocus={setFocused} />
        </>
      )}
      <StatsLine
        series={total}
        points={data.data.result.reduce((sum, { values }) => sum + (values?.length ?? 0), 0)}
        step={data.grid.step}
        tookMs={data.tookMs}
        bytes={data.bytes}
        stats={data.data.stats}
        warnings={data.warnings}
        infos={data.infos}
      />
    </div>
  );
}
