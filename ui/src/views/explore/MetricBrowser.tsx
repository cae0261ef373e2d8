// All metric names of the time range with type and help; a click puts one into the active query.

import { useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { labelValues, metadata } from '../../api/labels';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import { IconSearch } from '../../components/icons';
import { metricSelector } from '../../lib/series';
import { grouped } from '../../lib/units';

const ROW_HEIGHT = 46;

interface Metric {
  name: string;
  type: string;
  help: string;
}

/** Words in any order, each somewhere in the name or the help. */
function matches({ name, help }: Metric, words: readonly string[]): boolean {
  const text = `${name} ${help}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Metadata is kept by family; `_bucket`, `_sum` and `_count` series belong to one. */
function describe(name: string, known: Awaited<ReturnType<typeof metadata>>['data']): Metric {
  const family = known[name] ?? known[name.replace(/_(bucket|sum|count|total|created)$/, '')];
  return { name, type: family?.[0]?.type ?? 'unknown', help: family?.[0]?.help ?? '' };
}

/** A first expression that makes sense for the type. */
export function suggestExpr({ name, type }: Pick<Metric, 'name' | 'type'>): string {
  const selector = metricSelector(name);
  if (type === 'histogram' && name.endsWith('_bucket')) return `histogram_quantile(0.95, sum by (le) (rate(${selector}[5m])))`;
  if (type === 'counter' || /_(total|sum|count|bucket)$/.test(name)) return `rate(${selector}[5m])`;
  return selector;
}

export default function MetricBrowser({ onPick }: { onPick(expr: string): void }) {
  const { resolved } = useTime();
  const [search, setSearch] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  // Rounded, so that the list is not asked again at every refresh.
  const start = Math.floor(resolved.start / 300) * 300;
  const end = Math.ceil(resolved.end / 300) * 300;
  const names = useQuery({ queryKey: ['metric-names', start, end], queryFn: ({ signal }) => labelValues('__name__', { start, end }, signal), placeholderData: (old) => old });
  const known = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => metadata(signal), staleTime: 300_000 });
  const metrics = useMemo(() => (names.data?.data ?? []).map((name) => describe(name, known.data?.data ?? {})), [names.data, known.data]);
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return metrics.filter((metric) => matches(metric, words));
  }, [metrics, search]);
  const virtual = useVirtualizer({ count: found.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 8 });

  return (
    <aside className="panel metric-browser" aria-label="Metrics">
      <div className="metric-search">
        <IconSearch size={15} aria-hidden />
        <input placeholder="Search names and help" aria-label="Search metrics" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        <span className="dim num">{grouped(found.length)}</span>
      </div>
      {names.error !== null && <ErrorNote error={names.error} />}
      <div ref={scroller} className="metric-list">
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const metric = found[item.index];
            if (metric === undefined) return null;
            return (
              <button key={metric.name} type="button" className="metric-row" title={`${metric.name}\n${metric.help}`} style={{ position: 'absolute', transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }} onClick={() => onPick(suggestExpr(metric))}>
                <span className="metric-name">{metric.name}</span>
                <span className="metric-help"><span className="tag">{metric.type}</span> {metric.help}</span>
              </button>
            );
          })}
        </div>
        {names.data !== undefined && found.length === 0 && <p className="dim metric-none">{metrics.length === 0 ? 'No metric has samples in this time range.' : 'No name or help contains all these words.'}</p>}
      </div>
    </aside>
  );
}
