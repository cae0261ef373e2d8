// What the silence in the form hides now, and would have hidden: asked while it is filled in.

import { useEffect, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { previewSilence } from '../../api/silences';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import LabelSet from '../../components/LabelSet';
import Severity from '../../components/Severity';
import { humanDuration } from '../../lib/duration';
import { silenceOf, type SilenceDraft } from '../../lib/silence-form';
import { grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

const PAUSE_MS = 350;
const LISTED = 12;

/** What the preview depends on: not the words that explain the silence. */
function essence(draft: SilenceDraft): string {
  return JSON.stringify([draft.matchers, draft.start, draft.duration, draft.recurring ? [draft.windows, draft.timeZone, draft.timeInterval] : null]);
}

export default function Preview({ draft }: { draft: SilenceDraft }) {
  const [params] = useSearchParams();
  const { nowMs } = useTime();
  const [settled, setSettled] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const silence = silenceOf(settled, nowMs);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['silence-preview', essence(settled), nowMs],
    queryFn: () => {
      if (silence === null) throw new Error('nothing to preview');
      return previewSilence({ ...silence, createdBy: silence.createdBy || 'preview', comment: silence.comment || 'preview' });
    },
    enabled: silence !== null,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    retry: false,
  });
  const preview = silence === null ? undefined : data?.data;
  const past = preview?.past.reduce((sum, { count }) => sum + count, 0) ?? 0;
  return (
    <aside className="preview" aria-label="What it hides" aria-busy={isPlaceholderData}>
      {silence === null && <p className="dim">Say which alerts and for how long; what that hides appears here.</p>}
      {silence !== null && error !== null && <ErrorNote error={error} />}
      {preview !== undefined && error === null && (
        <>
          <h3>Hides now: {preview.now.length === 0 ? 'nothing' : `${grouped(preview.now.length)} ${preview.now.length === 1 ? 'alert' : 'alerts'}`}</h3>
          <ul className="preview-now">
            {preview.now.slice(0, LISTED).map((alert) => (
              <li key={alert.fingerprint}>
                <Severity severity={alert.labels['severity'] ?? ''} />
                <Link to={carryShared('/alerts', params, { alert: alert.fingerprint })}>{alert.labels['alertname'] ?? alert.fingerprint}</Link>
                <LabelSet labels={alert.labels} skip={['alertname', 'severity']} />
              </li>
            ))}
          </ul>
          {preview.now.length > LISTED && <p className="dim">and {grouped(preview.now.length - LISTED)} more</p>}
          <h3>
            Would have hidden in {humanDuration(preview.pastSeconds)}: {past === 0 ? 'nothing' : `${grouped(past)} ${past === 1 ? 'alert' : 'alerts'}, ${grouped(preview.pastNotifications)} ${preview.pastNotifications === 1 ? 'notification' : 'notifications'}`}
          </h3>
          <ul className="preview-past">
            {preview.past.slice(0, LISTED).map(({ name, count }) => <li key={name}><span>{name}</span> <b className="num">{grouped(count)}</b></li>)}
          </ul>
          {preview.past.length > LISTED && <p className="dim">and {grouped(preview.past.length - LISTED)} more names</p>}
        </>
      )}
      {silence !== null && preview === undefined && error === null && <p className="dim">Looking…</p>}
    </aside>
  );
}
