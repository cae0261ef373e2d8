// How lines are shown. All of it is in the address.

import { useTime } from '../../app/time';
import Dropdown from '../../components/Dropdown';
import { IconAdjust } from '../../components/icons';
import type { Dedup } from '../../lib/logs/repeats';
import { DEFAULT_DISPLAY, type Display, type TimeForm } from '../../lib/logs/state';
import type { Zone } from '../../lib/timerange';

const TIMES: readonly (readonly [TimeForm, string])[] = [['full', 'Date and time'], ['clock', 'Time of day'], ['relative', 'How long ago'], ['none', 'None']];
const DEDUPS: readonly (readonly [Dedup, string, string])[] = [
  ['none', 'All lines', 'Every line stands for itself'],
  ['exact', 'Same text', 'Lines behind each other that are alike but for their time become one'],
  ['numbers', 'Same but numbers', 'Numbers and hexadecimal ids may differ, too'],
  ['words', 'Same shape', 'Words may differ, too'],
];

function Switch({ on, onChange, children }: { on: boolean; onChange(on: boolean): void; children: string }) {
  return <label className="display-switch"><input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} /> {children}</label>;
}

export default function DisplayMenu({ display, onChange }: { display: Display; onChange(part: Partial<Display>): void }) {
  const { zone, setZone } = useTime();
  const changed = (Object.keys(DEFAULT_DISPLAY) as (keyof Display)[]).filter((name) => name !== 'oldest' && display[name] !== DEFAULT_DISPLAY[name]).length;
  return (
    <Dropdown label="Display" face={<><IconAdjust size={15} aria-hidden /> <span className="wide-only">Display</span>{changed > 0 && <span className="tag">{changed}</span>}</>} className="button button-small" align="end">
      {() => (
        <div className="display-menu">
          <Switch on={display.wrap} onChange={(wrap) => onChange({ wrap })}>Wrap long lines</Switch>
          <Switch on={display.pretty} onChange={(pretty) => onChange({ pretty })}>Lay out JSON</Switch>
          <Switch on={display.colors} onChange={(colors) => onChange({ colors })}>Show terminal colours</Switch>
          <fieldset>
            <legend>Time</legend>
            {TIMES.map(([form, name]) => <label key={form}><input type="radio" name="log-time" checked={display.time === form} onChange={() => onChange({ time: form })} /> {name}</label>)}
          </fieldset>
          <fieldset>
            <legend>Time zone</legend>
            {([['local', 'This browser’s'], ['utc', 'UTC']] as const).map(([one, name]: readonly [Zone, string]) => <label key={one}><input type="radio" name="log-zone" checked={zone === one} onChange={() => setZone(one)} /> {name}</label>)}
          </fieldset>
          <fieldset>
            <legend>Repetitions</legend>
            {DEDUPS.map(([dedup, name, title]) => <label key={dedup} title={title}><input type="radio" name="log-dedup" checked={display.dedup === dedup} onChange={() => onChange({ dedup })} /> {name}</label>)}
          </fieldset>
        </div>
      )}
    </Dropdown>
  );
}
