// Holds the place of the editor: until its code is there, a plain field of the same size that works.

import { lazy, Suspense } from 'react';
import type { ResolvedRange } from '../../../lib/timerange';

export interface EditorProps {
  value: string;
  /** Where completion looks for names. */
  range: ResolvedRange;
  onChange(text: string): void;
  onRun(): void;
}

const LogqlEditor = lazy(() => import('./LogqlEditor'));

export default function EditorSlot(props: EditorProps) {
  return (
    <Suspense
      fallback={
        <textarea
          className="promql-editor promql-plain"
          aria-label="LogQL query"
          data-search
          rows={1}
          value={props.value}
          spellCheck={false}
          onChange={(event) => props.onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            props.onRun();
          }}
        />
      }
    >
      <LogqlEditor {...props} />
    </Suspense>
  );
}
