// The query as a tree: what each part is, and how many series it yields at the end of the range.

import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../../api/client';
import { countExpr, describeNode, partsOf, printNode } from '../../lib/promql-print';
import { parseQuery, type Node } from '../../api/parse';
import { queryInstant, vectorOf } from '../../api/query';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { grouped } from '../../lib/units';

function Count({ node }: { node: Node }) {
  const { resolved } = useTime();
  const expr = countExpr(node);
  const { data, error } = useQuery({
    queryKey: ['explain-count', expr, resolved.end],
    queryFn: ({ signal }) => queryInstant(expr ?? '', resolved.end, signal),
    enabled: expr !== null,
    gcTime: 10_000,
  });
  if (expr === null) return null;
  if (error !== null) return <span className="state state-bad" title={error.message}>fails</span>;
  if (data === undefined) return <span className="dim">…</span>;
  const count = Number(vectorOf(data.data)[0]?.value?.[1] ?? 0);
  return (
    <span className={count === 0 ? 'state state-warn' : 'dim'}>
      {count === 0 ? 'no series' : `${grouped(count)} series`} <span className="dim">· {Math.round(data.tookMs)} ms</span>
    </span>
  );
}

function Branch({ node, role }: { node: Node; role: string }) {
  const parts = partsOf(node);
  return (
    <li>
      <div className="tree-node">
        {role !== '' && <span className="tag">{role}</span>}
        <code>{printNode(node)}</code>
        <span className="dim">{describeNode(node)}</span>
        <Count node={node} />
      </div>
      {parts.length > 0 && <ul>{parts.map((part, index) => <Branch key={index} node={part.node} role={part.role} />)}</ul>}
    </li>
  );
}

export default function ExplainTab({ expr }: { expr: string }) {
  const { data, error } = useQuery({ queryKey: ['parse', expr], queryFn: ({ signal }) => parseQuery(expr, signal), gcTime: 60_000 });
  if (error instanceof ApiError && error.status === 404) {
    return (
      <EmptyState compact title="No tree from this server">
        It does not answer <code>/api/v1/parse_query</code>. Binnacle and Prometheus 3 do.
      </EmptyState>
    );
  }
  if (error !== null) return <ErrorNote error={error} expr={expr} />;
  if (data === undefined) return <div className="result-wait" style={{ height: 120 }} aria-label="Loading" />;
  return <ul className="tree"><Branch node={data.data} role="" /></ul>;
}
