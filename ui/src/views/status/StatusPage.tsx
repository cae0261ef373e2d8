// Status: what runs, how it was started and configured, what it is doing.

import './status.css';
import { useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import { useResource } from '../../api/hooks';
import { buildInfo, flags, runtimeInfo, tsdbStatus, walReplay } from '../../api/status';
import { useTime } from '../../app/time';
import PageHead from '../../components/PageHead';
import Panel from '../../components/Panel';
import { formatTime } from '../../lib/timerange';
import { grouped } from '../../lib/units';
import ConfigPanel from './ConfigPanel';
import Facts, { Missing } from './Facts';
import HealthPanel from './HealthPanel';
import { RUNTIME_NAMES, buildFacts, buildNames, runtimeFacts } from './presentable';
import QueriesPanel from './QueriesPanel';

function StoragePanel() {
  const { zone } = useTime();
  const tsdb = useResource('tsdb', (signal) => tsdbStatus(10, signal), { key: '10' });
  const wal = useResource('wal', walReplay);
  const head = tsdb.data?.data.headStats;
  const replay = wal.data?.data;
  const time = (ms: number) => (ms > 0 && ms < 1e15 ? formatTime(ms / 1000, zone, true) : 'none');
  const missing = tsdb.error instanceof ApiError && tsdb.error.status === 404;
  const done = replay !== undefined && (replay.max <= 0 || replay.current >= replay.max || replay.state === 'done');
  return (
    <Panel title="Storage" error={missing || head !== undefined ? undefined : (tsdb.error ?? undefined)} pending={head === undefined}>
      <Missing error={tsdb.error} endpoint="/api/v1/status/tsdb" />
      {head !== undefined && (
        <dl className="facts">
          <div><dt>Series in memory</dt><dd>{grouped(head.numSeries)}</dd></div>
          <div><dt>Chunks in memory</dt><dd>{grouped(head.chunkCount)}</dd></div>
          <div><dt>Label pairs</dt><dd>{grouped(head.numLabelPairs)}</dd></div>
          <div><dt>Oldest sample in memory</dt><dd>{time(head.minTime)}</dd></div>
          <div><dt>Newest sample</dt><dd>{time(head.maxTime)}</dd></div>
          <div>
            <dt>Write-ahead log</dt>
            <dd>{replay === undefined ? (wal.error === null ? '…' : 'unknown') : done ? 'replayed' : `replaying segment ${grouped(replay.current)} of ${grouped(replay.max)}`}</dd>
          </div>
        </dl>
      )}
    </Panel>
  );
}

function FlagsPanel() {
  const { data, error } = useResource('flags', flags);
  const [search, setSearch] = useState('');
  const found = useMemo(() => {
    if (data === undefined) return undefined;
    const needle = search.toLowerCase();
    return Object.fromEntries(Object.entries(data.data).filter(([name, value]) => `${name} ${value}`.toLowerCase().includes(needle)).sort(([a], [b]) => a.localeCompare(b)));
  }, [data, search]);
  return (
    <div className="status-wide flags">
      <input className="input input-small" data-search placeholder="Search flags" aria-label="Search flags" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
      <Facts title="Flags" facts={found} error={error} endpoint="/api/v1/status/flags" mono />
    </div>
  );
}

export default function StatusPage() {
  const { zone, nowMs } = useTime();
  const build = useResource('build', buildInfo, { once: true });
  const runtime = useResource('runtime', runtimeInfo);
  return (
    <div className="page status">
      <PageHead title="Status" />
      <div className="status-grid">
        <div className="status-stack">
          <HealthPanel />
          <Facts title="Runtime" facts={runtimeFacts(runtime.data?.data, zone, nowMs)} error={runtime.error} endpoint="/api/v1/status/runtimeinfo" names={RUNTIME_NAMES} />
        </div>
        <div className="status-stack">
          <StoragePanel />
          <Facts title="Build" facts={buildFacts(build.data?.data)} names={buildNames(build.data?.data)} error={build.error} endpoint="/api/v1/status/buildinfo" />
        </div>
        <QueriesPanel />
        <ConfigPanel />
        <FlagsPanel />
      </div>
    </div>
  );
}
