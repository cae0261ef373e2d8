// Holds the place of the editor: until its code is there, a plain field of the same size that works.

import { lazy, Suspense } from 'react';

export interface EditorProps {
  value: string;
  label: string;
  autoFocus: boolean;
  onChange(text: string): void;
  onRun(): void;
  onFocus(): void;
}

const PromqlEditor = lazy(() => import('./PromqlEditor'));

export default function EditorSlot(props: EditorProps) {
  return (
    <Suspense
      fallback={
        <textarea
          className="promql-editor promql-plain"
          aria-label={props.label}
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
      <PromqlEditor {...props} />
    </Suspense>
  );
}
