// The names by which lines can be asked for: labels of their streams, and fields found in the newest of them.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { detectedFields, detectedLabels } from '../../api/logs';
import { hasStage, selectorOf } from '../../lib/logs/edit';
import type { ResolvedRange } from '../../lib/timerange';
import type { Source } from './actions';

export interface Named {
  name: string;
  source: Source;
  /** What its values look like; empty for labels. */
  kind: string;
  cardinality: number;
}

export interface Fields {
  named: Named[];
  error: unknown;
  pending: boolean;
}

export function useFields(query: string, shown: ResolvedRange): Fields {
  // Names change more slowly than lines: once a minute is often enough.
  const range = { start: Math.floor(shown.start / 60) * 60, end: Math.ceil(shown.end / 60) * 60 };
  const selector = selectorOf(query);
  const labels = useQuery({
    queryKey: ['logs-labels', selector, range.start, range.end],
    queryFn: ({ signal }) => detectedLabels(selector, range, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const fields = useQuery({
    queryKey: ['logs-fields', query, range.start, range.end],
    queryFn: ({ signal }) => detectedFields(query, range, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const streamNames = new Set(labels.data?.map(({ label }) => label));
  const named: Named[] = [
    ...(labels.data ?? []).map(({ label, cardinality }): Named => ({ name: label, source: 'stream', kind: '', cardinality })),
    ...(fields.data ?? [])
      .filter(({ label }) => !streamNames.has(label))
      .map(({ label, type, cardinality, parsers }): Named => {
        const finds = (parser: string) => parsers?.includes(parser) === true && !hasStage(query, parser);
        // What the query's own stages already made needs no further one.
        const source: Source = finds('json') ? (finds('logfmt') ? 'both' : 'json') : finds('logfmt') ? 'logfmt' : 'parsed';
        return { name: label, source, kind: type, cardinality };
      }),
  ];
  return { named, error: labels.error ?? fields.error, pending: labels.isPending };
}
