// Holds the place of the editor: until its code is there, a plain field of the same size that works.

import { lazy, Suspense } from 'react';
import PlainQueryField from '../../../components/PlainQueryField';
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
  const { value, onChange, onRun } = props;
  return (
    <Suspense fallback={<PlainQueryField value={value} label="LogQL query" isSearch onChange={onChange} onRun={onRun} />}>
      <LogqlEditor {...props} />
    </Suspense>
  );
}
