// Where a result comes from: series, points, time, samples read; details on demand; annotations always.

import { useState } from 'react';
import type { QueryStats } from '../../api/query';
import { humanDuration } from '../../lib/duration';
import { formatValue, grouped } from '../../lib/units';

interface Props {
  series: number;
  points?: number;
  step?: number;
  tookMs: number;
  bytes: number;
  stats: QueryStats | undefined;
  warnings: readonly string[];
  infos: readonly string[];
}

const TIMINGS: ReadonlyArray<readonly [keyof NonNullable<QueryStats['timings']>, string]> = [
  ['execQueueTime', 'Waiting in the queue'],
  ['queryPreparationTime', 'Finding the series'],
  ['innerEvalTime', 'Evaluating'],
  ['resultSortTime', 'Sorting the result'],
  ['evalTotalTime', 'Evaluation in all'],
  ['execTotalTime', 'In all'],
];

export default function StatsLine({ series, points, step, tookMs, bytes, stats, warnings, infos }: Props) {
  const [open, setOpen] = useState(false);
  const read = stats?.samples?.totalQueryableSamples;
  const facts = [
    `${grouped(series)} series`,
    points === undefined ? '' : `${grouped(points)} points`,
    step === undefined ? '' : `step ${humanDuration(step)}`,
    `${Math.round(tookMs)} ms`,
    formatValue(bytes, 'bytes'),
    read === undefined ? '' : `${formatValue(read, 'short')} samples read`,
  ].filter((fact) => fact !== '');
  return (
    <div className="stats">
      <div className="stats-line">
        <span>{facts.join(' · ')}</span>
        {stats?.timings !== undefined && (
          <button type="button" className="link-button" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide statistics' : 'Statistics'}
          </button>
        )}
      </div>
      {open && (
        <dl className="stats-table">
          {TIMINGS.map(([key, label]) => stats?.timings?.[key] !== undefined && (
            <div key={key}>
              <dt>{label}</dt>
              <dd className="num">{humanDuration(stats.timings[key])}</dd>
            </div>
          ))}
          <div>
            <dt>Samples read</dt>
            <dd className="num">{read === undefined ? '–' : grouped(read)}</dd>
          </div>
          <div>
            <dt>Samples in memory, at most</dt>
            <dd className="num">{stats?.samples?.peakSamples === undefined ? '–' : grouped(stats.samples.peakSamples)}</dd>
          </div>
          <div>
            <dt>Network and parsing</dt>
            <dd className="num">{humanDuration(Math.max(tookMs / 1000 - (stats?.timings?.execTotalTime ?? 0), 0))}</dd>
          </div>
        </dl>
      )}
      {warnings.map((text) => <p key={text} className="annotation"><b>Warning</b> {text}</p>)}
      {infos.map((text) => <p key={text} className="annotation annotation-info"><b>Info</b> {text}</p>)}
    </div>
  );
}
