// Receivers and their integrations, each with a test that sends a marked alert and shows the answer.

import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { testReceivers, type Receiver, type TestOutcome } from '../../api/routing';
import { useAction } from '../../app/action';
import ErrorNote from '../../components/ErrorNote';
import { IconAlert, IconCircleCheck, IconCircleX, IconSend } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import { humanDuration } from '../../lib/duration';
import { carryShared } from '../../lib/urlstate';

function Answer({ outcome }: { outcome: TestOutcome }) {
  const failed = Object.entries(outcome.templates);
  return (
    <li className="answer">
      {outcome.error === null ? (
        <span className="state state-ok"><IconCircleCheck size={13} aria-hidden /> taken</span>
      ) : (
        <span className="state state-bad"><IconCircleX size={13} aria-hidden /> failed</span>
      )}
      <span>{outcome.integration} {outcome.index + 1} <span className="dim">after {humanDuration(outcome.durationSeconds)}</span></span>
      {outcome.error !== null && <span className="answer-error">{outcome.error}</span>}
      {failed.map(([field, error]) => <span key={field} className="answer-error"><IconAlert size={13} aria-hidden /> template of {field}: {error}</span>)}
    </li>
  );
}

function ReceiverCard({ receiver, named }: { receiver: Receiver; named: boolean }) {
  const [params] = useSearchParams();
  const { busy, error, run } = useAction();
  const [outcomes, setOutcomes] = useState<TestOutcome[] | null>(null);
  const test = () => run(async () => setOutcomes((await testReceivers([receiver.name])).data.outcomes));
  const silent = receiver.integrations.length === 0;
  return (
    <section className={named ? 'panel receiver receiver-named' : 'panel receiver'} aria-label={`Receiver ${receiver.name}`}>
      <header className="panel-head">
        <h2>{receiver.name}</h2>
        {Object.keys(receiver.labels).some((name) => name !== 'name') && <LabelSet labels={receiver.labels} skip={['name']} />}
        <span className="spacer" />
        <Link className="button button-small" to={carryShared('/notifications', params, { receiver: receiver.name })}>What it was sent</Link>
        <button type="button" className="button button-small" disabled={busy || silent} onClick={() => void test()}><IconSend size={14} aria-hidden /> {busy ? 'Sending…' : 'Send a test'}</button>
      </header>
      <div className="panel-body">
        {silent && <p className="dim">No integration: alerts that come here are shown, and nobody is told.</p>}
        <ul className="integrations">
          {receiver.integrations.map(({ kind, destination }, at) => <li key={at}><b>{kind}</b> <code>{destination}</code></li>)}
        </ul>
        {error !== null && <ErrorNote error={error} />}
        {outcomes !== null && error === null && (
          <ul className="answers" aria-label="Answers to the test" role="status">
            {outcomes.map((outcome) => <Answer key={`${outcome.integration} ${outcome.index}`} outcome={outcome} />)}
            {outcomes.length === 0 && <li className="dim">No integration answered.</li>}
          </ul>
        )}
      </div>
    </section>
  );
}

export default function ReceiverList({ receivers, named }: { receivers: readonly Receiver[]; named: string | null }) {
  const sorted = [...receivers].sort((a, b) => Number(b.name === named) - Number(a.name === named));
  return <div className="receivers">{sorted.map((receiver) => <ReceiverCard key={receiver.name} receiver={receiver} named={receiver.name === named} />)}</div>;
}
