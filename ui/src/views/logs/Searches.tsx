// Searches that people keep: a list to choose from, and a form to keep this one.

import { useState, type FormEvent } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createSearch, deleteSearch, replaceSearch, searches as fetchSearches, type KeptSearch, type Search } from '../../api/searches';
import { ApiError } from '../../api/client';
import { useAction } from '../../app/action';
import { useTime } from '../../app/time';
import { useWho } from '../../app/who';
import Dropdown from '../../components/Dropdown';
import ErrorNote from '../../components/ErrorNote';
import { IconBookmark, IconTrash } from '../../components/icons';
import { formatTime } from '../../lib/timerange';

const KEY = ['logs-searches'];

/** A search as the address of this page says it. */
export function searchParams(search: KeptSearch, current: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams(search.display);
  out.set('q', search.query);
  for (const column of search.columns) out.append('col', column);
  for (const name of ['from', 'to'] as const) {
    const value = search[name] === '' ? current.get(name) : search[name];
    if (value !== null) out.set(name, value);
  }
  const refresh = current.get('refresh');
  if (refresh !== null) out.set('refresh', refresh);
  out.set('search', search.id);
  return out;
}

/** What of the address belongs to the display alone. */
function displayOf(params: URLSearchParams): string {
  const out = new URLSearchParams();
  for (const name of ['tab', 'by', 'hide', 'd', 'sort', 'find', 'fields']) {
    const value = params.get(name);
    if (value !== null) out.set(name, value);
  }
  return out.toString();
}

function useSearches() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => fetchSearches(signal), staleTime: 0 });
}

function List({ onPick, close }: { onPick(search: KeptSearch): void; close(): void }) {
  const { zone } = useTime();
  const who = useWho();
  const client = useQueryClient();
  const { busy, error, run } = useAction();
  const { data, error: failed } = useSearches();
  const [text, setText] = useState('');
  const [sure, setSure] = useState('');
  const remove = async (search: KeptSearch) => {
    const by = await who.ask();
    if (by !== null && (await run(() => deleteSearch(search.id, by)))) {
      setSure('');
      void client.invalidateQueries({ queryKey: KEY });
    }
  };
  const needle = text.trim().toLowerCase();
  const list = data?.filter(({ name, description, query, owner }) => `${name}\n${description}\n${query}\n${owner}`.toLowerCase().includes(needle));
  return (
    <div className="menu searches-menu">
      <input className="input input-small" data-autofocus placeholder="Search names, queries, owners" aria-label="Search saved searches" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      {failed !== null && <ErrorNote error={failed} />}
      {error !== null && <ErrorNote error={error} />}
      {data?.length === 0 && <p className="dim menu-title">No search is kept yet. “Keep this search” keeps the query, its columns and its display for everybody here.</p>}
      {data !== undefined && data.length > 0 && list?.length === 0 && <p className="dim menu-title">No kept search has this in it.</p>}
      {list?.map((search) => (
        <div key={search.id} className="search-row">
          <button type="button" title={search.description} onClick={() => { onPick(search); close(); }}>
            <span><b>{search.name}</b><span className="dim">{search.owner} · {formatTime(Date.parse(search.updated) / 1000, zone, true).slice(0, 16)}</span></span>
            <code>{search.query}</code>
          </button>
          {sure === search.id ? (
            <button type="button" className="button-danger" disabled={busy} onClick={() => void remove(search)}>Delete</button>
          ) : (
            <button type="button" className="search-delete" aria-label={`Delete ${search.name}`} title="Delete" onClick={() => setSure(search.id)}><IconTrash size={14} aria-hidden /></button>
          )}
        </div>
      ))}
    </div>
  );
}

function Form({ params, query, columns, kept, onKept, close }: { params: URLSearchParams; query: string; columns: readonly string[]; kept: KeptSearch | undefined; onKept(search: KeptSearch): void; close(): void }) {
  const who = useWho();
  const client = useQueryClient();
  const { busy, error, run } = useAction();
  const [name, setName] = useState(kept?.name ?? '');
  const [description, setDescription] = useState(kept?.description ?? '');
  const [range, setRange] = useState(kept === undefined ? false : kept.from !== '');
  const save = async (over: KeptSearch | undefined) => {
    const by = await who.ask();
    if (by === null) return;
    const search: Search = {
      name: name.trim(),
      description: description.trim(),
      query,
      from: range ? (params.get('from') ?? 'now-1h') : '',
      to: range ? (params.get('to') ?? 'now') : '',
      columns: [...columns],
      display: displayOf(params),
      owner: over?.owner ?? '',
    };
    const done = await run(async () => onKept(over === undefined ? await createSearch(search, by) : await replaceSearch(over.id, over.version, search, by)));
    void client.invalidateQueries({ queryKey: KEY });
    if (done) close();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save(kept);
  };
  const conflict = error instanceof ApiError && error.status === 409;
  return (
    <form className="search-form" onSubmit={submit}>
      <label className="field"><span>Name</span><input className="input" data-autofocus maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} /></label>
      <label className="field"><span>What it is for</span><input className="input" maxLength={1000} value={description} onChange={(event) => setDescription(event.currentTarget.value)} /></label>
      <label className="display-switch"><input type="checkbox" checked={range} onChange={(event) => setRange(event.currentTarget.checked)} /> With the time range shown now</label>
      {error !== null && <ErrorNote error={error} />}
      {conflict && <p className="dim">Choose it in the list again to see what was saved, or keep yours as a new one.</p>}
      <div className="dialog-foot">
        {kept !== undefined && <button type="button" className="button" disabled={busy || name.trim() === ''} onClick={() => void save(undefined)}>Keep as new</button>}
        <button type="submit" className="button button-primary" disabled={busy || name.trim() === ''}>{kept === undefined ? 'Keep it' : 'Keep the changes'}</button>
      </div>
    </form>
  );
}

interface Props {
  params: URLSearchParams;
  query: string;
  columns: readonly string[];
  onPick(search: KeptSearch): void;
  onKept(search: KeptSearch): void;
}

export default function Searches({ params, query, columns, onPick, onKept }: Props) {
  const id = params.get('search') ?? '';
  const { data } = useQuery({ queryKey: KEY, queryFn: ({ signal }) => fetchSearches(signal), enabled: id !== '' });
  const kept = data?.find((one) => one.id === id);
  return (
    <span className="button-group">
      <Dropdown face={<><IconBookmark size={15} aria-hidden /> {kept === undefined ? 'Saved' : <span className="search-name">{kept.name}</span>}</>} label="Saved searches" align="end">
        {(close) => <List onPick={onPick} close={close} />}
      </Dropdown>
      <Dropdown face={kept === undefined ? 'Keep' : 'Change'} label="Keep this search" title="Keep this search for everybody" align="end">
        {(close) => <Form key={kept?.version ?? 0} params={params} query={query} columns={columns} kept={kept} onKept={onKept} close={close} />}
      </Dropdown>
    </span>
  );
}
