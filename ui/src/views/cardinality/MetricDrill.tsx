// One metric taken apart: which label has how many values, and what would remain without it.

import { useMemo } from 'react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { labelNames, labelValues } from '../../api/labels';
import { queryInstant, vectorOf } from '../../api/query';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import { IconX } from '../../components/icons';
import Meter from '../../components/Meter';
import Panel from '../../components/Panel';
import { culprit, dropLabelConfig, rankLabels, SERIES_WORTH_BLAME, type LabelSpread } from '../../lib/blame';
import { metricSelector, quoteLabel } from '../../lib/series';
import { formatValue, grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

const LABELS_MAX = 30;
const VALUES_MAX = 10_000;

function useSpreads(metric: string): { spreads: LabelSpread[]; series: number | null; error: unknown } {
  const { resolved } = useTime();
  // Taking a metric apart costs one query per label: the clock's ticks do not repeat it, a new range does.
  const end = Math.ceil(resolved.end / 60) * 60;
  const start = end - Math.max(Math.round((resolved.end - resolved.start) / 60) * 60, 60);
  const selector = metricSelector(metric);
  const scope = { match: [selector], start, end };
  const names = useQuery({ queryKey: ['drill-labels', metric, start, end], queryFn: ({ signal }) => labelNames(scope, signal) });
  const total = useQuery({ queryKey: ['drill-total', metric, end], queryFn: ({ signal }) => queryInstant(`count(${selector})`, end, signal) });
  const labels = (names.data?.data ?? []).filter((name) => name !== '__name__').slice(0, LABELS_MAX);
  const values = useQueries({
    queries: labels.map((label) => ({ queryKey: ['drill-values', metric, label, start, end], queryFn: ({ signal }: { signal: AbortSignal }) => labelValues(label, { ...scope, limit: VALUES_MAX }, signal) })),
  });
  const without = useQueries({
    queries: labels.map((label) => ({
      queryKey: ['drill-without', metric, label, end],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryInstant(`count(group without (${quoteLabel(label)}) (${selector}))`, end, signal),
    })),
  });
  const count = (result: typeof total) => {
    const value = vectorOf(result.data?.data)[0]?.value?.[1];
    return value === undefined ? null : Number(value);
  };
  const spreads = labels.map((label, index) => ({ label, values: values[index]?.data?.data.length ?? 0, without: without[index] === undefined ? null : count(without[index]) }));
  return { spreads: rankLabels(spreads), series: count(total), error: names.error ?? total.error };
}

function Examples({ metric, label }: { metric: string; label: string }) {
  const { data } = useQuery({
    queryKey: ['drill-examples', metric, label],
    queryFn: ({ signal }) => queryInstant(`topk(8, count by (${quoteLabel(label)}) (${metricSelector(metric)}))`, undefined, signal),
  });
  const rows = vectorOf(data?.data);
  if (rows.length === 0) return null;
  return (
    <p className="drill-examples">
      <span className="dim">Values with most series:</span>{' '}
      {rows.map(({ metric: labels, value }) => (
        <span key={labels[label] ?? ''} className="tag mono">{labels[label] ?? '(none)'} · {value?.[1]}</span>
      ))}
    </p>
  );
}

export default function MetricDrill({ metric, close }: { metric: string; close: () => void }) {
  const [params] = useSearchParams();
  const { spreads, series, error } = useSpreads(metric);
  const blamed = useMemo(() => (series === null ? null : culprit(spreads, series)), [spreads, series]);
  const settled = spreads.length > 0 && spreads.every(({ without }) => without !== null);
  const most = Math.max(...spreads.map(({ values }) => values), 1);
  const actions = (
    <>
      <Link className="button button-small" to={carryShared('/explore', params, { q: metricSelector(metric), o: 'table' })}>Explore</Link>
      <button type="button" className="icon-button" aria-label="Close" onClick={close}><IconX size={16} aria-hidden /></button>
    </>
  );
  return (
    <Panel title={metric} note={series === null ? '' : `${grouped(series)} series now`} actions={actions} className="drill">
      {error != null ? <ErrorNote error={error} /> : null}
      {blamed !== null && series !== null && (
        <div className="verdict">
          <p>
            <b><code>{blamed.label}</code> is to blame.</b> Without it, {grouped(blamed.without ?? 0)} of {grouped(series)} series would remain
            ({formatValue(1 - (blamed.without ?? 0) / series, 'ratio')} less).
          </p>
          <Examples metric={metric} label={blamed.label} />
          <details>
            <summary>Configuration that removes it</summary>
            <pre>{dropLabelConfig(metric, blamed.label)}</pre>
          </details>
        </div>
      )}
      {settled && blamed === null && series !== null && (
        <p className="dim">
          {series < SERIES_WORTH_BLAME ? 'Few series: nothing to blame here.' : 'No single label stands out: none but the target’s own would save half of the series.'}
        </p>
      )}
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th>Label</th>
              <th className="num">Values</th>
              <th className="num">Series without it</th>
              <th className="num">Saves</th>
              <th className="rank-bar"><span className="sr-only">Values compared with the largest</span></th>
            </tr>
          </thead>
          <tbody>
            {spreads.map(({ label, values, without }) => (
              <tr key={label} className={blamed?.label === label ? 'rank-picked' : undefined}>
                <td><code>{label}</code></td>
                <td className="num">{grouped(values)}{values >= VALUES_MAX ? '+' : ''}</td>
                <td className="num">{without === null ? '…' : grouped(without)}</td>
                <td className="num">{without === null || series === null || series === 0 ? '' : formatValue(Math.max(1 - without / series, 0), 'ratio')}</td>
                <td className="rank-bar"><Meter share={values / most} label={`${label} has ${values} values`} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
