// Home: this host and Binnacle at a glance.

import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { humanDuration } from '../../lib/duration';
import HostSection from './HostSection';
import { hostKey } from './host';
import OwnSection from './OwnSection';
import { useHomeGrid, useHosts, useImpatience } from './useHome';

const HOST_CONFIG = `# binnacle.yaml
metrics:
  prometheus_file: prometheus.yml

# prometheus.yml
scrape_configs:
  - job_name: node
    static_configs: [{targets: ["localhost:9100"]}]`;

export default function HomePage() {
  const { hosts, host, choose, error, known } = useHosts();
  const home = useHomeGrid(host);
  useImpatience(host === undefined);
  const shown = home.grid.end - home.grid.start;

  const own = (
    <section aria-label="Binnacle">
      <div className="section-head">
        <h2>Binnacle</h2>
        <span className="dim">this server</span>
      </div>
      <OwnSection home={home} />
    </section>
  );

  return (
    <div className="page home">
      <section aria-label="This host">
        <div className="section-head">
          <h1>{host === undefined ? 'This host' : host.name}</h1>
          {hosts.length > 1 && (
            <select aria-label="Host" className="select" value={host === undefined ? '' : hostKey(host)} onChange={(event) => choose(event.currentTarget.value)}>
              {hosts.map((one) => (
                <option key={hostKey(one)} value={hostKey(one)}>{one.name} ({one.job}, {one.instance})</option>
              ))}
            </select>
          )}
          {host !== undefined && hosts.length === 1 && <span className="dim">{host.job}, {host.instance}</span>}
          <span className="spacer" />
          {home.narrowed && <span className="dim">Data began recently; showing the last {humanDuration(Math.round(shown / 60) * 60)}</span>}
        </div>
        {error !== null && !known && <ErrorNote error={error} />}
        {known && host === undefined && (
          <EmptyState title="Waiting for the first scrape of this host" code={HOST_CONFIG}>
            Binnacle measures its own machine by itself (job <code>host</code>); data appears here within seconds of the start, and this page looks
            every two seconds. If it stays empty, the collector is switched off or this time range has no data: choose “Last hour” above, or scrape a
            node_exporter:
          </EmptyState>
        )}
        {host !== undefined && <HostSection key={hostKey(host)} host={host} home={home} between={own} />}
        {host === undefined && own}
      </section>
    </div>
  );
}
