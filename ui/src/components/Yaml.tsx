// A configuration in colours, to be read and copied.

import { useMemo, useState } from 'react';
import { yamlPieces } from '../lib/yaml-highlight';
import { IconCheck, IconCopy } from './icons';

export default function Yaml({ text, label }: { text: string; label: string }) {
  const lines = useMemo(() => text.replace(/\n$/, '').split('\n').map(yamlPieces), [text]);
  return (
    <pre className="yaml" tabIndex={0} aria-label={label}>
      {lines.map((pieces, index) => (
        <span key={index}>{pieces.map(({ kind, text: piece }, at) => (kind === 'plain' ? piece : <i key={at} className={`yaml-${kind}`}>{piece}</i>))}{'\n'}</span>
      ))}
    </pre>
  );
}

export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <button type="button" className="button button-small" onClick={copy} disabled={text === ''}>
      {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />} {copied ? 'Copied' : 'Copy'}
    </button>
  );
}
