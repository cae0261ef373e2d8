// Routes. Home is part of the entry, because newcomers land there; every other page loads when first opened.

import { Component, lazy, Suspense, type ReactNode } from 'react';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { BrowserRouter, Navigate, Route, Routes, useLocation } from 'react-router';
import EmptyState from '../components/EmptyState';
import { fromAlertmanagerLink } from '../lib/alertmanager-link';
import { fromPrometheusLink } from '../lib/explore-url';
import HomePage from '../views/home/HomePage';
import Shell from './Shell';
import { theme } from './theme';
import { TimeProvider } from './time';

const ExplorePage = lazy(() => import('../views/explore/ExplorePage'));
const LogsPage = lazy(() => import('../views/logs/LogsPage'));
const LogsOverviewPage = lazy(() => import('../views/logs/overview/OverviewPage'));
const AlertsPage = lazy(() => import('../views/alerts/AlertsPage'));
const RulesPage = lazy(() => import('../views/rules/RulesPage'));
const TryRulePage = lazy(() => import('../views/rules/try/TryRulePage'));
const SilencesPage = lazy(() => import('../views/silences/SilencesPage'));
const NotificationsPage = lazy(() => import('../views/notifications/NotificationsPage'));
const RoutingPage = lazy(() => import('../views/routing/RoutingPage'));
const QualityPage = lazy(() => import('../views/quality/QualityPage'));
const TargetsPage = lazy(() => import('../views/targets/TargetsPage'));
const CardinalityPage = lazy(() => import('../views/cardinality/CardinalityPage'));
const StatusPage = lazy(() => import('../views/status/StatusPage'));

/** Links that alerts and other tools make to Prometheus' own pages. */
function PrometheusLink() {
  const { search } = useLocation();
  return <Navigate replace to={`/explore?${fromPrometheusLink(new URLSearchParams(search)).toString()}`} />;
}

/** Home, unless it is a link that a notification makes to Alertmanager's own pages. */
function Root() {
  const { hash } = useLocation();
  const to = fromAlertmanagerLink(hash);
  return to === null ? <HomePage /> : <Navigate replace to={to} />;
}

/** A page that fails must not take the navigation with it. */
class PageGuard extends Component<{ page: string; children: ReactNode }, { failed: Error | null }> {
  override state: { failed: Error | null } = { failed: null };

  static getDerivedStateFromError(failed: Error) {
    return { failed };
  }

  override componentDidUpdate(previous: { page: string }) {
    if (previous.page !== this.props.page && this.state.failed !== null) this.setState({ failed: null });
  }

  override render() {
    const { failed } = this.state;
    if (failed === null) return this.props.children;
    return (
      <EmptyState title="This page failed" code={`${failed.name}: ${failed.message}`}>
        Reload the page. If it fails again after an upgrade, the browser may still hold files of the old version; if not, please report it.
      </EmptyState>
    );
  }
}

function Pages() {
  const { pathname } = useLocation();
  return (
    <PageGuard page={pathname}>
      <Suspense fallback={<div className="page-loading" aria-label="Loading" />}>
        <Routes>
          <Route path="/" element={<Root />} />
          <Route path="/explore" element={<ExplorePage />} />
          <Route path="/logs" element={<LogsPage />} />
          <Route path="/logs/overview" element={<LogsOverviewPage />} />
          <Route path="/graph" element={<PrometheusLink />} />
          <Route path="/query" element={<PrometheusLink />} />
          <Route path="/alerts" element={<AlertsPage />} />
          <Route path="/rules" element={<RulesPage />} />
          <Route path="/rules/try" element={<TryRulePage />} />
          <Route path="/silences" element={<SilencesPage />} />
          <Route path="/notifications" element={<NotificationsPage />} />
          <Route path="/routing" element={<RoutingPage />} />
          <Route path="/quality" element={<QualityPage />} />
          <Route path="/targets" element={<TargetsPage />} />
          <Route path="/cardinality" element={<CardinalityPage />} />
          <Route path="/status" element={<StatusPage />} />
          <Route path="*" element={<EmptyState title="No such page">Nothing lives at this address. Choose a page on the left.</EmptyState>} />
        </Routes>
      </Suspense>
    </PageGuard>
  );
}

export default function App({ client, startMs }: { client: QueryClient; startMs: number }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <BrowserRouter>
          <TimeProvider startMs={startMs}>
            <Shell>
              <Pages />
            </Shell>
          </TimeProvider>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  );
}
