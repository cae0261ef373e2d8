// /api/binnacle/v1/logs/searches: searches that people keep and share.

import { apiGet, apiSend, encodeParams } from './client';

export interface Search {
  name: string;
  description: string;
  query: string;
  /** Ends of the range as typed; empty: whatever range is shown. */
  from: string;
  to: string;
  columns: string[];
  /** The other parameters of the page's address. */
  display: string;
  owner: string;
}

export interface KeptSearch extends Search {
  id: string;
  version: number;
  updated: string;
  updatedBy: string;
}

const PATH = '/api/binnacle/v1/logs/searches';

export async function searches(signal?: AbortSignal): Promise<KeptSearch[]> {
  return (await apiGet<{ searches: KeptSearch[] }>(PATH, {}, signal)).data.searches;
}

export async function createSearch(search: Search, by: string): Promise<KeptSearch> {
  return (await apiSend<KeptSearch>('POST', PATH, { by, search })).data;
}

/** Over the version given only, so that nobody's change is lost unseen. */
export async function replaceSearch(id: string, version: number, search: Search, by: string): Promise<KeptSearch> {
  return (await apiSend<KeptSearch>('PUT', `${PATH}/${encodeURIComponent(id)}`, { by, version, search })).data;
}

export async function deleteSearch(id: string, by: string): Promise<void> {
  await apiSend('DELETE', `${PATH}/${encodeURIComponent(id)}?${encodeParams({ by }).toString()}`);
}
