// One of Home's charts with its legend.

import { memo, useMemo } from 'react';
import EmptyState from '../../components/EmptyState';
import Panel from '../../components/Panel';
import { seriesColor } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import { formatValue } from '../../lib/units';
import { lastOf, type Chart, type Drawn } from './charts';

export const CHART_HEIGHT = 190;

interface Props {
  chart: Chart;
  expr: string;
  drawn: Drawn | undefined;
  error: unknown;
}

export default memo(function ChartPanel({ chart, expr, drawn, error }: Props) {
  const scheme = useScheme();
  const series = useMemo<ChartSeries[]>(
    () =>
      (drawn?.lines ?? []).map((line, index) => ({
        key: line.label,
        label: line.label,
        values: line.values,
        color: seriesColor(line.ink ?? index, scheme),
        ...(line.reference === true ? { reference: true } : {}),
        ...(line.absolute === true ? { absolute: true } : {}),
      })),
    [drawn, scheme],
  );
  const empty = drawn !== undefined && series.length === 0;
  return (
    <Panel
      title={chart.title}
      note={chart.note}
      error={error}
      pending={drawn === undefined}
      origin={{ expr, tookMs: drawn?.tookMs, series: drawn?.series, step: drawn?.grid.step, warnings: drawn?.warnings, infos: drawn?.infos }}
    >
      <div className="chart-slot" style={{ height: CHART_HEIGHT }}>
        {empty && <EmptyState compact title="Nothing to draw">{chart.whenEmpty}</EmptyState>}
        {drawn !== undefined && !empty && (
          <TimeChart
            times={drawn.times}
            series={series}
            unit={chart.unit}
            height={CHART_HEIGHT}
            range={drawn.grid}
            stacked={chart.stacked ?? false}
            {...(chart.bounds === undefined ? {} : { bounds: chart.bounds })}
            syncKey="home"
            label={`${chart.title} over time`}
          />
        )}
      </div>
      <ul className="legend-inline">
        {series.slice(0, 8).map((one) => (
          <li key={one.key}>
            <span className={one.reference === true ? 'chart-swatch swatch-dashed' : 'chart-swatch'} style={{ '--swatch': one.color } as React.CSSProperties} />
            {one.label}
            <b>{formatValue(one.absolute === true ? Math.abs(lastOf(one.values) ?? 0) : lastOf(one.values), chart.unit)}</b>
          </li>
        ))}
        {series.length > 8 && <li className="dim">{series.length - 8} more</li>}
      </ul>
    </Panel>
  );
});
