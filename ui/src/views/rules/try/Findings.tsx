// What the linter says of the text, line by line.

import type { Finding } from '../../../api/rules';
import { ApiError } from '../../../api/client';
import ErrorNote from '../../../components/ErrorNote';
import { IconAlert, IconCircleCheck, IconInfoCircle } from '../../../components/icons';
import { toneOfFinding } from '../../../lib/rules';

const LOOKS = { info: 'annotation annotation-info', warning: 'annotation', error: 'annotation finding-bad' } as const;

interface Props {
  findings: readonly Finding[] | undefined;
  error: unknown;
  busy: boolean;
}

export default function Findings({ findings, error, busy }: Props) {
  // A file that cannot be read is no failure of the server: its message says where it is wrong.
  if (error instanceof ApiError && error.kind === 'bad_data') {
    return <div className="findings" role="status"><p className="annotation finding-bad">{error.message}</p></div>;
  }
  if (error !== null) return <ErrorNote error={error} />;
  return (
    <div className="findings" role="status" aria-busy={busy}>
      {busy && findings === undefined && <p className="dim">Reading…</p>}
      {findings?.length === 0 && <p className="finding-none"><IconCircleCheck size={15} aria-hidden /> The linter has nothing to say.</p>}
      {findings?.map(({ line, text }) => (
        <p key={`${line} ${text}`} className={LOOKS[toneOfFinding(text)]}>{toneOfFinding(text) === 'info' ? <IconInfoCircle size={14} aria-hidden /> : <IconAlert size={14} aria-hidden />} {line > 0 && <b>Line {line}: </b>}{text}</p>
      ))}
    </div>
  );
}
