// Prints a node of the parser's tree as PromQL again: for the tree view, where each part is shown and can be run alone.

import type { Matcher, Node, VectorMatching } from '../api/parse';
import { printDuration } from './duration';
import { quote, quoteLabel } from './series';

const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

function selector(name: string, matchers: readonly Matcher[]): string {
  const plain = PLAIN_METRIC.test(name);
  const rest = matchers
    .filter((matcher) => !(matcher.name === '__name__' && matcher.type === '=' && matcher.value === name))
    .map(({ name: label, type, value }) => `${quoteLabel(label)}${type}${quote(value)}`);
  if (name !== '' && !plain) rest.unshift(quote(name));
  return (plain ? name : '') + (rest.length > 0 || name === '' ? `{${rest.join(',')}}` : '');
}

function shift(node: { offset: number; timestamp: number | null; startOrEnd: 'start' | 'end' | null }): string {
  const at = node.startOrEnd !== null && node.startOrEnd !== undefined ? ` @ ${node.startOrEnd}()` : node.timestamp != null ? ` @ ${(node.timestamp / 1000).toFixed(3)}` : '';
  const offset = node.offset !== 0 ? ` offset ${printDuration(node.offset)}` : '';
  return at + offset;
}

function matching(how: VectorMatching | null): string {
  if (how === null || how.card === 'many-to-many') return how !== null && (how.on || how.labels.length > 0) ? ` ${how.on ? 'on' : 'ignoring'} (${how.labels.map(quoteLabel).join(', ')})` : '';
  const on = how.on || how.labels.length > 0 ? ` ${how.on ? 'on' : 'ignoring'} (${how.labels.map(quoteLabel).join(', ')})` : '';
  if (how.card === 'one-to-one') return on;
  const side = how.card === 'many-to-one' ? 'group_left' : 'group_right';
  return `${on} ${side} (${how.include.map(quoteLabel).join(', ')})`;
}

export function printNode(node: Node): string {
  switch (node.type) {
    case 'numberLiteral':
      return node.val;
    case 'stringLiteral':
      return quote(node.val);
    case 'parenExpr':
      return `(${printNode(node.expr)})`;
    case 'unaryExpr':
      return `${node.op}${printNode(node.expr)}`;
    case 'vectorSelector':
      return selector(node.name, node.matchers) + shift(node);
    case 'matrixSelector':
      return `${selector(node.name, node.matchers)}[${printDuration(node.range)}]${shift(node)}`;
    case 'subquery':
      return `${printNode(node.expr)}[${printDuration(node.range)}:${node.step > 0 ? printDuration(node.step) : ''}]${shift(node)}`;
    case 'call':
      return `${node.func.name}(${node.args.map(printNode).join(', ')})`;
    case 'aggregation': {
      const by = node.grouping.length > 0 || node.without ? ` ${node.without ? 'without' : 'by'} (${node.grouping.map(quoteLabel).join(', ')})` : '';
      const args = [...(node.param === null ? [] : [node.param]), node.expr].map(printNode).join(', ');
      return `${node.op}${by}${by === '' ? '' : ' '}(${args})`;
    }
    case 'binaryExpr':
      return `${printNode(node.lhs)} ${node.op}${node.bool ? ' bool' : ''}${matching(node.matching)} ${printNode(node.rhs)}`;
    case 'placeholder':
      return '…';
  }
}

/** The direct parts, with what each is to the node. */
export function partsOf(node: Node): { role: string; node: Node }[] {
  switch (node.type) {
    case 'parenExpr':
    case 'unaryExpr':
    case 'subquery':
      return [{ role: '', node: node.expr }];
    case 'aggregation':
      return [...(node.param === null ? [] : [{ role: 'parameter', node: node.param }]), { role: '', node: node.expr }];
    case 'binaryExpr':
      return [{ role: 'left', node: node.lhs }, { role: 'right', node: node.rhs }];
    case 'call':
      return node.args.map((arg, index) => ({ role: node.args.length > 1 ? `argument ${index + 1}` : '', node: arg }));
    case 'placeholder':
      return (node.children ?? []).map((child) => ({ role: '', node: child }));
    default:
      return [];
  }
}

/** What a node is, in words. */
export function describeNode(node: Node): string {
  switch (node.type) {
    case 'vectorSelector':
      return 'selects series';
    case 'matrixSelector':
      return `selects samples of the last ${printDuration(node.range)}`;
    case 'subquery':
      return `evaluates repeatedly over ${printDuration(node.range)}`;
    case 'aggregation':
      return `aggregates ${node.without ? 'without' : 'by'} ${node.grouping.length > 0 ? node.grouping.join(', ') : node.without ? 'nothing' : 'nothing (one result)'}`;
    case 'binaryExpr':
      return /^(and|or|unless)$/.test(node.op) ? 'combines sets' : /^(==|!=|<|>|<=|>=)$/.test(node.op) && !node.bool ? 'filters' : 'computes';
    case 'call':
      return 'function';
    case 'numberLiteral':
      return 'number';
    case 'stringLiteral':
      return 'text';
    case 'parenExpr':
      return 'parentheses';
    case 'unaryExpr':
      return 'sign';
    case 'placeholder':
      return '';
  }
}

/** An expression that counts a node's series; null for what is not a set of series. */
export function countExpr(node: Node): string | null {
  switch (node.type) {
    case 'vectorSelector':
    case 'aggregation':
    case 'binaryExpr':
      return `count(${printNode(node)})`;
    case 'matrixSelector':
    case 'subquery':
      return `count(present_over_time(${printNode(node)}))`;
    case 'call':
      return /^(scalar|time|pi)$/.test(node.func.name) ? null : `count(${printNode(node)})`;
    default:
      return null;
  }
}
