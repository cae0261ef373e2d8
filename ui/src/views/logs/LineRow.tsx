import { memo, useState } from 'react';
import type { Line } from '../../lib/logs';
import { formatTime, type Zone } from '../../lib/timerange';

interface Props {
  line: Line;
  zone: Zone;
  onFilter(name: string, op: '=' | '!=', value: string): void;
}

/** A line; opened, its labels with what narrows the query to them. */
function LineRow({ line, zone, onFilter }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <li className={open ? 'logs-open' : undefined}>
      <button type="button" className="logs-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="dim num">{formatTime(line.ms / 1000, zone, true)}</span>
        <span className={`logs-level level-${line.level}`}>{line.level}</span>
        <span className="logs-text">{line.line}</span>
      </button>
      {open && (
        <div className="logs-labels">
          <table>
            <tbody>
              {Object.keys(line.labels).sort().map((name) => (
                <tr key={name}>
                  <td>
                    <span className="button-group">
                      <button type="button" className="button button-small" title={`Only lines with this ${name}`} onClick={() => onFilter(name, '=', line.labels[name] ?? '')}>=</button>
                      <button type="button" className="button button-small" title={`Only lines without this ${name}`} onClick={() => onFilter(name, '!=', line.labels[name] ?? '')}>≠</button>
                    </span>
                  </td>
                  <td className="dim">{name}</td>
                  <td><code>{line.labels[name]}</code></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </li>
  );
}

export default memo(LineRow);
