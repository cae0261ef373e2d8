// Everything about one alert: its expression over time, its texts, what can be done, what has been.

import { Link, useSearchParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import type { Alert } from '../../api/alerts';
import { ruleGroups } from '../../api/rules';
import { IconExternal } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import { webLink } from '../../lib/alerts';
import { exprOfLink } from '../../lib/threshold';
import { carryShared } from '../../lib/urlstate';
import AlertActions from './AlertActions';
import AlertGraph from './AlertGraph';
import EpisodeTable from './EpisodeTable';
import SentTable from './SentTable';

/** Annotations that are shown as buttons, because they say where to go next. */
const LINKS: ReadonlyArray<readonly [name: string, label: string]> = [
  ['runbook_url', 'Runbook'], ['runbook', 'Runbook'], ['dashboard_url', 'Dashboard'], ['dashboard', 'Dashboard'],
];

/** The expression behind an alert: from its own link, else from the rule of its name. */
function useExpr(alert: Alert): { expr: string | null; known: boolean } {
  const linked = exprOfLink(alert.generatorURL);
  const rules = useQuery({ queryKey: ['rules-once'], queryFn: ({ signal }) => ruleGroups(signal), enabled: linked === null, staleTime: 60_000 });
  if (linked !== null) return { expr: linked, known: true };
  const rule = rules.data?.data.groups
    .flatMap((group) => group.rules)
    .find((one) => one.type === 'alerting' && one.name === alert.labels['alertname'] && Object.entries(one.labels).every(([name, value]) => value.includes('{{') || alert.labels[name] === value));
  return { expr: rule?.query ?? null, known: rules.data !== undefined || rules.error !== null };
}

function Annotations({ alert }: { alert: Alert }) {
  const names = Object.keys(alert.annotations).filter((name) => !LINKS.some(([link]) => link === name && webLink(alert.annotations[name] ?? '') !== null)).sort();
  return (
    <dl className="alert-annotations">
      {names.map((name) => {
        const text = alert.annotations[name] ?? '';
        const link = webLink(text);
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{link === null ? text : <a href={link} target="_blank" rel="noreferrer noopener">{text}</a>}</dd>
          </div>
        );
      })}
    </dl>
  );
}

export default function AlertDetails({ alert }: { alert: Alert }) {
  const [params] = useSearchParams();
  const { expr, known } = useExpr(alert);
  const links = LINKS.flatMap(([name, label]) => {
    const href = webLink(alert.annotations[name] ?? '');
    return href === null ? [] : [{ name, label, href }];
  });
  const source = expr === null ? webLink(alert.generatorURL ?? '') : null;
  return (
    <div className="alert-details">
      <AlertActions alert={alert} />
      {expr !== null && <AlertGraph expr={expr} labels={alert.labels} />}
      {expr === null && known && <p className="dim">No expression is known for this alert: its link names none, and no rule here has its name.</p>}
      <div className="alert-texts">
        <Annotations alert={alert} />
        <div className="alert-links">
          {links.map(({ name, label, href }) => <a key={name} className="button button-small" href={href} target="_blank" rel="noreferrer noopener">{label} <IconExternal size={14} aria-hidden /></a>)}
          {expr !== null && <Link className="button button-small" to={carryShared('/explore', params, { q: expr })}>Explore <IconExternal size={14} aria-hidden /></Link>}
          <Link className="button button-small" to={carryShared('/rules', params, { search: alert.labels['alertname'] ?? '' })}>Rule <IconExternal size={14} aria-hidden /></Link>
          <Link className="button button-small" to={carryShared('/routing', params, { labels: JSON.stringify(alert.labels) })}>Route <IconExternal size={14} aria-hidden /></Link>
          {source !== null && <a className="button button-small" href={source} target="_blank" rel="noreferrer noopener">Source <IconExternal size={14} aria-hidden /></a>}
        </div>
        <LabelSet labels={alert.labels} />
      </div>
      <div className="alert-past">
        <EpisodeTable fingerprint={alert.fingerprint} />
        <SentTable fingerprint={alert.fingerprint} />
      </div>
    </div>
  );
}
