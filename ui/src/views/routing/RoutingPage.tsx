// Routing: the tree of routes, what would become of given labels, receivers with their tests, the configuration.

import './routing.css';
import { useSearchParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import { useResource } from '../../api/hooks';
import { alertingStatus, explain, receivers as fetchReceivers, routes as fetchRoutes } from '../../api/routing';
import { useChoice } from '../../app/params';
import Choice from '../../components/Choice';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconAlert } from '../../components/icons';
import PageHead from '../../components/PageHead';
import Panel from '../../components/Panel';
import Yaml, { CopyButton } from '../../components/Yaml';
import { parseLabels } from '../../lib/routes';
import { grouped } from '../../lib/units';
import ExplainPanel from './ExplainPanel';
import ReceiverList from './ReceiverList';
import RouteTree from './RouteTree';

const CONFIG = `# binnacle.yaml
alerting:
  alertmanager_file: alertmanager.yml

# alertmanager.yml
route:
  receiver: team
  group_by: [alertname]
receivers:
  - name: team
    webhook_configs: [{url: "http://127.0.0.1:5001/"}]`;

function Config({ text, warnings }: { text: string; warnings: readonly string[] }) {
  return (
    <Panel title="Configuration" note="in force; secrets are hidden" actions={<CopyButton text={text} />}>
      <div className="config-warnings">{warnings.map((warning) => <p key={warning} className="annotation"><IconAlert size={14} aria-hidden /> {warning}</p>)}</div>
      {text === '' ? <p className="dim">None was loaded.</p> : <Yaml text={text} label="Configuration of alerting as YAML" />}
    </Panel>
  );
}

export default function RoutingPage() {
  const [params] = useSearchParams();
  const [show, setShow] = useChoice('show', ['routes', 'receivers', 'config'] as const);
  const routes = useResource('routes', fetchRoutes);
  const receivers = useResource('receivers', fetchReceivers);
  const status = useResource('alerting-status', alertingStatus);
  const typed = params.get('labels') ?? '';
  const labels = typed === '' ? null : parseLabels(typed);
  const tried = useQuery({
    queryKey: ['explain', typed, routes.data?.data],
    queryFn: () => {
      if (labels === null || typeof labels === 'string') throw new Error('no labels');
      return explain(labels);
    },
    enabled: labels !== null && typeof labels !== 'string',
    gcTime: 10_000,
    retry: false,
  });
  const warnings = status.data?.data.warnings ?? [];
  const list = receivers.data?.data.receivers ?? [];
  const nobody = receivers.data !== undefined && list.every(({ integrations }) => integrations.length === 0);
  const receiver = params.get('receiver');
  // A link to a receiver opens the list of receivers.
  const shown = receiver !== null && params.get('show') === null ? 'receivers' : show;
  const taken = tried.data === undefined || labels === null ? null : new Set(tried.data.data.routes.map(({ route }) => route));
  const error = routes.error ?? receivers.error ?? status.error;
  return (
    <div className="page routing">
      <PageHead
        title="Routing"
        controls={
          <Choice
            label="Show" value={shown} onChange={setShow}
            choices={[['routes', 'Routes'], ['receivers', 'Receivers', list.length], ['config', 'Configuration']]}
          />
        }
      />
      {error !== null && routes.data === undefined && <ErrorNote error={error} />}
      {warnings.length > 0 && shown !== 'config' && (
        <p className="annotation routing-warning"><IconAlert size={14} aria-hidden /> {grouped(warnings.length)} {warnings.length === 1 ? 'warning' : 'warnings'} about the configuration: {warnings[0]} <button type="button" className="link-button" onClick={() => setShow('config')}>See the configuration</button></p>
      )}
      {nobody && shown !== 'config' && <EmptyState title="Nobody is told" code={CONFIG}>Alerts are shown here, but no receiver can send. An <code>alertmanager.yml</code> written for Alertmanager works unchanged:</EmptyState>}
      {shown === 'routes' && routes.data !== undefined && (
        <div className="routing-body">
          <Panel title="Routes" note={taken === null ? 'first match wins, top to bottom' : `${grouped(taken.size)} taken by these labels`}>
            <RouteTree root={routes.data.data.route} taken={taken} />
          </Panel>
          <ExplainPanel labels={labels} explanation={tried.data?.data} error={tried.error} />
        </div>
      )}
      {shown === 'receivers' && receivers.data !== undefined && <ReceiverList receivers={list} named={receiver} />}
      {shown === 'config' && status.data !== undefined && <Config text={status.data.data.config} warnings={warnings} />}
    </div>
  );
}
