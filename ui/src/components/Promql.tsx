// An expression in colours, to be read. Editing has an editor.

import { memo } from 'react';
import { promqlPieces } from '../lib/promql-pieces';

export default memo(function Promql({ expr }: { expr: string }) {
  return (
    <pre className="promql" tabIndex={0} aria-label="Expression">
      {promqlPieces(expr).map(({ kind, text }, at) => (kind === 'plain' ? text : <i key={at} className={`promql-${kind}`}>{text}</i>))}
    </pre>
  );
});
