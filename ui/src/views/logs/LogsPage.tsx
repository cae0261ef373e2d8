// Logs: a LogQL query over the shared time range; its lines, how many there are over time, their fields and patterns. All of
// it is in the address.

import './logs.css';
import './lines.css';
import '../../components/codemirror.css';
import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { formatLogQuery } from '../../api/logs';
import { useSetParams } from '../../app/params';
import { store, stored } from '../../app/storage';
import { useTime } from '../../app/time';
import { WhoProvider } from '../../app/who';
import Dropdown from '../../components/Dropdown';
import { IconBroadcast, IconHistory, IconSidebar, IconStop, IconWand } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { parseHistory, remember } from '../../lib/history';
import { asksForLines, fromWords, isWords, needlesOf, selectorOf, withFilter, withMatcher } from '../../lib/logs/edit';
import type { Line } from '../../lib/logs/lines';
import { DEFAULT_QUERY, logsParams, readLogs, type LogsState } from '../../lib/logs/state';
import { absoluteRange } from '../../lib/timerange';
import { LogsActionsProvider, parserOf, type LogsActions } from './actions';
import ContextDialog from './ContextDialog';
import EditorSlot from './editor/EditorSlot';
import FieldsPanel from './FieldsPanel';
import FilterChips from './FilterChips';
import LiveTail from './LiveTail';
import LogsTabs from './LogsTabs';
import MetricResult from './MetricResult';
import Results from './Results';
import RunButton from './RunButton';
import Searches, { searchParams } from './Searches';

const HISTORY = 'logs-history';
/** From this width on there is room for the list of fields beside the lines. */
const ROOMY_PX = 1000;

function History({ onPick }: { onPick(query: string): void }) {
  return (
    <Dropdown face={<><IconHistory size={15} aria-hidden /> <span className="wide-only">History</span></>} label="History" align="end">
      {(close) => {
        const past = parseHistory(stored(HISTORY));
        return (
          <div className="menu searches-menu">
            {past.length === 0 && <p className="dim menu-title">Queries you run appear here, in this browser only.</p>}
            {past.map(({ expr }) => <button key={expr} type="button" onClick={() => { onPick(expr); close(); }}><code>{expr}</code></button>)}
          </div>
        );
      }}
    </Dropdown>
  );
}

export default function LogsPage() {
  const [params, setParams] = useSearchParams();
  const { refreshNow, resolved } = useTime();
  const state = useMemo(() => readLogs(params), [params]);
  const { query, live } = state;
  const [text, setText] = useState(query);
  const [shown, setShown] = useState(query);
  const [context, setContext] = useState<Line | null>(null);
  if (shown !== query) {
    // The address changed: a filter, a link, or back.
    setShown(query);
    setText(query);
  }
  const set = useSetParams();
  const change = useCallback((part: Partial<LogsState>) => set(logsParams(part)), [set]);
  // Another question is a step that the back button takes back; a choice of display is none.
  const ask = useCallback(
    (next: string) => {
      store(HISTORY, JSON.stringify(remember(parseHistory(stored(HISTORY)), next, Date.now())));
      setParams((current) => {
        const out = new URLSearchParams(current);
        out.set('q', next);
        out.delete('line');
        return out;
      });
      scrollTo({ top: 0 });
    },
    [setParams],
  );
  const actions = useMemo<LogsActions>(
    () => ({
      ask,
      filter: (name, op, value, source) => ask(source === 'stream' ? withMatcher(query, name, op, value) : withFilter(query, name, op, value, parserOf(source))),
      toggleColumn: (name) => change({ columns: state.columns.includes(name) ? state.columns.filter((one) => one !== name) : [...state.columns, name], ...(state.columns.includes(name) ? {} : { tab: 'table' }) }),
      volumeBy: (name, source) => change({ by: name, byParser: parserOf(source) }),
      showContext: setContext,
      linkTo: (line) => {
        const to = Math.ceil((line.ms + 1) / 1000);
        const range = absoluteRange(Math.min(resolved.start, to - 60), to);
        const url = new URL(location.href);
        url.searchParams.set('from', range.from);
        url.searchParams.set('to', range.to);
        url.searchParams.set('line', line.key);
        url.searchParams.delete('live');
        return url.href;
      },
    }),
    [ask, change, query, state.columns, resolved.start],
  );
  const run = () => {
    const typed = text.trim();
    if (typed === '') return;
    const next = isWords(typed) ? fromWords(typed, selectorOf(query) || DEFAULT_QUERY) : typed;
    if (next === query) refreshNow();
    else ask(next);
  };
  const tidy = () => {
    // What cannot be read is underlined already.
    formatLogQuery(text).then(setText, () => undefined);
  };
  const lines = asksForLines(query);
  const needles = useMemo(() => needlesOf(query), [query]);
  const fields = state.fields ?? innerWidth > ROOMY_PX;
  const withFields = fields && lines && !live;
  return (
    <WhoProvider>
      <LogsActionsProvider value={actions}>
        <div className="page logs">
          <PageHead
            title="Logs"
            controls={
              <>
                <LogsTabs />
                <History onPick={ask} />
                <Searches
                  params={params}
                  query={query}
                  columns={state.columns}
                  onPick={(search) => setParams((current) => searchParams(search, current))}
                  onKept={(search) => set({ search: search.id })}
                />
              </>
            }
          />
          <div className="logs-query">
            <EditorSlot value={text} range={resolved} onChange={setText} onRun={run} />
            <div className="logs-run">
              <RunButton onRun={run} />
              <button type="button" className="button" aria-pressed={live} disabled={!lines} title={lines ? 'Lines as they come' : 'A query for numbers has no live tail'} onClick={() => change({ live: !live })}>
                {live ? <IconStop size={15} aria-hidden /> : <IconBroadcast size={15} aria-hidden />} Live
              </button>
              <button type="button" className="button button-icon wide-only" aria-label="Format the query" title="Format" disabled={isWords(text)} onClick={tidy}><IconWand size={16} aria-hidden /></button>
              <button type="button" className="button button-icon" aria-pressed={fields} aria-label="Fields" title="Fields of the lines" disabled={!lines || live} onClick={() => change({ fields: !fields })}><IconSidebar size={16} aria-hidden /></button>
            </div>
          </div>
          <FilterChips query={query} onAsk={ask} />
          <div className={withFields ? 'logs-body logs-with-fields' : 'logs-body'}>
            {lines && !live && <Results key={query} state={state} needles={needles} onChange={change} />}
            {lines && live && <LiveTail query={query} display={state.display} hidden={state.hidden} needles={needles} onStop={() => { change({ live: false }); refreshNow(); }} />}
            {!lines && <MetricResult query={query} range={resolved} />}
            {withFields && <FieldsPanel query={query} range={resolved} columns={state.columns} />}
          </div>
          {context !== null && <ContextDialog line={context} display={state.display} onClose={() => setContext(null)} />}
        </div>
      </LogsActionsProvider>
    </WhoProvider>
  );
}
