// How many lines there are over time, by level or by any other label. The legend switches levels, also those of the list.

import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { queryLogs, seriesOf } from '../../api/logs';
import { useTime } from '../../app/time';
import { seriesColor } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import ErrorNote from '../../components/ErrorNote';
import Dropdown from '../../components/Dropdown';
import { IconChevronDown } from '../../components/icons';
import { volumeQuery, type Parser } from '../../lib/logs/edit';
import { asked, barGrid } from '../../lib/logs/grid';
import { levelColor, levelNamed, LEVELS, levelTitle, type Level } from '../../lib/logs/levels';
import { DEFAULT_BY } from '../../lib/logs/state';
import { toColumns } from '../../lib/samples';
import { absoluteRange, type ResolvedRange } from '../../lib/timerange';
import { formatValue, grouped } from '../../lib/units';
import { useLogsActions } from './actions';
import { useFields } from './useFields';

const BARS = 100;
/** Values that have a colour of their own; the rest is one. */
const VALUES_MAX = 9;

interface Counted {
  key: string;
  label: string;
  level: Level | null;
  color: string;
  values: (number | null)[];
  total: number;
}

const sum = (values: readonly (number | null)[]) => values.reduce<number>((all, value) => all + (value ?? 0), 0);

function ByMenu({ query, range, by, onLevel, close }: { query: string; range: ResolvedRange; by: string; onLevel(): void; close(): void }) {
  const actions = useLogsActions();
  const { named, pending } = useFields(query, range);
  return (
    <div className="menu">
      <button type="button" aria-pressed={by === DEFAULT_BY} onClick={onLevel}>level</button>
      {pending && <p className="dim menu-title">Looking for fields…</p>}
      {named.filter(({ name }) => name !== DEFAULT_BY).map(({ name, source, cardinality }) => (
        <button key={name} type="button" aria-pressed={by === name} onClick={() => { actions.volumeBy(name, source); close(); }}>
          <span>{name}</span> <span className="dim num" title={`${grouped(cardinality)} values`}>{formatValue(cardinality, 'short')}</span>
        </button>
      ))}
    </div>
  );
}

interface Props {
  query: string;
  range: ResolvedRange;
  by: string;
  /** The stage that finds the label when the query has none. */
  parser: Parser;
  hidden: ReadonlySet<Level>;
  onHidden(hidden: ReadonlySet<Level>): void;
  onBy(by: string): void;
  enabled: boolean;
}

export default function Volume({ query, range, by, parser, hidden, onHidden, onBy, enabled }: Props) {
  const { setRange } = useTime();
  const scheme = useScheme();
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const grid = barGrid(range, innerWidth > 760 ? BARS : BARS / 2);
  const text = volumeQuery(query, grid.step, by, parser);
  const { data, error, isPlaceholderData, isFetching } = useQuery({
    queryKey: ['logs-volume', text, grid.start, grid.end],
    enabled,
    queryFn: async ({ signal }) => ({ ...(await queryLogs({ query: text, ...asked(grid), step: grid.step }, signal)), grid, by }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const counted = useMemo<{ times: number[]; all: Counted[] } | null>(() => {
    if (data === undefined) return null;
    const { start, end, step } = data.grid;
    const result = seriesOf(data.data);
    const { times, values } = toColumns(result, start + step, end, step);
    // Each count is of the step before its point: it belongs to the bar that begins there.
    const starts = times.map((time) => time - step);
    const zeros = (column: (number | null)[] | undefined) => (column ?? []).map((value) => value ?? 0);
    if (data.by === DEFAULT_BY) {
      const byLevel = new Map<Level, number[]>();
      result.forEach(({ metric }, at) => {
        const level = levelNamed(metric[data.by] ?? '');
        const column = zeros(values[at]);
        const before = byLevel.get(level);
        byLevel.set(level, before === undefined ? column : before.map((value, i) => value + (column[i] ?? 0)));
      });
      const all = LEVELS.filter((level) => byLevel.has(level)).map((level): Counted => {
        const column = byLevel.get(level) ?? [];
        return { key: `level ${level}`, label: levelTitle(level), level, color: levelColor(level, scheme), values: column, total: sum(column) };
      });
      return { times: starts, all };
    }
    const ranked = result
      .map(({ metric }, at) => ({ label: metric[data.by] ?? '', values: zeros(values[at]), total: sum(values[at] ?? []) }))
      .sort((a, b) => b.total - a.total);
    const named = ranked.slice(0, VALUES_MAX).map((one, at): Counted => ({ ...one, key: `value ${one.label}`, label: one.label === '' ? `no ${data.by}` : one.label, level: null, color: seriesColor(at, scheme) }));
    const rest = ranked.slice(VALUES_MAX);
    if (rest.length > 0) {
      const column = starts.map((_, i) => rest.reduce((all, one) => all + (one.values[i] ?? 0), 0));
      named.push({ key: 'rest', label: `${grouped(rest.length)} others`, level: null, color: scheme === 'dark' ? '#56626b' : '#a3adb4', values: column, total: sum(column) });
    }
    return { times: starts, all: named.reverse() };
  }, [data, scheme]);
  const isOff = (one: Counted) => (one.level === null ? off.has(one.key) : hidden.has(one.level));
  const shown = useMemo(
    () => (counted?.all ?? []).filter((one) => !isOff(one)).map((one): ChartSeries => ({ key: one.key, label: one.label, values: one.values, color: one.color })),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [counted, hidden, off],
  );
  const flip = (one: Counted, alone: boolean) => {
    if (counted === null) return;
    const next = new Set(counted.all.filter(isOff).map(({ key }) => key));
    if (alone) {
      const others = counted.all.filter(({ key }) => key !== one.key);
      const already = !next.has(one.key) && others.every(({ key }) => next.has(key));
      next.clear();
      if (!already) for (const { key } of others) next.add(key);
    } else if (!next.delete(one.key)) next.add(one.key);
    if (one.level === null) setOff(next);
    else onHidden(new Set(counted.all.filter(({ key }) => next.has(key)).map(({ level }) => level ?? '')));
  };
  if (error !== null && data === undefined) return <div className="volume"><ErrorNote error={error} /></div>;
  return (
    <div className="volume" aria-busy={isFetching}>
      {counted === null || data === undefined ? (
        <div className="result-wait" style={{ height: 118 }} aria-label="Counting the lines" />
      ) : (
        <>
          <div className={isPlaceholderData ? 'result-old' : undefined}>
            <TimeChart
              times={counted.times}
              series={shown}
              unit="short"
              height={96}
              range={data.grid}
              bars
              bounds={FROM_ZERO}
              label={`Lines over time by ${by}`}
              onPick={(at) => {
                const start = data.grid.start + Math.floor((at - data.grid.start) / data.grid.step) * data.grid.step;
                if (data.grid.step > 1) setRange(absoluteRange(start, start + data.grid.step));
              }}
            />
          </div>
          <div className="volume-legend">
            {[...counted.all].reverse().map((one) => (
              <button key={one.key} type="button" className="volume-key" aria-pressed={!isOff(one)} title="Click: switch it. Ctrl, Cmd or double click: only this one." onClick={(event) => flip(one, event.ctrlKey || event.metaKey)} onDoubleClick={() => flip(one, true)}>
                <span className="chart-swatch" style={{ '--swatch': one.color } as React.CSSProperties} />
                <span className="volume-name">{one.label}</span> <b className="num" title={grouped(one.total)}>{formatValue(one.total, 'short')}</b>
              </button>
            ))}
            <span className="spacer" />
            <span className="dim volume-note">
              <b>{grouped(sum(counted.all.map(({ total }) => total)))}</b> lines by
              <Dropdown className="volume-by" label="Count the lines by" title="Count by another label or field" face={<>{by === DEFAULT_BY ? 'level' : by}<IconChevronDown size={13} aria-hidden /></>}>
                {(close) => <ByMenu query={query} range={range} by={by} onLevel={() => { onBy(DEFAULT_BY); close(); }} close={close} />}
              </Dropdown>
            </span>
          </div>
        </>
      )}
    </div>
  );
}

const FROM_ZERO = { min: 0 };
