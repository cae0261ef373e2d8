// The legend as a table: virtualised, sortable, and the switch of each series.

import { useMemo, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { summarize, type Summary } from '../lib/samples';
import { formatValue, type Unit } from '../lib/units';
import type { ChartSeries } from './plot';

const ROW_HEIGHT = 24;
const VISIBLE_ROWS = 9;

interface Props {
  series: readonly ChartSeries[];
  unit: Unit;
  hidden: ReadonlySet<string>;
  onHidden(hidden: ReadonlySet<string>): void;
  onFocus(key: string | null): void;
}

type Column = 'name' | keyof Summary;
const COLUMNS: ReadonlyArray<readonly [keyof Summary, string]> = [['last', 'Last'], ['min', 'Min'], ['mean', 'Mean'], ['max', 'Max']];

export default function Legend({ series, unit, hidden, onHidden, onFocus }: Props) {
  const [sort, setSort] = useState<{ by: Column; down: boolean } | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => {
    const list = series.map((one) => ({ one, summary: summarize(one.values) }));
    if (sort === null) return list;
    const sign = sort.down ? -1 : 1;
    return list.sort((a, b) => {
      if (sort.by === 'name') return sign * a.one.label.localeCompare(b.one.label, undefined, { numeric: true });
      return sign * ((a.summary[sort.by] ?? -Infinity) - (b.summary[sort.by] ?? -Infinity));
    });
  }, [series, sort]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 6 });

  const click = (key: string, toggle: boolean) => {
    if (toggle) {
      const next = new Set(hidden);
      if (!next.delete(key)) next.add(key);
      onHidden(next);
      return;
    }
    const others = series.filter((one) => one.key !== key).map((one) => one.key);
    const alone = !hidden.has(key) && others.every((other) => hidden.has(other));
    onHidden(alone || others.length === 0 ? new Set() : new Set(others));
  };
  const header = (by: Column, text: string) => (
    <button key={by} type="button" className={by === 'name' ? 'legend-name' : 'num'} aria-label={`Sort by ${text}`} onClick={() => setSort((now) => (now?.by === by ? (now.down ? { by, down: false } : null) : { by, down: true }))}>
      {text}
      {sort?.by === by && (sort.down ? ' ↓' : ' ↑')}
    </button>
  );

  return (
    <div className="legend">
      <div className="legend-row legend-head">
        <span className="chart-swatch" style={{ visibility: 'hidden' }} />
        {header('name', 'Series')}
        {COLUMNS.map(([by, text]) => header(by, text))}
      </div>
      <div ref={scroller} className="legend-scroll" style={{ height: Math.min(rows.length, VISIBLE_ROWS) * ROW_HEIGHT }} onMouseLeave={() => onFocus(null)}>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const { one, summary } = row;
            return (
              <button
                key={one.key}
                type="button"
                className="legend-row"
                aria-pressed={!hidden.has(one.key)}
                title="Click: only this one. Ctrl or Cmd and click: switch this one."
                style={{ position: 'absolute', top: 0, transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
                onClick={(event) => click(one.key, event.ctrlKey || event.metaKey)}
                onMouseEnter={() => onFocus(hidden.has(one.key) ? null : one.key)}
              >
                <span className="chart-swatch" style={{ '--swatch': one.color } as React.CSSProperties} />
                <span className="legend-name">{one.label}</span>
                {COLUMNS.map(([by]) => <span key={by} className="num">{formatValue(summary[by], unit)}</span>)}
              </button>
            );
          })}
        </div>
      </div>
    </div>
  );
}
