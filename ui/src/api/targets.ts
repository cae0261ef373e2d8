// /api/v1/targets and /api/v1/scrape_pools.

import { apiGet, type Answer } from './client';
import type { Labels } from '../lib/series';

export interface ActiveTarget {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  /** RFC 3339; year 1 before the first scrape. */
  lastScrape: string;
  /** Seconds. */
  lastScrapeDuration: number;
  health: 'up' | 'down' | 'unknown';
  scrapeInterval?: string;
  scrapeTimeout?: string;
}

export interface DroppedTarget {
  discoveredLabels: Labels;
  scrapePool?: string;
}

export interface Targets {
  activeTargets: ActiveTarget[];
  droppedTargets: DroppedTarget[];
  droppedTargetCounts?: Record<string, number> | null;
}

export function targets(signal?: AbortSignal): Promise<Answer<Targets>> {
  return apiGet('/api/v1/targets', { state: 'any' }, signal);
}

export function scrapePools(signal?: AbortSignal): Promise<Answer<{ scrapePools: string[] }>> {
  return apiGet('/api/v1/scrape_pools', {}, signal);
}
