// An error of the API with what to do about it, in the place where the result would be.

import { ApiError } from '../api/client';
import { adviceFor, errorPosition } from '../lib/advice';
import { IconAlert } from './icons';

interface Props {
  error: unknown;
  /** The query that failed; the place of a parse error is marked in it. */
  expr?: string;
}

export default function ErrorNote({ error, expr }: Props) {
  const kind = error instanceof ApiError ? error.kind : 'unexpected';
  const status = error instanceof ApiError ? error.status : 0;
  const message = error instanceof Error ? error.message : String(error);
  const place = expr === undefined ? null : errorPosition(message, expr);
  return (
    <div className="error-note" role="alert">
      <IconAlert size={18} aria-hidden />
      <div>
        <p className="error-message">{message}</p>
        {place !== null && (
          <pre className="error-place">
            {place.line}
            {'\n'}
            {' '.repeat(place.column)}
            <span>^</span>
          </pre>
        )}
        <p className="error-advice">
          {adviceFor(kind, message)} <span className="dim">({kind}{status > 0 ? `, HTTP ${status}` : ''})</span>
        </p>
      </div>
    </div>
  );
}
