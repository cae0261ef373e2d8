// Rules by what they cost people, sorted by any column.

import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { RuleQuality } from '../../api/alerts';
import { useSetParams } from '../../app/params';
import Panel from '../../components/Panel';
import Severity from '../../components/Severity';
import { humanDuration } from '../../lib/duration';
import { falseShare, readOrder, sortRules, writeOrder, type RuleColumn } from '../../lib/quality';
import { formatValue, grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

const ROWS = 50;

const COLUMNS: ReadonlyArray<readonly [column: RuleColumn, title: string, numeric: boolean]> = [
  ['name', 'Rule', false], ['severity', 'Severity', false], ['team', 'Team', false], ['episodes', 'Fired', true], ['notifications', 'Told', true],
  ['falsePositives', 'False', true], ['flaps', 'Flaps', true], ['acknowledged', 'Acknowledged', true], ['acknowledgeSeconds', 'After', true], ['resolveSeconds', 'Resolved in', true],
];

function time(seconds: number | null): string {
  return seconds === null ? '–' : humanDuration(Math.round(seconds));
}

export default function NoisyRules({ rules }: { rules: readonly RuleQuality[] }) {
  const [params] = useSearchParams();
  const set = useSetParams();
  const [shown, setShown] = useState(ROWS);
  const order = readOrder(params.get('sort'));
  const sorted = sortRules(rules, order);
  // A second press on a column turns it around; words begin with A, numbers with the most.
  const press = (column: RuleColumn, numeric: boolean) => set({ sort: writeOrder({ column, descending: column === order.column ? !order.descending : numeric }) });
  return (
    <Panel title="Noisiest rules" note={`${grouped(rules.length)} fired`}>
      <div className="table-scroll">
        <table className="table noisy-table">
          <thead>
            <tr>
              {COLUMNS.map(([column, title, numeric]) => (
                <th key={column} className={numeric ? 'num' : undefined} aria-sort={column === order.column ? (order.descending ? 'descending' : 'ascending') : 'none'}>
                  <button type="button" className="sort" onClick={() => press(column, numeric)}>{title}{column === order.column && <span aria-hidden="true">{order.descending ? ' ↓' : ' ↑'}</span>}</button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, shown).map((rule) => {
              const share = falseShare(rule);
              return (
                <tr key={`${rule.name} ${rule.severity} ${rule.team}`}>
                  <td><Link to={carryShared('/alerts', params, { show: 'history', search: `alertname=${JSON.stringify(rule.name)}` })}>{rule.name}</Link></td>
                  <td><Severity severity={rule.severity} /></td>
                  <td>{rule.team === '' ? <span className="dim">–</span> : rule.team}</td>
                  <td className="num">{grouped(rule.episodes)}</td>
                  <td className="num">{grouped(rule.notifications)}</td>
                  <td className="num">{share === null ? <span className="dim">not judged</span> : `${formatValue(share, 'ratio')} of ${grouped(rule.judged)}`}</td>
                  <td className="num">{grouped(rule.flaps)}</td>
                  <td className="num">{grouped(rule.acknowledged)}</td>
                  <td className="num">{time(rule.acknowledgeSeconds)}</td>
                  <td className="num">{time(rule.resolveSeconds)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {sorted.length > shown && <button type="button" className="button button-small" onClick={() => setShown(shown + 5 * ROWS)}>Show more of {grouped(sorted.length)}</button>}
    </Panel>
  );
}
