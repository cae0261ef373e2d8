// An alert's labels, tried: which routes they take, what would keep the alert back, and in which words it would be told.

import { useEffect, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Explanation } from '../../api/routing';
import { useSetParams } from '../../app/params';
import ErrorNote from '../../components/ErrorNote';
import { IconBellOff, IconCheck, IconMoon, IconShield } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import Panel from '../../components/Panel';
import { readable } from '../../lib/readable';
import { parseLabels, printLabels } from '../../lib/routes';
import type { Labels } from '../../lib/series';
import { grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

function Suppression({ suppression }: { suppression: Explanation['suppression'] }) {
  const [params] = useSearchParams();
  const { silencedBy, inhibitedBy, mutedBy } = suppression;
  if (silencedBy.length + inhibitedBy.length + mutedBy.length === 0) {
    return <p className="kept"><span className="state state-ok"><IconCheck size={13} aria-hidden /> told</span> No silence, inhibition or time interval keeps it back now.</p>;
  }
  return (
    <ul className="kept-list">
      {silencedBy.map((id) => <li key={id} className="kept"><span className="state state-warn"><IconBellOff size={13} aria-hidden /> silenced</span> by <Link to={carryShared('/silences', params, { silence: id })}>this silence</Link></li>)}
      {inhibitedBy.map((by) => <li key={by} className="kept"><span className="state state-warn"><IconShield size={13} aria-hidden /> inhibited</span> by <Link to={carryShared('/alerts', params, { alert: by })}>this alert</Link></li>)}
      {mutedBy.map((name) => <li key={name} className="kept"><span className="state state-warn"><IconMoon size={13} aria-hidden /> muted</span> by time interval {name}</li>)}
    </ul>
  );
}

function Taken({ route }: { route: Explanation['routes'][number] }) {
  return (
    <li className="taken">
      <h3>{route.receiver}</h3>
      <p>
        In the group <LabelSet labels={route.groupLabels} />{' '}
        <span className="dim">{route.groupSize === 0 ? 'which would be new' : `with ${grouped(route.groupSize)} ${route.groupSize === 1 ? 'other' : 'others'} now`}</span>
      </p>
      {route.mutedBy.length > 0 && <p className="kept"><span className="state state-warn"><IconMoon size={13} aria-hidden /> muted</span> by {route.mutedBy.join(', ')}</p>}
      {route.texts.length === 0 && <p className="dim">This receiver has no integration: nobody would be told.</p>}
      {route.texts.map(({ integration, fields }, at) => (
        <details key={`${integration} ${at}`} open={at === 0}>
          <summary>What {integration} would say</summary>
          <dl className="texts">
            {Object.keys(fields).sort().map((name) => <div key={name}><dt>{name}</dt><dd>{readable(fields[name] ?? '')}</dd></div>)}
          </dl>
          {Object.keys(fields).length === 0 && <p className="dim">It has no texts of its own: it sends the alert as data.</p>}
        </details>
      ))}
    </li>
  );
}

interface Props {
  /** What the address says; a text says what is wrong with it. */
  labels: Labels | string | null;
  explanation: Explanation | undefined;
  error: unknown;
}

export default function ExplainPanel({ labels, explanation, error }: Props) {
  const [params] = useSearchParams();
  const set = useSetParams();
  const inAddress = params.get('labels') ?? '';
  const [text, setText] = useState('');
  useEffect(() => {
    const given = inAddress === '' ? '' : parseLabels(inAddress);
    setText(typeof given === 'string' ? inAddress : printLabels(given));
  }, [inAddress]);
  const shown = labels !== null && typeof labels !== 'string' ? explanation : undefined;
  return (
    <Panel title="Try labels" note="nothing is sent">
      <form
        className="try-labels"
        data-search
        onSubmit={(event) => {
          event.preventDefault();
          set({ labels: text.trim() });
        }}
      >
        <textarea
          className="input mono" aria-label="Labels of an alert" rows={2} spellCheck={false} placeholder={'alertname="TargetDown" severity="critical" team="db"'}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            set({ labels: text.trim() });
          }}
        />
        <button type="submit" className="button button-primary">Explain</button>
      </form>
      {typeof labels === 'string' && <p className="field-error" role="alert">{labels}</p>}
      {error !== null && labels !== null && typeof labels !== 'string' && <ErrorNote error={error} />}
      {labels === null && <p className="dim">Write the labels of an alert: you see which routes it would take, in which group, what would keep it back, and the texts that would be sent.</p>}
      {shown !== undefined && error === null && (
        <div className="explanation">
          <Suppression suppression={shown.suppression} />
          <ul className="taken-list">{shown.routes.map((route) => <Taken key={route.route} route={route} />)}</ul>
        </div>
      )}
    </Panel>
  );
}
