// The pages, once: navigation, shortcuts and titles read this table. A new signal adds a line.

import type { Icon } from '../components/icons';
import { IconActivity, IconBell, IconBellOff, IconChartDots, IconGauge, IconHome, IconInfo, IconList, IconRoute, IconRules, IconSend, IconTarget } from '../components/icons';

export interface Page {
  path: string;
  title: string;
  icon: Icon;
  /** The letter after `g`. */
  key: string;
  section: string;
}

export const PAGES: readonly Page[] = [
  { path: '/', title: 'Home', icon: IconHome, key: 'h', section: '' },
  { path: '/explore', title: 'Explore', icon: IconActivity, key: 'e', section: '' },
  { path: '/logs', title: 'Logs', icon: IconList, key: 'l', section: '' },
  { path: '/alerts', title: 'Alerts', icon: IconBell, key: 'a', section: 'Alerting' },
  { path: '/rules', title: 'Rules', icon: IconRules, key: 'r', section: 'Alerting' },
  { path: '/silences', title: 'Silences', icon: IconBellOff, key: 'i', section: 'Alerting' },
  { path: '/notifications', title: 'Notifications', icon: IconSend, key: 'n', section: 'Alerting' },
  { path: '/routing', title: 'Routing', icon: IconRoute, key: 'o', section: 'Alerting' },
  { path: '/quality', title: 'Alert quality', icon: IconGauge, key: 'q', section: 'Alerting' },
  { path: '/targets', title: 'Targets', icon: IconTarget, key: 't', section: 'Collection' },
  { path: '/cardinality', title: 'Cardinality', icon: IconChartDots, key: 'c', section: 'Collection' },
  { path: '/status', title: 'Status', icon: IconInfo, key: 's', section: 'Server' },
];

export function pageOf(pathname: string): Page | undefined {
  return PAGES.find(({ path }) => (path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`)));
}
