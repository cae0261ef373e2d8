// Rules: what is evaluated, how well, at what cost.

import './rules.css';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useResource } from '../../api/hooks';
import { ruleGroups } from '../../api/rules';
import { useChoice, useTyped } from '../../app/params';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconFlask } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { filesOf, isInState } from '../../lib/rules';
import { grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';
import GroupPanel from './GroupPanel';

const CONFIG = `# binnacle.yaml
metrics:
  prometheus_file: prometheus.yml

# prometheus.yml
rule_files: [rules/*.yml]

# rules/first.yml
groups:
  - name: first
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: TargetDown
        expr: up == 0
        for: 5m
        labels: {severity: warning}`;

const STATES = [
  ['all', 'All'], ['error', 'Failing'], ['firing', 'Firing'], ['pending', 'Pending'], ['finding', 'With findings'], ['inactive', 'Inactive'], ['recording', 'Recording'],
] as const;
const STATE_NAMES = STATES.map(([state]) => state);

export default function RulesPage() {
  const [params] = useSearchParams();
  const { data, error } = useResource('rules', ruleGroups);
  const [text, setText, deferred] = useTyped('search');
  const [state, setState] = useChoice('state', STATE_NAMES);
  const groups = useMemo(() => data?.data.groups ?? [], [data]);
  const files = useMemo(() => filesOf(groups, { text: deferred, state }), [groups, deferred, state]);
  const rules = useMemo(() => groups.flatMap((group) => group.rules), [groups]);
  const choices = STATES.map(([one, name]) => [one, name, rules.filter((rule) => isInState(rule, one)).length] as const)
    .filter(([one, , count]) => one === 'all' || one === state || count > 0);
  return (
    <div className="page rules">
      <PageHead
        title="Rules"
        controls={
          <>
            <input className="input rule-search" data-search placeholder="Search name, expression, label" aria-label="Search rules" value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <Choice label="State" choices={choices} value={state} onChange={setState} />
            <Link className="button button-primary" to={carryShared('/rules/try', params)}><IconFlask size={16} aria-hidden /> Try a rule</Link>
          </>
        }
      />
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {data !== undefined && groups.length === 0 && (
        <EmptyState title="No rules" code={CONFIG}>
          Name rule files in the Prometheus configuration, then reload with <code>kill -HUP</code> or <code>POST /-/reload</code>. Rules written for
          Prometheus run unchanged:
        </EmptyState>
      )}
      {groups.length > 0 && files.length === 0 && <EmptyState title="No rule matches">None of the {grouped(rules.length)} rules is like this. Clear the search or choose “All”.</EmptyState>}
      <div className="rule-files">
        {files.map(({ file, groups: shown }) => (
          <section key={file} aria-label={`File ${file}`}>
            <h2 className="rule-file"><code>{file}</code> <span className="dim">{grouped(shown.reduce((sum, { total }) => sum + total, 0))} rules in {grouped(shown.length)} {shown.length === 1 ? 'group' : 'groups'}</span></h2>
            <div className="rule-groups">
              {shown.map((group) => <GroupPanel key={group.name} group={group} open={params.get('rule')} narrowed={deferred !== '' || state !== 'all'} />)}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
