// Queries of a view, bound to the shared time range. A refresh keeps the old picture until the new one is there.

import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useTime } from '../app/time';
import type { Answer } from './client';
import { takeEarly } from './early';
import { instantOf, type Asked } from './queries';
import type { InstantResult } from './query';

/** Options of react-query for one of the shared queries. */
export function optionsOf<T>({ key, request }: Asked<T>) {
  return {
    queryKey: key,
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<Answer<T>> => takeEarly(key, () => request(signal)),
    placeholderData: keepPreviousData<Answer<T>>,
    gcTime: 60_000,
  };
}

/** An instant query at the end of the shared range, asked again at every refresh. */
export function useInstant(expr: string): UseQueryResult<Answer<InstantResult>> {
  const { resolved } = useTime();
  return useQuery(optionsOf(instantOf(expr, resolved.end)));
}

/** A plain resource, asked again whenever the shared clock ticks. */
export function useResource<T>(name: string, fetcher: (signal: AbortSignal) => Promise<T>, options: { once?: boolean; key?: string } = {}) {
  const { nowMs } = useTime();
  return useQuery({
    queryKey: [name, options.key ?? '', options.once === true ? 0 : nowMs],
    queryFn: ({ signal }) => fetcher(signal),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
}
