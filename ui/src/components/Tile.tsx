// A number with its recent course.

import { memo } from 'react';
import Sparkline from '../charts/Sparkline';

interface Props {
  label: string;
  value: string;
  /** Context for the number: of how much, since when. */
  note?: string;
  spark?: readonly (number | null)[];
  min?: number;
  max?: number;
  /** Shown as a word too, because colour must not be the only signal. */
  state?: { tone: 'ok' | 'warn' | 'bad'; word: string } | undefined;
}

export default memo(function Tile({ label, value, note, spark, min, max, state }: Props) {
  return (
    <div className="tile">
      <div className="tile-label">
        {label}
        {state !== undefined && state.tone !== 'ok' && <span className={`state state-${state.tone}`}>{state.word}</span>}
      </div>
      <div className="tile-value">{value}</div>
      <div className="tile-note">{note ?? '\u00a0'}</div>
      {spark !== undefined && <Sparkline values={spark} {...(min === undefined ? {} : { min })} {...(max === undefined ? {} : { max })} />}
    </div>
  );
});
