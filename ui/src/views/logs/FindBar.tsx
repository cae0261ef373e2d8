// Finds in the lines that are loaded, because the browser's own search sees only what is on the screen.

import { IconArrowLeft, IconArrowRight, IconSearch } from '../../components/icons';
import { useTyped } from '../../app/params';
import { grouped } from '../../lib/units';

interface Props {
  /** Which of how many lines the cursor is at. */
  at: number;
  of: number;
  onStep(step: number): void;
}

export function useFind(): ReturnType<typeof useTyped> {
  return useTyped('find');
}

export default function FindBar({ text, setText, at, of, onStep }: Props & { text: string; setText(text: string): void }) {
  return (
    <span className="find-bar" role="search">
      <IconSearch size={14} aria-hidden />
      <input
        placeholder="Find in these lines"
        aria-label="Find in these lines"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
          if (event.key === 'Escape') {
            setText('');
            event.currentTarget.blur();
          }
        }}
      />
      {text !== '' && (
        <>
          <span className="dim num">{of === 0 ? 'none' : `${at > 0 ? grouped(at) : '–'} of ${grouped(of)}`}</span>
          <button type="button" className="icon-button" aria-label="Previous" disabled={of === 0} onClick={() => onStep(-1)}><IconArrowLeft size={14} aria-hidden /></button>
          <button type="button" className="icon-button" aria-label="Next" disabled={of === 0} onClick={() => onStep(1)}><IconArrowRight size={14} aria-hidden /></button>
        </>
      )}
    </span>
  );
}
