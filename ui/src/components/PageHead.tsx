import type { ReactNode } from 'react';

/** A page's heading: one line that says what it shows, and its own controls on the right. */
export default function PageHead({ title, children, controls }: { title: string; children?: ReactNode; controls?: ReactNode }) {
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        {children !== undefined && <p>{children}</p>}
      </div>
      {controls !== undefined && <div className="page-controls">{controls}</div>}
    </div>
  );
}
