// How often each team was disturbed in the last hour and day, against what it has agreed to.

import type { TeamBudget } from '../../api/alerts';
import EmptyState from '../../components/EmptyState';
import Meter from '../../components/Meter';
import Panel from '../../components/Panel';
import { byNeed, spentOf } from '../../lib/quality';
import { grouped } from '../../lib/units';

const CONFIG = `# binnacle.yaml
alerting:
  budgets:
    team_label: team
    per_hour: 10
    per_day: 10
    teams:
      db: {per_day: 20}`;

function Spent({ used, limit, of }: { used: number; limit: number; of: string }) {
  const { share, tone, word } = spentOf(used, limit);
  return (
    <div className="spent">
      <div><b>{grouped(used)}</b>{limit > 0 && <span className="dim"> of {grouped(limit)}</span>} {word !== '' && <span className={tone === 'plain' ? 'dim' : `state state-${tone}`}>{word}</span>}</div>
      {limit > 0 && <Meter share={share} tone={tone} label={`Notifications ${of}: ${grouped(used)} of ${grouped(limit)}`} />}
    </div>
  );
}

export default function BudgetPanel({ teams }: { teams: readonly TeamBudget[] }) {
  return (
    <Panel title="Budgets" note="notifications that disturbed each team">
      {teams.length === 0 ? (
        <EmptyState compact title="No team was told anything today" code={CONFIG}>Teams come from the label <code>team</code>. Ten an hour and ten a day are the limits unless you say otherwise:</EmptyState>
      ) : (
        <div className="table-scroll">
          <table className="table budget-table">
            <thead><tr><th>Team</th><th>Last hour</th><th>Last day</th><th className="num" title="Waiting for the next digest">Held</th><th className="num" title="Told whatever the budget, because of their severity">Exempt</th></tr></thead>
            <tbody>
              {[...teams].sort(byNeed).map((team) => (
                <tr key={team.team}>
                  <td>{team.team === '' ? <span className="dim">no team</span> : <b>{team.team}</b>}</td>
                  <td><Spent used={team.hour} limit={team.hourLimit} of="in the last hour" /></td>
                  <td><Spent used={team.day} limit={team.dayLimit} of="in the last day" /></td>
                  <td className="num">{team.held > 0 ? <span className="state state-warn">{grouped(team.held)} for the digest</span> : '0'}</td>
                  <td className="num">{grouped(team.exempt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
