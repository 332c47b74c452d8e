import type { Redis } from 'ioredis';
import type { Settings } from '../config/settings';
import type { Db } from '../db/connection';
import { couponTruth } from '../db/coupons';
import { recentProcessingTimes } from '../db/processing-times';
import { RelayWakeups } from '../db/relay-wakeups';
import type { Logger } from '../observability/logger';
import type { Metrics } from '../observability/metrics';
import { CouponGate } from '../redis/coupon-gate';
import { CouponRush } from '../redis/coupon-rush';
import { IssuedCoupons } from '../redis/issued-coupons';
import type { Workflows } from '../temporal/workflows';
import { createAuthentication } from './access/bearer-tokens';
import { createIdentification, type Identify } from './access/identification';
import { OpenIdProvider } from './access/open-id';
import { Sessions } from './access/sessions';
import { TrackingLinks } from './access/tracking-links';
import { CouponAdmission } from './coupon-admission';
import { OpenStreams } from './live';
import { OrderStatuses } from './order-statuses';
import type { Pages } from './pages';
import { ProcessingEstimate } from './processing-estimate';
import { statusLookUp } from './routes/order-status';
import { TimelineFeeds } from './timeline-feeds';

/** What the api is given. */
export interface ApiOptions {
  readonly db: Db;
  /** On a connection that may be lazy: what needs Temporal fails alone while it is unavailable. */
  readonly workflows: Workflows;
  readonly redis?: Redis | undefined;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly pages: Pages;
}

/** What the handlers of routes work with. */
export interface ApiContext extends ApiOptions {
  readonly identify: Identify;
  readonly sessions: Sessions;
  readonly links: TrackingLinks;
  /** Undefined: none is configured. */
  readonly openId: OpenIdProvider | undefined;
  readonly feeds: TimelineFeeds;
  readonly relay: RelayWakeups;
  readonly statuses: OrderStatuses;
  readonly estimate: ProcessingEstimate;
  readonly streams: OpenStreams;
  readonly coupons: {
    readonly gate: CouponGate;
    readonly issued: IssuedCoupons;
    readonly admission: CouponAdmission;
    readonly rush: CouponRush;
  };
}

export function createContext(options: ApiOptions): ApiContext {
  const { db, redis, settings, logger } = options;
  const sessions = new Sessions(settings);
  const links = new TrackingLinks(db, settings);
  const statuses = new OrderStatuses(statusLookUp(options));
  return {
    ...options,
    identify: createIdentification(createAuthentication(settings), sessions, links),
    sessions,
    links,
    openId: OpenIdProvider.of(settings),
    statuses,
    estimate: new ProcessingEstimate(() => recentProcessingTimes(db)),
    feeds: new TimelineFeeds(db, redis, logger, (orderId) => statuses.forget(orderId)),
    relay: new RelayWakeups(db),
    streams: new OpenStreams(),
    coupons: {
      gate: new CouponGate(redis, couponTruth(db)),
      issued: new IssuedCoupons(redis),
      admission: new CouponAdmission(db),
      rush: new CouponRush(redis),
    },
  };
}
