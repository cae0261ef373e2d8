// The configuration in effect, as the server prints it.

import { ApiError } from '../../api/client';
import { config } from '../../api/status';
import { useResource } from '../../api/hooks';
import Panel from '../../components/Panel';
import Yaml, { CopyButton } from '../../components/Yaml';
import { Missing } from './Facts';

export default function ConfigPanel() {
  const { data, error } = useResource('config', config);
  const yaml = data?.data.yaml ?? '';
  return (
    <Panel
      title="Configuration"
      note="as loaded; secrets are hidden"
      className="status-wide"
      error={(error instanceof ApiError && error.status === 404) || data !== undefined ? undefined : (error ?? undefined)}
      actions={<CopyButton text={yaml} />}
    >
      <Missing error={error} endpoint="/api/v1/status/config" />
      {yaml !== '' && <Yaml text={yaml} label="Configuration as YAML" />}
    </Panel>
  );
}
