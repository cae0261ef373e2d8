// Holds the place of the editor: until its code is there, a plain field of the same size that works.

import { lazy, Suspense } from 'react';
import PlainQueryField from '../../../components/PlainQueryField';

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
  const { value, label, onChange, onRun } = props;
  return (
    <Suspense fallback={<PlainQueryField value={value} label={label} onChange={onChange} onRun={onRun} />}>
      <PromqlEditor {...props} />
    </Suspense>
  );
}
