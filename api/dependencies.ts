import type { Redis } from 'ioredis';
import type { Settings } from '../config/settings';
import type { Db } from '../db/connection';
import type { Logger } from '../observability/logger';
import type { Metrics } from '../observability/metrics';
import type { Workflows } from '../temporal/workflows';
import type { Authenticate } from './authentication';
import type { TimelineFeeds } from './timeline-feeds';

/** What the api is given. */
export interface ApiOptions {
  readonly db: Db;
  /** On a connection that may be lazy: what needs Temporal fails alone while it is unavailable. */
  readonly workflows: Workflows;
  readonly redis?: Redis | undefined;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What routes work with. */
export interface RouteDependencies extends ApiOptions {
  readonly authenticate: Authenticate;
  readonly feeds: TimelineFeeds;
}
