// What is known of one line, each with what narrows the question to it; and where to go from here.

import { useMemo, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { IconArrowRight, IconCheck, IconColumns, IconCopy, IconFilter, IconFilterOff, IconLink, IconList } from '../../components/icons';
import { exactTime } from '../../lib/logs/save';
import { fieldsOf, traceOf } from '../../lib/logs/fields';
import { labelsOf, type Line } from '../../lib/logs/lines';
import { carryShared } from '../../lib/urlstate';
import { quote } from '../../lib/series';
import { absoluteRange } from '../../lib/timerange';
import { useLogsActions, type Source } from './actions';

function CopyAs({ text, label, icon }: { text: () => string; label: string; icon: 'copy' | 'link' }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text()).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <button type="button" className="button button-small" onClick={copy}>
      {copied ? <IconCheck size={14} aria-hidden /> : icon === 'link' ? <IconLink size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
      {copied ? 'Copied' : label}
    </button>
  );
}

function CopyValue({ name, value }: { name: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(value).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return <button type="button" className="icon-button ll-copy" aria-label={`Copy ${name}`} title="Copy the value" onClick={copy}>{copied ? <IconCheck size={13} aria-hidden /> : <IconCopy size={13} aria-hidden />}</button>;
}

interface FieldRow {
  name: string;
  value: string;
  source: Source;
}

function rowsOf(line: Line): [title: string, rows: FieldRow[]][] {
  const of = (labels: Readonly<Record<string, string>>, source: Source) => Object.keys(labels).sort().map((name) => ({ name, value: labels[name] ?? '', source }));
  const known = labelsOf(line);
  const found = fieldsOf(line.line).filter(({ name }) => known[name] === undefined && known[`${name}_extracted`] === undefined);
  const parser = found[0]?.parser ?? 'json';
  const all: [string, FieldRow[]][] = [
    ['Labels of the stream', of(line.stream, 'stream')],
    ['Sent with the line', of(line.meta, 'meta')],
    ['Made by the query', of(line.parsed, 'parsed')],
    [`In the line (${parser})`, found.map(({ name, value, parser: source }) => ({ name, value, source }))],
  ];
  return all.filter(([, rows]) => rows.length > 0);
}

/** What metrics of the same thing are most likely labelled with. */
function metricsQuery(service: string): string {
  const value = quote(service);
  return `count by (__name__) ({job=${value}} or {service=${value}} or {service_name=${value}} or {app=${value}})`;
}

export default function LineDetails({ line }: { line: Line }) {
  const actions = useLogsActions();
  const [params] = useSearchParams();
  const groups = useMemo(() => rowsOf(line), [line]);
  const labels = labelsOf(line);
  const trace = traceOf(labels, fieldsOf(line.line));
  const service = labels['service_name'] ?? labels['service'] ?? labels['app'] ?? labels['job'];
  const around = new URLSearchParams(params);
  const range = absoluteRange(line.ms / 1000 - 900, line.ms / 1000 + 900);
  around.set('from', range.from);
  around.set('to', range.to);
  return (
    <div className="ll-details">
      <div className="ll-tools">
        <button type="button" className="button button-small" onClick={() => actions.showContext(line)}><IconList size={14} aria-hidden /> Lines around it</button>
        <CopyAs icon="copy" label="Copy line" text={() => line.line} />
        <CopyAs icon="copy" label="Copy as JSON" text={() => JSON.stringify({ time: exactTime(line), line: line.line, labels }, null, 2)} />
        <CopyAs icon="link" label="Copy link" text={() => actions.linkTo(line)} />
        {trace !== null && (
          <button type="button" className="button button-small" title="Every line, of any service, that names this trace" onClick={() => actions.ask(`{service_name=~".+"} |= ${quote(trace)}`)}>
            <IconArrowRight size={14} aria-hidden /> Lines of trace {trace.slice(0, 8)}
          </button>
        )}
        {service !== undefined && (
          <Link className="button button-small" to={carryShared('/explore', around, { q: metricsQuery(service), o: 'table' })} title="Metrics of the same service around this time">
            <IconArrowRight size={14} aria-hidden /> Metrics of {service}
          </Link>
        )}
      </div>
      {groups.map(([title, rows]) => (
        <section key={title} aria-label={title}>
          <h4>{title}</h4>
          <ul className="ll-fields">
            {rows.map(({ name, value, source }) => (
              <li key={name}>
                <span className="ll-field-tools">
                  <button type="button" className="icon-button" aria-label={`Only lines with ${name} ${value}`} title="Only lines with this value" onClick={() => actions.filter(name, '=', value, source)}><IconFilter size={14} aria-hidden /></button>
                  <button type="button" className="icon-button" aria-label={`Only lines without ${name} ${value}`} title="Only lines without this value" onClick={() => actions.filter(name, '!=', value, source)}><IconFilterOff size={14} aria-hidden /></button>
                  <button type="button" className="icon-button" aria-label={`${name} as a column`} title="As a column of the table" onClick={() => actions.toggleColumn(name)}><IconColumns size={14} aria-hidden /></button>
                </span>
                <button type="button" className="ll-field-name" title="Count the lines by this" onClick={() => actions.volumeBy(name, source)}>{name}</button>
                <code>{value}</code>
                <CopyValue name={name} value={value} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
