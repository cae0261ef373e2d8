// The tree of routes. Those that the tried labels take are marked in words and colour, those on the way only in colour.

import { Link, useSearchParams } from 'react-router';
import type { Route } from '../../api/routing';
import { IconCheck } from '../../components/icons';
import { humanDuration } from '../../lib/duration';
import { ancestorsOf, flatRoutes } from '../../lib/routes';
import { carryShared } from '../../lib/urlstate';

function Timing({ route }: { route: Route }) {
  const grouping = route.groupBy.includes('...') ? 'every alert alone' : route.groupBy.length === 0 ? 'all in one group' : `grouped by ${route.groupBy.join(', ')}`;
  return (
    <p className="route-timing dim">
      {grouping}; waits {humanDuration(route.groupWait)}, again after {humanDuration(route.groupInterval)} when it changed, repeated every {humanDuration(route.repeatInterval)}
      {route.muteTimeIntervals.length > 0 && <>; muted in <b>{route.muteTimeIntervals.join(', ')}</b></>}
      {route.activeTimeIntervals.length > 0 && <>; only in <b>{route.activeTimeIntervals.join(', ')}</b></>}
    </p>
  );
}

function Branch({ route, root, taken, onWay }: { route: Route; root: boolean; taken: ReadonlySet<string> | null; onWay: ReadonlySet<string> }) {
  const [params] = useSearchParams();
  const isTaken = taken?.has(route.id) === true;
  const look = isTaken ? ' route-taken' : taken === null || onWay.has(route.id) ? '' : ' route-off';
  return (
    <li>
      <div className={`route${look}`}>
        <div className="route-head">
          <span className="labels">
            {route.matchers.map((matcher) => <span key={matcher}>{matcher}</span>)}
            {route.matchers.length === 0 && <i className="dim">{root ? 'everything else' : 'every alert'}</i>}
          </span>
          <span className="dim">to</span> <Link to={carryShared('/routing', params, { show: 'receivers', receiver: route.receiver })}>{route.receiver}</Link>
          {route.continue && <span className="tag">and on</span>}
          {isTaken && <span className="state state-ok"><IconCheck size={13} aria-hidden /> taken</span>}
        </div>
        <Timing route={route} />
      </div>
      {route.routes.length > 0 && <ul>{route.routes.map((child) => <Branch key={child.id} route={child} root={false} taken={taken} onWay={onWay} />)}</ul>}
    </li>
  );
}

export default function RouteTree({ root, taken }: { root: Route; taken: ReadonlySet<string> | null }) {
  const onWay = taken === null ? new Set<string>() : ancestorsOf(flatRoutes(root), taken);
  return <ul className="route-tree"><Branch route={root} root taken={taken} onWay={onWay} /></ul>;
}
