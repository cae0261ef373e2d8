// One query of the explorer: editor, options, result.

import { useEffect, useState } from 'react';
import Dropdown from '../../components/Dropdown';
import { IconCopy, IconPlay, IconTrash, IconWand } from '../../components/icons';
import { formatQuery } from '../../api/parse';
import { parseDuration } from '../../lib/duration';
import type { ExploreQuery, Tab } from '../../lib/explore-url';
import { UNIT_NAMES, type Unit } from '../../lib/units';
import EditorSlot from './editor/EditorSlot';
import ExplainTab from './ExplainTab';
import GraphTab from './GraphTab';
import TableTab from './TableTab';

const TABS: ReadonlyArray<readonly [Tab, string]> = [['graph', 'Graph'], ['table', 'Table'], ['explain', 'Explain']];
const STEPS = ['auto', '1s', '5s', '10s', '15s', '30s', '1m', '5m', '15m', '1h', '1d'];

interface Props {
  query: ExploreQuery;
  index: number;
  alone: boolean;
  autoFocus: boolean;
  chartHeight: number;
  onChange(patch: Partial<ExploreQuery>): void;
  onRun(expr: string): void;
  onDuplicate(): void;
  onRemove(): void;
  onActive(): void;
}

function Options({ query, onChange }: Pick<Props, 'query' | 'onChange'>) {
  const [step, setStep] = useState('');
  return (
    <>
      {query.tab === 'graph' && (
        <>
          <Dropdown face={<>Step: {query.step}</>} className="button button-small" align="end">
            {(close) => (
              <div className="menu">
                {STEPS.map((one) => (
                  <button key={one} type="button" aria-pressed={query.step === one} onClick={() => { onChange({ step: one }); close(); }}>
                    {one === 'auto' ? 'Auto, by width' : one}
                  </button>
                ))}
                <form
                  onSubmit={(event) => {
                    event.preventDefault();
                    if ((parseDuration(step) ?? 0) > 0) { onChange({ step }); close(); }
                  }}
                >
                  <input className="input input-small" placeholder="Other, such as 90s" aria-label="Other step" value={step} onChange={(event) => setStep(event.currentTarget.value)} />
                </form>
              </div>
            )}
          </Dropdown>
          <button type="button" className="button button-small" aria-pressed={query.stacked} onClick={() => onChange({ stacked: !query.stacked })}>Stacked</button>
        </>
      )}
      {query.tab !== 'explain' && (
        <select className="select input-small" aria-label="Unit" value={query.unit} onChange={(event) => onChange({ unit: event.currentTarget.value as Unit | 'auto' })}>
          <option value="auto">Unit: guessed</option>
          {UNIT_NAMES.map(([unit, label]) => <option key={unit} value={unit}>{label}</option>)}
        </select>
      )}
    </>
  );
}

export default function QueryCard({ query, index, alone, autoFocus, chartHeight, onChange, onRun, onDuplicate, onRemove, onActive }: Props) {
  const [draft, setDraft] = useState(query.expr);
  useEffect(() => setDraft(query.expr), [query.expr]);
  const run = () => onRun(draft.trim());
  const tidy = () => {
    formatQuery(draft).then(({ data }) => setDraft(data), () => onRun(draft.trim()));
  };
  return (
    <section className="panel query-card" aria-label={`Query ${index + 1}`} onFocusCapture={onActive}>
      <div className="query-bar">
        <EditorSlot value={draft} label={`Query ${index + 1}, PromQL`} autoFocus={autoFocus} onChange={setDraft} onRun={run} onFocus={onActive} />
        <div className="query-actions">
          <button type="button" className="button button-primary" onClick={run} title="Run (Enter)">
            <IconPlay size={15} aria-hidden /> Run
          </button>
          <button type="button" className="button button-icon button-quiet" aria-label="Format the query" title="Format" onClick={tidy} disabled={draft.trim() === ''}>
            <IconWand size={16} aria-hidden />
          </button>
          <button type="button" className="button button-icon button-quiet" aria-label="Duplicate this query" title="Duplicate" onClick={onDuplicate}>
            <IconCopy size={16} aria-hidden />
          </button>
          {!alone && (
            <button type="button" className="button button-icon button-quiet" aria-label="Remove this query" title="Remove" onClick={onRemove}>
              <IconTrash size={16} aria-hidden />
            </button>
          )}
        </div>
      </div>
      {query.expr !== '' && (
        <div className="query-result">
          <div className="query-tools">
            <div className="segments" role="tablist" aria-label="View">
              {TABS.map(([tab, label]) => (
                <button key={tab} type="button" role="tab" aria-selected={query.tab === tab} onClick={() => onChange({ tab })}>{label}</button>
              ))}
            </div>
            {draft.trim() !== query.expr && <span className="dim">edited; press Enter to run</span>}
            <span className="spacer" />
            <Options query={query} onChange={onChange} />
          </div>
          {query.tab === 'graph' && <GraphTab query={query} height={chartHeight} />}
          {query.tab === 'table' && <TableTab query={query} onAt={(at) => at !== query.at && onChange({ at })} />}
          {query.tab === 'explain' && <ExplainTab expr={query.expr} />}
        </div>
      )}
    </section>
  );
}
