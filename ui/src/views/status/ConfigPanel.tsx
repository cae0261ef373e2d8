// The configuration in effect, as the server prints it.

import { useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import { config } from '../../api/status';
import { useResource } from '../../api/hooks';
import { IconCheck, IconCopy } from '../../components/icons';
import Panel from '../../components/Panel';
import { yamlPieces } from '../../lib/yaml-highlight';
import { Missing } from './Facts';

export default function ConfigPanel() {
  const { data, error } = useResource('config', config);
  const [copied, setCopied] = useState(false);
  const yaml = data?.data.yaml ?? '';
  const lines = useMemo(() => yaml.replace(/\n$/, '').split('\n').map(yamlPieces), [yaml]);
  const copy = () => {
    void navigator.clipboard.writeText(yaml).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <Panel
      title="Configuration"
      note="as loaded; secrets are hidden"
      className="status-wide"
      error={(error instanceof ApiError && error.status === 404) || data !== undefined ? undefined : (error ?? undefined)}
      actions={
        <button type="button" className="button button-small" onClick={copy} disabled={yaml === ''}>
          {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />} {copied ? 'Copied' : 'Copy'}
        </button>
      }
    >
      <Missing error={error} endpoint="/api/v1/status/config" />
      {yaml !== '' && (
        <pre className="yaml" tabIndex={0} aria-label="Configuration as YAML">
          {lines.map((pieces, index) => (
            <span key={index}>{pieces.map(({ kind, text }, at) => (kind === 'plain' ? text : <i key={at} className={`yaml-${kind}`}>{text}</i>))}{'\n'}</span>
          ))}
        </pre>
      )}
    </Panel>
  );
}
