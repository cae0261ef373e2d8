// The charts of the overview: volume by severity, volume and errors by service.

import { useMemo, useState } from 'react';
import { seriesColor, seriesDash } from '../../../charts/palette';
import type { ChartSeries } from '../../../charts/plot';
import TimeChart from '../../../charts/TimeChart';
import { useScheme } from '../../../charts/useScheme';
import EmptyState from '../../../components/EmptyState';
import Panel from '../../../components/Panel';
import { levelColor, levelNamed, LEVELS, levelTitle } from '../../../lib/logs/levels';
import { printDuration } from '../../../lib/duration';
import { formatValue, type Unit } from '../../../lib/units';
import type { Series } from './useSeries';

const HEIGHT = 180;
const NAMED_MAX = 9;
const FROM_ZERO = { min: 0 };

interface FrameProps {
  title: string;
  note?: string;
  data: Series;
  series: ChartSeries[];
  unit: Unit;
  bars: boolean;
  /** What a legend says beside each name. */
  figure(series: ChartSeries): string;
}

function Frame({ title, note, data, series, unit, bars, figure }: FrameProps) {
  const [focused, setFocused] = useState<string | null>(null);
  const legend = bars ? [...series].reverse() : series;
  return (
    <Panel title={title} {...(note === undefined ? {} : { note })} origin={data.origin} error={data.error} pending={data.pending}>
      {data.pending ? (
        <div className="result-wait" style={{ height: HEIGHT }} aria-label="Loading" />
      ) : series.length === 0 ? (
        <EmptyState compact title="Nothing to draw">No line matches between these times. Choose a longer range above.</EmptyState>
      ) : (
        <>
          <TimeChart times={data.times} series={series} unit={unit} height={HEIGHT} range={data.grid} bars={bars} bounds={FROM_ZERO} syncKey="logs-overview" focused={focused} label={title} />
          <ul className="legend-inline" onMouseLeave={() => setFocused(null)}>
            {legend.map((one) => (
              <li key={one.key} onMouseEnter={() => setFocused(bars ? null : one.key)}>
                <span className={(one.dash?.length ?? 0) > 0 ? 'chart-swatch swatch-dashed' : 'chart-swatch'} style={{ '--swatch': one.color } as React.CSSProperties} />
                {one.label} <b>{figure(one)}</b>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

const totalOf = (values: readonly (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
const countFigure = ({ values }: ChartSeries) => formatValue(totalOf(values), 'short');

export function SeverityChart({ data }: { data: Series }) {
  const scheme = useScheme();
  const series = useMemo(
    () =>
      LEVELS.flatMap((level): ChartSeries[] => {
        const columns = data.columns.filter(({ labels }) => levelNamed(labels['detected_level'] ?? '') === level);
        if (columns.length === 0) return [];
        const values = data.times.map((_, at) => columns.reduce((sum, column) => sum + (column.values[at] ?? 0), 0));
        return [{ key: `level ${level}`, label: levelTitle(level), values, color: levelColor(level, scheme) }];
      }),
    [data, scheme],
  );
  return <Frame title="Volume by severity" note={`lines each ${printDuration(data.grid.step * 1000)}`} data={data} series={series} unit="short" bars figure={countFigure} />;
}

export function ServiceChart({ data, by }: { data: Series; by: string }) {
  const scheme = useScheme();
  const series = useMemo(() => {
    const ranked = [...data.columns].sort((a, b) => b.total - a.total);
    const named = ranked.slice(0, NAMED_MAX).map(({ labels, values }, at): ChartSeries => ({ key: labels[by] ?? '', label: labels[by] || `no ${by}`, values: values.map((value) => value ?? 0), color: seriesColor(at, scheme) }));
    const rest = ranked.slice(NAMED_MAX);
    if (rest.length > 0) named.push({ key: '\u0000rest', label: `${rest.length} others`, values: data.times.map((_, at) => rest.reduce((sum, { values }) => sum + (values[at] ?? 0), 0)), color: scheme === 'dark' ? '#56626b' : '#a3adb4' });
    return named.reverse();
  }, [data, by, scheme]);
  return <Frame title={`Volume by ${by}`} note={`lines each ${printDuration(data.grid.step * 1000)}`} data={data} series={series} unit="short" bars figure={countFigure} />;
}

export function ErrorShareChart({ data, by }: { data: Series; by: string }) {
  const scheme = useScheme();
  const series = useMemo(() => {
    const ranked = [...data.columns].sort((a, b) => b.total - a.total).slice(0, NAMED_MAX + 1);
    return ranked.map(({ labels, values }, at): ChartSeries => ({ key: labels[by] ?? '', label: labels[by] || `no ${by}`, values, color: seriesColor(at, scheme), dash: seriesDash(at) }));
  }, [data, by, scheme]);
  const mean = ({ values }: ChartSeries) => {
    const known = values.filter((value): value is number => value !== null);
    return formatValue(known.length === 0 ? null : totalOf(known) / known.length, 'ratio');
  };
  return <Frame title={`Error rate by ${by}`} note="part of the lines that are errors" data={data} series={series} unit="ratio" bars={false} figure={mean} />;
}
