// Targets: what is scraped, in which state, and why not.

import './targets.css';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useResource } from '../../api/hooks';
import { scrapePools, targets as fetchTargets } from '../../api/targets';
import { useChoice, useSetParams, useTyped } from '../../app/params';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import PageHead from '../../components/PageHead';
import { poolsOf, type Health, type Pool } from '../../lib/targets';
import { grouped } from '../../lib/units';
import DroppedList from './DroppedList';
import TargetRow from './TargetRow';

const CONFIG = `# binnacle.yaml
metrics:
  prometheus_file: prometheus.yml

# prometheus.yml
scrape_configs:
  - job_name: my-service
    static_configs: [{targets: ["localhost:8080"]}]`;

const ROWS = 100;

function PoolSection({ pool, nowMs }: { pool: Pool; nowMs: number }) {
  const total = pool.up + pool.down + pool.unknown;
  const [open, setOpen] = useState(true);
  const [shown, setShown] = useState(ROWS);
  return (
    <section className="panel pool" aria-label={`Pool ${pool.name}`}>
      <header className="panel-head">
        <h2><button type="button" className="pool-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>{pool.name}</button></h2>
        {total === 0 ? (
          <span className="state state-idle">no targets</span>
        ) : (
          <span className={pool.down > 0 ? 'state state-bad' : pool.unknown > 0 ? 'state state-idle' : 'state state-ok'}>
            {grouped(pool.up)} of {grouped(total)} up
          </span>
        )}
        {pool.unknown > 0 && <span className="dim">{grouped(pool.unknown)} not scraped yet</span>}
      </header>
      {open && pool.targets.length > 0 && (
        <div className="panel-body table-scroll">
          <table className="table target-table">
            <thead>
              <tr>
                <th><span className="sr-only">Details</span></th>
                <th>State</th>
                <th>Address</th>
                <th>Labels</th>
                <th className="num">Last scrape</th>
                <th className="num">Took</th>
                <th className="num">Every</th>
              </tr>
            </thead>
            <tbody>
              {pool.targets.slice(0, shown).map((target) => <TargetRow key={`${target.scrapeUrl} ${JSON.stringify(target.labels)}`} target={target} nowMs={nowMs} />)}
            </tbody>
          </table>
          {pool.targets.length > shown && <button type="button" className="button button-small" onClick={() => setShown(shown + 5 * ROWS)}>Show more of {grouped(pool.targets.length)}</button>}
        </div>
      )}
      {open && total === 0 && <p className="panel-body dim">This job has no targets: discovery found none, or relabelling dropped them all.</p>}
    </section>
  );
}

const FILTERS: ReadonlyArray<readonly [Health | 'all', string]> = [['all', 'All'], ['down', 'Down'], ['up', 'Up'], ['unknown', 'Not scraped yet']];
const STATES = FILTERS.map(([state]) => state);

export default function TargetsPage() {
  const { nowMs } = useTime();
  const [params] = useSearchParams();
  const set = useSetParams();
  const { data, error } = useResource('targets', fetchTargets);
  const pools = useResource('scrape-pools', scrapePools);
  const [health, setHealth] = useChoice('health', STATES);
  const pool = params.get('pool') ?? '';
  const [text, setText, deferred] = useTyped('search');

  const active = useMemo(() => data?.data.activeTargets ?? [], [data]);
  const names = useMemo(() => pools.data?.data.scrapePools ?? [], [pools.data]);
  const listed = useMemo(() => poolsOf(active, names, { health, pool, text: deferred }), [active, names, health, pool, deferred]);
  const everyPool = useMemo(() => poolsOf(active, names, { health: 'all', pool: '', text: '' }), [active, names]);
  const count = (state: Health | 'all') => (state === 'all' ? active.length : active.filter((target) => target.health === state).length);

  return (
    <div className="page targets">
      <PageHead
        title="Targets"
        controls={
          <>
            <input className="input target-search" data-search placeholder="Search address, label or error" aria-label="Search targets" value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <select className="select" aria-label="Scrape pool" value={pool} onChange={(event) => set({ pool: event.currentTarget.value })}>
              <option value="">All pools</option>
              {everyPool.map(({ name }) => <option key={name} value={name}>{name}</option>)}
            </select>
            <div className="button-group" role="group" aria-label="Health">
              {FILTERS.filter(([state]) => state !== 'unknown' || count('unknown') > 0).map(([state, label]) => (
                <button key={state} type="button" className="button" aria-pressed={health === state} onClick={() => setHealth(state)}>
                  {label} <span className="dim num">{grouped(count(state))}</span>
                </button>
              ))}
            </div>
          </>
        }
      />
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {data !== undefined && active.length === 0 && everyPool.length === 0 && (
        <EmptyState title="Nothing is scraped" code={CONFIG}>Name what to scrape in a Prometheus configuration file, then reload with <code>kill -HUP</code> or <code>POST /-/reload</code>:</EmptyState>
      )}
      {data !== undefined && everyPool.length > 0 && listed.length === 0 && (
        <EmptyState title="No target matches">None of the {grouped(active.length)} targets is {health === 'all' ? 'named' : health} like this. Clear the search or choose “All”.</EmptyState>
      )}
      <div className="pool-list">
        {listed.map((one) => <PoolSection key={one.name} pool={one} nowMs={nowMs} />)}
        {data !== undefined && <DroppedList targets={data.data} text={deferred} />}
      </div>
    </div>
  );
}
