// A framed result with its provenance: the query, the time it took, the number of series, and any annotation.

import { useState, type ReactNode } from 'react';
import { useClickOutside } from '@mantine/hooks';
import { Link, useSearchParams } from 'react-router';
import { grouped } from '../lib/units';
import { carryShared } from '../lib/urlstate';
import ErrorNote from './ErrorNote';
import { IconAlert, IconExternal, IconInfoCircle } from './icons';

export interface Origin {
  expr: string;
  /** Milliseconds from request to parsed answer. */
  tookMs?: number | undefined;
  series?: number | undefined;
  step?: number | undefined;
  warnings?: readonly string[] | undefined;
  infos?: readonly string[] | undefined;
  /** The page that asks such queries; the explorer of metrics when absent. */
  page?: '/logs';
}

interface Props {
  title: string;
  /** A short remark beside the title, such as the unit. */
  note?: string;
  origin?: Origin;
  error?: unknown;
  /** The first answer is still out. */
  pending?: boolean;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}

function OriginCard({ origin, close }: { origin: Origin; close: () => void }) {
  const [params] = useSearchParams();
  const ref = useClickOutside(close);
  const remarks = [...(origin.warnings ?? []), ...(origin.infos ?? [])];
  return (
    <div className="origin-card" ref={ref} onKeyDown={(event) => event.key === 'Escape' && close()}>
      <pre>{origin.expr}</pre>
      <p className="dim">
        {origin.series !== undefined && `${grouped(origin.series)} series`}
        {origin.tookMs !== undefined && ` · ${Math.round(origin.tookMs)} ms`}
        {origin.step !== undefined && ` · step ${origin.step} s`}
      </p>
      {remarks.map((remark) => (
        <p key={remark} className="annotation">{remark}</p>
      ))}
      <Link to={carryShared(origin.page ?? '/explore', params, { q: origin.expr })}>
        Open in {origin.page === undefined ? 'Explore' : 'Logs'} <IconExternal size={14} aria-hidden />
      </Link>
    </div>
  );
}

export default function Panel({ title, note, origin, error, pending = false, actions, className, children }: Props) {
  const [open, setOpen] = useState(false);
  const warned = (origin?.warnings?.length ?? 0) > 0;
  return (
    <section className={className === undefined ? 'panel' : `panel ${className}`} aria-label={title} aria-busy={pending}>
      <header className="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <span className="panel-note">{note}</span>}
        <span className="spacer" />
        {actions}
        {origin !== undefined && (
          <button
            type="button"
            className={warned ? 'icon-button icon-warned' : 'icon-button'}
            aria-expanded={open}
            aria-label={`Where ${title} comes from${warned ? ' (has warnings)' : ''}`}
            title="Query, time and series behind this panel"
            onMouseDown={(event) => event.stopPropagation()}
            onClick={() => setOpen(!open)}
          >
            {warned ? <IconAlert size={16} aria-hidden /> : <IconInfoCircle size={16} aria-hidden />}
          </button>
        )}
      </header>
      {open && origin !== undefined && <OriginCard origin={origin} close={() => setOpen(false)} />}
      <div className="panel-body">
        {error != null ? <ErrorNote error={error} {...(origin === undefined ? {} : { expr: origin.expr })} /> : children}
      </div>
    </section>
  );
}
