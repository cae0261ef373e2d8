// Which alerts: one row for each label, with the names and values that alerts have now as suggestions.

import { useId, useMemo } from 'react';
import { alerts as fetchAlerts } from '../../api/alerts';
import { useResource } from '../../api/hooks';
import { IconPlus, IconX } from '../../components/icons';
import { MATCH_OPS, matcherProblem, type LabelMatcher } from '../../lib/matchers';

const SUGGESTIONS_MAX = 200;
const COMMON = ['alertname', 'severity', 'team', 'job', 'instance'];

interface Props {
  matchers: readonly LabelMatcher[];
  problem: string | undefined;
  onChange(matchers: LabelMatcher[]): void;
}

export default function MatcherRows({ matchers, problem, onChange }: Props) {
  const id = useId();
  const { data } = useResource('alerts', fetchAlerts);
  const known = useMemo(() => {
    const values = new Map<string, Set<string>>(COMMON.map((name) => [name, new Set<string>()]));
    for (const { labels } of data?.data.alerts ?? []) {
      for (const [name, value] of Object.entries(labels)) values.set(name, (values.get(name) ?? new Set()).add(value));
    }
    return values;
  }, [data]);
  const change = (at: number, part: Partial<LabelMatcher>) => onChange(matchers.map((matcher, index) => (index === at ? { ...matcher, ...part } : matcher)));
  return (
    <fieldset className="matcher-rows">
      <legend>Hides alerts whose</legend>
      <datalist id={`${id}names`}>{[...known.keys()].sort().map((name) => <option key={name} value={name} />)}</datalist>
      {matchers.map((matcher, at) => {
        const wrong = matcherProblem(matcher);
        return (
          <div key={at} className="matcher-row">
            <input className="input mono" list={`${id}names`} aria-label={`Label ${at + 1}`} placeholder="label" spellCheck={false} value={matcher.name} onChange={(event) => change(at, { name: event.currentTarget.value })} />
            <select className="select" aria-label={`Comparison ${at + 1}`} value={matcher.op} onChange={(event) => change(at, { op: MATCH_OPS.find(([op]) => op === event.currentTarget.value)?.[0] ?? '=' })}>
              {MATCH_OPS.map(([op, name]) => <option key={op} value={op}>{name}</option>)}
            </select>
            <input className="input mono matcher-value" list={`${id}values${at}`} aria-label={`Value ${at + 1}`} placeholder={matcher.op.includes('~') ? 'regular expression' : 'value'} spellCheck={false} aria-invalid={wrong !== null && matcher.name !== ''} value={matcher.value} onChange={(event) => change(at, { value: event.currentTarget.value })} />
            <datalist id={`${id}values${at}`}>{[...(known.get(matcher.name) ?? [])].sort().slice(0, SUGGESTIONS_MAX).map((value) => <option key={value} value={value} />)}</datalist>
            <button type="button" className="icon-button" aria-label={`Remove label ${at + 1}`} disabled={matchers.length === 1} onClick={() => onChange(matchers.filter((_, index) => index !== at))}><IconX size={15} aria-hidden /></button>
          </div>
        );
      })}
      <button type="button" className="button button-small" onClick={() => onChange([...matchers, { name: '', op: '=', value: '' }])}><IconPlus size={14} aria-hidden /> Add label</button>
      {problem !== undefined && <p className="field-error" role="alert">{problem}</p>}
    </fieldset>
  );
}
