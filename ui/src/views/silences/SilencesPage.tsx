// Silences: which hold, which come, which are over; and the form that shows what one hides before it is saved.

import './silences.css';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { useResource } from '../../api/hooks';
import { silences as fetchSilences, type Silence } from '../../api/silences';
import { useChoice, useSetParams, useTyped } from '../../app/params';
import { WhoButton, WhoProvider } from '../../app/who';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconPlus } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { printMatcher } from '../../lib/matchers';
import { fromApi } from '../../lib/silence-form';
import { matchesText } from '../../lib/targets';
import { grouped } from '../../lib/units';
import EventList from './EventList';
import SilenceCard from './SilenceCard';
import SilenceForm from './SilenceForm';

const STATES = ['active', 'pending', 'expired', 'events'] as const;
const CARDS_MAX = 200;

const COMMAND = `curl -X POST localhost:9090/api/v2/silences -H 'Content-Type: application/json' -d '{
  "matchers": [{"name": "team", "value": "db", "isRegex": false, "isEqual": true}],
  "startsAt": "2026-11-20T22:00:00Z", "endsAt": "2026-11-21T02:00:00Z",
  "createdBy": "ada", "comment": "database upgrade"}'`;

function words({ id, createdBy, comment, matchers }: Silence): string[] {
  return [id, createdBy, comment, ...matchers.map((matcher) => printMatcher(fromApi(matcher)))];
}

function ends(silence: Silence): number {
  return Date.parse(silence.endsAt);
}

function List({ state, text, silences }: { state: Silence['status']['state']; text: string; silences: readonly Silence[] }) {
  const [params] = useSearchParams();
  const named = params.get('silence');
  const listed = silences
    .filter((silence) => silence.status.state === state && matchesText(words(silence), text))
    // What ends next comes first; what ended last, too.
    .sort((a, b) => (state === 'expired' ? ends(b) - ends(a) : ends(a) - ends(b)));
  if (listed.length === 0) {
    const whole = text === '' ? `No silence is ${state}` : `No ${state} silence is like this`;
    return state === 'active' && text === '' ? (
      <EmptyState title={whole} code={COMMAND}>Every alert is told to its receivers. Make a silence with “New silence”, with <code>amtool silence add</code>, or by the API:</EmptyState>
    ) : <EmptyState title={whole}>{state === 'expired' ? 'Silences that have ended stay here for five days (alerting.retention), to be renewed.' : 'Look at the other states, or clear the search.'}</EmptyState>;
  }
  return (
    <ul className="silence-list">
      {listed.slice(0, CARDS_MAX).map((silence) => <SilenceCard key={silence.id} silence={silence} named={silence.id === named} />)}
      {listed.length > CARDS_MAX && <li className="dim">and {grouped(listed.length - CARDS_MAX)} more: search to find them</li>}
    </ul>
  );
}

export default function SilencesPage() {
  const [params] = useSearchParams();
  const set = useSetParams();
  const { data, error } = useResource('silences', fetchSilences);
  const [text, setText, deferred] = useTyped('search');
  const silences = useMemo(() => data ?? [], [data]);
  const named = silences.find(({ id }) => id === params.get('silence'));
  const [chosen, setState] = useChoice('state', STATES);
  // A link to one silence opens the list that it is in.
  const state = named !== undefined && params.get('state') === null ? named.status.state : chosen;
  const count = (wanted: Silence['status']['state']) => silences.filter(({ status }) => status.state === wanted).length;
  const source = silences.find(({ id }) => id === (params.get('edit') ?? params.get('renew')));
  const wantsForm = params.get('new') !== null || params.get('edit') !== null || params.get('renew') !== null;
  // Editing waits for the silence; a new one waits for nothing.
  const ready = params.get('new') !== null || source !== undefined;
  return (
    <WhoProvider>
      <div className="page silences">
        <PageHead
          title="Silences"
          controls={
            <>
              <input className="input" data-search placeholder="Search matcher, author, comment" aria-label="Search silences" value={text} onChange={(event) => setText(event.currentTarget.value)} />
              <Choice
                label="State"
                choices={[['active', 'Active', count('active')], ['pending', 'Pending', count('pending')], ['expired', 'Expired', count('expired')], ['events', 'Events']]}
                value={state}
                onChange={(next) => { set({ silence: null }); setState(next); }}
              />
              <WhoButton />
              <button type="button" className="button button-primary" onClick={() => set({ new: '1', edit: null, renew: null, m: null })}><IconPlus size={16} aria-hidden /> New silence</button>
            </>
          }
        />
        {error !== null && data === undefined && <ErrorNote error={error} />}
        {wantsForm && ready && <SilenceForm key={`${source?.id ?? ''} ${params.getAll('m').join()}`} source={source ?? null} renew={params.get('renew') !== null} />}
        {wantsForm && !ready && data !== undefined && <EmptyState title="No such silence">It has been removed after it had ended. Make a new one.</EmptyState>}
        {data !== undefined && (state === 'events' ? <EventList text={deferred} /> : <List state={state} text={deferred} silences={silences} />)}
      </div>
    </WhoProvider>
  );
}
