// The frame around every page: navigation, the shared controls, shortcuts.

import { lazy, Suspense, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Link, useLocation, useSearchParams } from 'react-router';
import { IconKeyboard, IconMenu, IconX } from '../components/icons';
import { carryShared } from '../lib/urlstate';
import { pageOf, PAGES, type Page } from './nav';
import RangeControl from './RangeControl';
import RefreshControl from './RefreshControl';
import { useShortcuts } from './shortcuts';
import ThemeToggle from './ThemeToggle';
import { useTime } from './time';

const ShortcutList = lazy(() => import('./ShortcutList'));

function NavLinks({ current, onGo }: { current: Page | undefined; onGo: () => void }) {
  const [params] = useSearchParams();
  const sections = [...new Set(PAGES.map(({ section }) => section))];
  return (
    <>
      {sections.map((section) => (
        <div key={section} className="nav-section">
          {section !== '' && <h2>{section}</h2>}
          {PAGES.filter((page) => page.section === section).map((page) => (
            <Link
              key={page.path}
              to={carryShared(page.path, params)}
              className="nav-link"
              aria-current={page === current ? 'page' : undefined}
              title={`${page.title} (g ${page.key})`}
              onClick={onGo}
            >
              <page.icon size={18} stroke={1.7} aria-hidden />
              <span>{page.title}</span>
            </Link>
          ))}
        </div>
      ))}
    </>
  );
}

export default function Shell({ children }: { children: ReactNode }) {
  const { pathname } = useLocation();
  const { refreshNow } = useTime();
  const [menu, setMenu] = useState(false);
  const [help, setHelp] = useState(false);
  const current = pageOf(pathname);
  const actions = useMemo(() => ({ help: () => setHelp(true), refresh: refreshNow }), [refreshNow]);
  useShortcuts(actions);
  useEffect(() => {
    document.title = current === undefined || current.path === '/' ? 'Binnacle' : `${current.title} · Binnacle`;
  }, [current]);

  return (
    <div className={menu ? 'shell shell-menu' : 'shell'}>
      <a className="skip-link" href="#main">Skip to content</a>
      <nav className="shell-nav" aria-label="Pages">
        <div className="brand">
          <img src="/favicon.svg" alt="" width={24} height={24} />
          <span>Binnacle</span>
        </div>
        <NavLinks current={current} onGo={() => setMenu(false)} />
        <span className="spacer" />
        <button type="button" className="nav-link nav-foot" onClick={() => setHelp(true)}>
          <IconKeyboard size={18} stroke={1.7} aria-hidden />
          <span>Shortcuts</span>
          <kbd>?</kbd>
        </button>
      </nav>
      <button type="button" className="shell-shade" aria-label="Close navigation" tabIndex={menu ? 0 : -1} onClick={() => setMenu(false)} />
      <header className="shell-head">
        <button type="button" className="button button-icon button-quiet menu-button" aria-label="Navigation" aria-expanded={menu} onClick={() => setMenu(!menu)}>
          {menu ? <IconX size={18} aria-hidden /> : <IconMenu size={18} aria-hidden />}
        </button>
        <span className="head-title">{current?.title ?? 'Binnacle'}</span>
        <span className="spacer" />
        <RangeControl />
        <RefreshControl />
        <ThemeToggle />
      </header>
      <main id="main" className="shell-main" tabIndex={-1}>{children}</main>
      {help && (
        <Suspense fallback={null}>
          <ShortcutList close={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}
