import { useMemo } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { gridOf } from '../../api/queries';
import { queryLogs, seriesOf } from '../../api/logs';
import { useTime } from '../../app/time';
import Legend from '../../charts/Legend';
import { seriesColor, seriesDash } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { volumeQuery } from '../../lib/logs';
import { toColumns } from '../../lib/samples';
import { seriesName, shortNames } from '../../lib/series';

const NONE: ReadonlySet<string> = new Set();
const POINTS = 120;
const SERIES_MAX = 200;

interface Props {
  query: string;
  /** Count the lines by level instead of drawing the query itself. */
  volume: boolean;
}

/** The series of a metric query, or how many lines there are of each level. */
export default function LogsChart({ query, volume }: Props) {
  const { resolved } = useTime();
  const scheme = useScheme();
  const grid = gridOf(resolved, POINTS, 1);
  const asked = volume ? volumeQuery(query, grid.step) : query;
  const { data, error } = useQuery({
    queryKey: ['logs-chart', asked, grid.start, grid.end, grid.step],
    queryFn: async ({ signal }) => ({ ...(await queryLogs({ query: asked, ...grid, limit: 1 }, signal)), grid }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const drawn = useMemo(() => {
    if (data === undefined) return null;
    const result = seriesOf(data.data).slice(0, SERIES_MAX);
    const names = shortNames(result.map(({ metric }) => metric));
    const { times, values } = toColumns(result, data.grid.start, data.grid.end, data.grid.step);
    const series = result.map<ChartSeries>(({ metric }, index) => ({
      key: seriesName(metric),
      label: volume ? (metric['detected_level'] ?? 'lines') : (names[index] ?? ''),
      values: values[index] ?? [],
      color: seriesColor(index, scheme),
      dash: seriesDash(index),
    }));
    return { times, series, range: data.grid };
  }, [data, scheme, volume]);
  if (error !== null) return volume ? null : <ErrorNote error={error} expr={query} />;
  if (drawn === null) return <div className="result-wait" style={{ height: volume ? 120 : 300 }} aria-label="Loading" />;
  if (drawn.series.length === 0) {
    return volume ? null : <EmptyState compact title="No series">The query is valid, but no line matches it between these times.</EmptyState>;
  }
  return (
    <>
      <TimeChart times={drawn.times} series={drawn.series} unit="short" height={volume ? 120 : 300} range={drawn.range} stacked={volume} label={volume ? 'Lines by level' : `Graph of ${query}`} />
      {!volume && <Legend series={drawn.series} unit="short" hidden={NONE} onHidden={() => undefined} onFocus={() => undefined} />}
    </>
  );
}
