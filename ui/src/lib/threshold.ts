// The number that an alert's expression compares with, so that a chart can draw both sides.

import type { Node } from '../api/parse';
import { printNode } from './promql-print';

export type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>=';

export interface Threshold {
  /** The side that is measured. */
  expr: string;
  op: Comparison;
  value: number;
}

const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '==': '==', '!=': '!=', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

function isComparison(op: string): op is Comparison {
  return op in MIRRORED;
}

function bare(node: Node): Node {
  return node.type === 'parenExpr' ? bare(node.expr) : node;
}

/** The value of an expression of numbers alone: `10 * 60`, `-1`, `(0.9)`, `1 - 0.999`. */
export function constantOf(node: Node): number | null {
  switch (node.type) {
    case 'numberLiteral': {
      const value = Number(node.val.replace(/^([+-]?)Inf$/i, '$1Infinity'));
      return Number.isFinite(value) ? value : null;
    }
    case 'parenExpr':
      return constantOf(node.expr);
    case 'unaryExpr': {
      const value = constantOf(node.expr);
      return value === null ? null : node.op === '-' ? -value : value;
    }
    case 'binaryExpr': {
      const [left, right] = [constantOf(node.lhs), constantOf(node.rhs)];
      return left === null || right === null ? null : compute(node.op, left, right);
    }
    default:
      return null;
  }
}

function compute(op: string, left: number, right: number): number | null {
  const value =
    op === '+' ? left + right : op === '-' ? left - right : op === '*' ? left * right : op === '/' ? left / right : op === '^' ? left ** right : NaN;
  return Number.isFinite(value) ? value : null;
}

/**
 * The comparison that decides. Of `a > 1 and b < 2` and of `a > 1 unless b` it is the left one, because its values and
 * labels are the alert's. Null when there is none against a plain number.
 */
export function thresholdOf(root: Node): Threshold | null {
  const node = bare(root);
  if (node.type !== 'binaryExpr') return null;
  if (node.op === 'and' || node.op === 'unless') return thresholdOf(node.lhs);
  // With `bool` the value is 0 or 1, and always there: nothing is compared away.
  if (!isComparison(node.op) || node.bool) return null;
  const right = constantOf(node.rhs);
  if (right !== null) return constantOf(node.lhs) === null ? { expr: printNode(bare(node.lhs)), op: node.op, value: right } : null;
  const left = constantOf(node.lhs);
  return left === null ? null : { expr: printNode(bare(node.rhs)), op: MIRRORED[node.op], value: left };
}

/** The expression in the link that Prometheus and this server give an alert; null when there is none. */
export function exprOfLink(link: string | undefined): string | null {
  if (link === undefined || link === '') return null;
  const query = link.split('?')[1];
  const expr = query === undefined ? null : new URLSearchParams(query.split('#')[0]).get('g0.expr');
  return expr === null || expr.trim() === '' ? null : expr;
}
