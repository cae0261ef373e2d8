// The pages of logs: explore and overview.

import { Link, useLocation, useSearchParams } from 'react-router';
import { carryShared } from '../../lib/urlstate';

const PAGES = [['/logs', 'Explore'], ['/logs/overview', 'Overview']] as const;

export default function LogsTabs() {
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  return (
    <nav className="button-group" aria-label="Pages of logs">
      {PAGES.map(([path, title]) => (
        <Link key={path} className="button" to={carryShared(path, params)} aria-current={pathname === path ? 'page' : undefined}>{title}</Link>
      ))}
    </nav>
  );
}
