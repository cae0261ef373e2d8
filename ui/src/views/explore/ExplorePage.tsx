// Explore metrics: any number of queries over the shared time range, all of it in the URL.

import './explore.css';
import '../../components/codemirror.css';
import { useCallback, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { store, stored } from '../../app/storage';
import { useTime } from '../../app/time';
import Dropdown from '../../components/Dropdown';
import { IconCheck, IconColumns, IconHistory, IconLink, IconList, IconPlus } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { newQuery, readQueries, writeQueries, type ExploreQuery } from '../../lib/explore-url';
import { parseHistory, remember } from '../../lib/history';
import { formatTime } from '../../lib/timerange';
import MetricBrowser from './MetricBrowser';
import QueryCard from './QueryCard';
import Starters from './Starters';

const QUERIES_MAX = 12;

function CopyLink() {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(location.href).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <button type="button" className="button" onClick={copy}>
      {copied ? <IconCheck size={16} aria-hidden /> : <IconLink size={16} aria-hidden />}
      {copied ? 'Copied' : 'Copy link'}
    </button>
  );
}

function History({ onPick }: { onPick(expr: string): void }) {
  const { zone } = useTime();
  return (
    <Dropdown face={<><IconHistory size={16} aria-hidden /> History</>}>
      {(close) => {
        const past = parseHistory(stored('history'));
        return (
          <div className="menu history-menu">
            {past.length === 0 && <p className="dim">Queries you run appear here, in this browser only.</p>}
            {past.map(({ expr, at }) => (
              <button key={expr} type="button" onClick={() => { onPick(expr); close(); }}>
                <code>{expr}</code>
                <span className="dim num">{formatTime(at / 1000, zone, true).slice(5, 16)}</span>
              </button>
            ))}
          </div>
        );
      }}
    </Dropdown>
  );
}

export default function ExplorePage() {
  const [params, setParams] = useSearchParams();
  const { refreshNow } = useTime();
  const queries = readQueries(params);
  const columns = params.get('columns') === '2' ? 2 : 1;
  const [browser, setBrowser] = useState(() => stored('metric-browser') !== 'closed' && innerWidth >= 1100);
  const active = useRef(0);
  // Editors keep their text by identity, not by place, so that removing one does not mix up the others.
  const ids = useRef<number[]>([]);
  const nextId = useRef(0);
  while (ids.current.length < queries.length) ids.current.push(nextId.current++);
  ids.current.length = queries.length;

  const edit = useCallback(
    (change: (queries: ExploreQuery[]) => ExploreQuery[]) => setParams((current) => writeQueries(current, change(readQueries(current)))),
    [setParams],
  );
  const patch = (index: number, part: Partial<ExploreQuery>) => edit((list) => list.map((query, at) => (at === index ? { ...query, ...part } : query)));
  const run = (index: number, expr: string) => {
    store('history', JSON.stringify(remember(parseHistory(stored('history')), expr, Date.now())));
    if (expr === queries[index]?.expr) refreshNow();
    else patch(index, { expr });
  };
  const insert = (index: number, query: ExploreQuery) => {
    if (queries.length >= QUERIES_MAX) return;
    ids.current.splice(index, 0, nextId.current++);
    active.current = index;
    edit((list) => [...list.slice(0, index), query, ...list.slice(index)]);
  };
  const remove = (index: number) => {
    ids.current.splice(index, 1);
    active.current = 0;
    edit((list) => list.filter((_, at) => at !== index));
  };
  const pick = (expr: string) => {
    const at = Math.min(active.current, queries.length - 1);
    if (queries[at]?.expr === '') run(at, expr);
    else insert(queries.length, newQuery(expr));
  };
  const toggleBrowser = () => {
    store('metric-browser', browser ? 'closed' : 'open');
    setBrowser(!browser);
  };
  const setColumns = () =>
    setParams((current) => {
      const next = new URLSearchParams(current);
      if (columns === 2) next.delete('columns');
      else next.set('columns', '2');
      return next;
    });
  const untouched = queries.every(({ expr }) => expr === '');

  return (
    <div className="page explore">
      <PageHead
        title="Explore metrics"
        controls={
          <>
            <button type="button" className="button" aria-pressed={browser} onClick={toggleBrowser}><IconList size={16} aria-hidden /> Metrics</button>
            <History onPick={pick} />
            <button type="button" className="button wide-only" aria-pressed={columns === 2} onClick={setColumns}><IconColumns size={16} aria-hidden /> Side by side</button>
            <CopyLink />
          </>
        }
      />
      <div className={browser ? 'explore-body explore-browsing' : 'explore-body'}>
        {browser && <MetricBrowser onPick={pick} />}
        <div className="explore-main">
          <div className={columns === 2 ? 'query-list query-columns' : 'query-list'}>
            {queries.map((query, index) => (
              <QueryCard
                key={ids.current[index]}
                query={query}
                index={index}
                alone={queries.length === 1}
                autoFocus={query.expr === '' && index === queries.length - 1}
                chartHeight={queries.length > 1 ? 220 : 320}
                onChange={(part) => patch(index, part)}
                onRun={(expr) => run(index, expr)}
                onDuplicate={() => insert(index + 1, { ...query })}
                onRemove={() => remove(index)}
                onActive={() => { active.current = index; }}
              />
            ))}
          </div>
          {untouched ? (
            <Starters onPick={pick} />
          ) : (
            <button type="button" className="button add-query" disabled={queries.length >= QUERIES_MAX} onClick={() => insert(queries.length, newQuery())}>
              <IconPlus size={16} aria-hidden /> Add query
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
