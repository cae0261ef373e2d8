// The form of a silence. Saving waits for nothing, but what it would hide stands beside it all the time.

import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { saveSilence, type Silence } from '../../api/silences';
import { useAction } from '../../app/action';
import { useSetParams } from '../../app/params';
import { useTime } from '../../app/time';
import { useWho } from '../../app/who';
import ErrorNote from '../../components/ErrorNote';
import Panel from '../../components/Panel';
import { draftOf, draftProblems, emptyDraft, readMatchers, silenceOf, type SilenceDraft } from '../../lib/silence-form';
import MatcherRows from './MatcherRows';
import Preview from './Preview';
import WindowRows from './WindowRows';

const DURATIONS = ['30m', '2h', '8h', '1d', '1w'] as const;
/** A recurring silence should last: its windows are what limits it. */
const RECURRING_DURATION = '90d';

function firstDraft(source: Silence | null, renew: boolean, params: URLSearchParams, who: string): SilenceDraft {
  const base = emptyDraft(who, Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (source !== null) return draftOf(source, renew, base);
  const matchers = readMatchers(params.getAll('m'));
  return matchers.length === 0 ? base : { ...base, matchers };
}

export default function SilenceForm({ source, renew }: { source: Silence | null; renew: boolean }) {
  const [params] = useSearchParams();
  const set = useSetParams();
  const who = useWho();
  const { nowMs } = useTime();
  const { busy, error, run } = useAction();
  const [draft, setDraft] = useState(() => firstDraft(source, renew, params, who.name));
  // What is wrong is said when saving was tried; before that an empty form would only scold.
  const [tried, setTried] = useState(false);
  const change = (part: Partial<SilenceDraft>) => setDraft((current) => ({ ...current, ...part }));
  const problems = draftProblems(draft, nowMs);
  const shown = tried ? problems : {};
  const close = () => set({ new: null, edit: null, renew: null, m: null });
  const save = async () => {
    setTried(true);
    const silence = silenceOf(draft, Date.now());
    if (silence === null || Object.keys(problems).length > 0) return;
    who.remember(silence.createdBy);
    if (await run(() => saveSilence(silence))) close();
  };
  const title = source === null ? 'New silence' : renew ? 'Renew silence' : 'Edit silence';
  return (
    <Panel title={title} className="silence-form-panel">
      <form
        className="silence-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="silence-fields">
          <MatcherRows matchers={draft.matchers} problem={shown.matchers} onChange={(matchers) => change({ matchers })} />
          <div className="silence-times">
            <label className="field">
              <span>From</span>
              <input className="input mono" value={draft.start} aria-invalid={shown.start !== undefined} spellCheck={false} onChange={(event) => change({ start: event.currentTarget.value })} />
              {shown.start !== undefined && <span className="field-error">{shown.start}</span>}
            </label>
            <label className="field">
              <span>For</span>
              <input className="input mono" value={draft.duration} aria-invalid={shown.duration !== undefined} spellCheck={false} onChange={(event) => change({ duration: event.currentTarget.value })} />
              {shown.duration !== undefined && <span className="field-error">{shown.duration}</span>}
            </label>
            <div className="segments" role="group" aria-label="Usual lengths">
              {DURATIONS.map((duration) => <button key={duration} type="button" aria-pressed={draft.duration === duration} onClick={() => change({ duration })}>{duration}</button>)}
            </div>
          </div>
          <label className="check"><input type="checkbox" checked={draft.untilResolved} onChange={(event) => change({ untilResolved: event.currentTarget.checked })} /> End it as soon as nothing that it hides fires any more</label>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.recurring}
              onChange={(event) => change({ recurring: event.currentTarget.checked, ...(event.currentTarget.checked && draft.duration === '2h' ? { duration: RECURRING_DURATION } : {}) })}
            /> Only in windows of the week
          </label>
          {draft.recurring && <WindowRows windows={draft.windows} timeZone={draft.timeZone} problem={shown.windows} onChange={change} />}
          <div className="silence-author">
            <label className="field">
              <span>Why</span>
              <input className="input" value={draft.comment} maxLength={1000} aria-invalid={shown.comment !== undefined} onChange={(event) => change({ comment: event.currentTarget.value })} />
              {shown.comment !== undefined && <span className="field-error">{shown.comment}</span>}
            </label>
            <label className="field">
              <span>Who</span>
              <input className="input" value={draft.createdBy} maxLength={100} aria-invalid={shown.createdBy !== undefined} onChange={(event) => change({ createdBy: event.currentTarget.value })} />
              {shown.createdBy !== undefined && <span className="field-error">{shown.createdBy}</span>}
            </label>
          </div>
          {error !== null && <ErrorNote error={error} />}
          <div className="silence-foot">
            <button type="submit" className="button button-primary" disabled={busy}>{busy ? 'Saving…' : source === null || renew ? 'Silence' : 'Save'}</button>
            <button type="button" className="button" onClick={close}>Cancel</button>
          </div>
        </div>
        <Preview draft={draft} />
      </form>
    </Panel>
  );
}
