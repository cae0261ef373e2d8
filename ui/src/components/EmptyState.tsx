// What a page shows when there is nothing: what is missing, and the line that fills it.

import type { ReactNode } from 'react';

interface Props {
  title: string;
  children: ReactNode;
  /** Configuration or a command, to be copied as it stands. */
  code?: string;
  compact?: boolean;
}

export default function EmptyState({ title, children, code, compact = false }: Props) {
  return (
    <div className={compact ? 'empty-state empty-compact' : 'empty-state'}>
      <h3>{title}</h3>
      <p>{children}</p>
      {code !== undefined && <pre>{code}</pre>}
    </div>
  );
}
