// A ranked list: name, number, share of the whole.

import Meter from '../../components/Meter';
import Panel from '../../components/Panel';
import type { NameValue } from '../../api/status';
import { formatValue, grouped, type Unit } from '../../lib/units';

interface Props {
  title: string;
  note: string;
  rows: readonly NameValue[] | null | undefined;
  /** What 100 % is; the largest row when absent. */
  whole?: number;
  unit?: Unit;
  onPick?: (name: string) => void;
  picked?: string;
  error?: unknown;
}

export default function RankTable({ title, note, rows, whole, unit, onPick, picked, error }: Props) {
  const largest = whole ?? Math.max(...(rows ?? []).map(({ value }) => value), 0);
  const number = (value: number) => (unit === undefined ? grouped(value) : formatValue(value, unit));
  return (
    <Panel title={title} note={note} error={error} pending={rows === undefined}>
      {rows === null && <p className="dim">This server does not report it.</p>}
      {rows !== null && rows !== undefined && (
        <table className="table rank-table">
          <tbody>
            {rows.map(({ name, value }) => (
              <tr key={name} className={picked === name ? 'rank-picked' : undefined}>
                <td title={name}>
                  {onPick === undefined ? <code>{name || '(none)'}</code> : <button type="button" className="rank-name" onClick={() => onPick(name)}>{name || '(none)'}</button>}
                </td>
                <td className="num">{number(value)}</td>
                <td className="num dim rank-share">{whole === undefined || whole === 0 ? '' : formatValue(value / whole, 'ratio')}</td>
                <td className="rank-bar"><Meter share={largest > 0 ? value / largest : 0} label={`${name}: ${number(value)}`} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows?.length === 0 && <p className="dim">Nothing in memory yet.</p>}
    </Panel>
  );
}
