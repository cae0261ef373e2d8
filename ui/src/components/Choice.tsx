// A row of buttons of which one is chosen.

import { grouped } from '../lib/units';

interface Props<T extends string> {
  label: string;
  choices: ReadonlyArray<readonly [value: T, name: string, count?: number]>;
  value: T;
  onChange(value: T): void;
}

export default function Choice<T extends string>({ label, choices, value, onChange }: Props<T>) {
  return (
    <div className="button-group" role="group" aria-label={label}>
      {choices.map(([one, name, count]) => (
        <button key={one} type="button" className="button" aria-pressed={value === one} onClick={() => onChange(one)}>
          {name} {count !== undefined && <span className="dim num">{grouped(count)}</span>}
        </button>
      ))}
    </div>
  );
}
