import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CouponRefusal } from '../domain/coupon';
import { ifThere } from './if-there';

/** What Postgres said is repeated for no longer than this after it was asked. */
const TRUE_FOR_MS = 1_000;
/** When it is this old, Postgres is asked again, by one for all: they would go there together when it is over. */
const RENEWED_AFTER_MS = 500;
const KNOWN_KEPT_S = 3_600;
const LOADING_S = 60;
const CHUNK = 2_000;

/** Braces keep the two keys of a coupon on one node of a cluster. */
const shutKey = (code: string) => `coupon:{${code}}:shut`;
const knownKey = (code: string) => `coupon:{${code}}:known`;
/** The coupon's version at which the known requests were read, beside them. */
const VERSION = 'version';
const fieldOf = ({ requestId, userId, hasFailed }: KnownRequest) =>
  hasFailed ? [`failed:${requestId}`, userId] : [`user:${userId}`, requestId];

const ASK = `
local mark = redis.call('GET', KEYS[1])
if not mark then return false end
local version, refusal, renewAt = mark:match('^(%d+) (%S+) (%d+)$')
local known = redis.call('HMGET', KEYS[2], '${VERSION}', 'user:' .. ARGV[1], 'failed:' .. ARGV[2])
if known[1] ~= version or known[3] or known[2] == ARGV[2] then return false end
if known[2] then refusal = 'COUPON_ALREADY_REQUESTED' end
local now = redis.call('TIME')
local isOld = now[1] * 1000 + now[2] / 1000 >= tonumber(renewAt)
return {refusal, isOld and 1 or 0}
`;

const KNOWN_ARE_OTHERS = 0;
const SHUT = `
if redis.call('HGET', KEYS[2], '${VERSION}') ~= ARGV[1] then return ${KNOWN_ARE_OTHERS} end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3], 'PXAT', ARGV[4])
return 1
`;

interface Scripts {
  askCouponGate(shut: string, known: string, userId: string, requestId: string): Promise<[CouponRefusal, 0 | 1] | null>;
  shutCouponGate(
    shut: string,
    known: string,
    version: string,
    refusal: string,
    renewAt: string,
    until: string,
  ): Promise<number>;
}

/** Why a coupon takes nobody, as Postgres said when it was asked. */
export interface Shut {
  readonly version: number;
  readonly refusal: CouponRefusal;
  readonly opensInMs: number | null;
}

/** Where the gate reads; each of one moment. */
export interface CouponTruth {
  shut(code: string): Promise<Shut | undefined>;
  known(code: string): Promise<{ version: number; requests: readonly KnownRequest[] }>;
}

/** A request that was admitted. */
export interface KnownRequest {
  readonly requestId: string;
  readonly userId: string;
  readonly hasFailed: boolean;
}

/**
 * Repeats what Postgres has refused within the last second; it admits nobody. It knows who was admitted
 * by then, so that their repeated requests go to Postgres. Empty, flushed or unavailable, it lets every request through.
 */
export class CouponGate {
  private readonly redis: (Redis & Scripts) | undefined;
  private readonly shutting = new Map<string, Promise<void>>();

  constructor(
    redis: Redis | undefined,
    private readonly truth: CouponTruth,
  ) {
    redis?.defineCommand('askCouponGate', { numberOfKeys: 2, lua: ASK, readOnly: true });
    redis?.defineCommand('shutCouponGate', { numberOfKeys: 2, lua: SHUT });
    this.redis = redis as (Redis & Scripts) | undefined;
  }

  /** Why this user is refused at once; undefined: ask Postgres. */
  async refusalOf(code: string, userId: string, requestId: string): Promise<CouponRefusal | undefined> {
    const found = await ifThere(this.redis, (redis) =>
      redis.askCouponGate(shutKey(code), knownKey(code), userId, requestId),
    );
    if (!found) return undefined;
    const [refusal, isOld] = found;
    // Where Postgres can't be asked, nothing is renewed: the next request after that second goes there.
    if (isOld) this.shut(code).catch(() => undefined);
    return refusal;
  }

  /** Postgres has refused somebody: from now on the gate does, if Postgres still would. */
  shut(code: string): Promise<void> {
    const running = this.shutting.get(code);
    if (running) return running;
    const shutting = this.shutIfRefused(code).finally(() => this.shutting.delete(code));
    this.shutting.set(code, shutting);
    return shutting;
  }

  /** A slot may have become free, or the coupon has changed. */
  async open(code: string): Promise<void> {
    await ifThere(this.redis, (redis) => redis.del(shutKey(code)));
  }

  private async shutIfRefused(code: string): Promise<void> {
    // By Redis' own clock, and from before Postgres was asked: a mark that is set late is short, or over already.
    const askedAt = await ifThere(this.redis, async (redis) => {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    });
    const shut = askedAt === undefined ? undefined : await this.truth.shut(code);
    if (askedAt === undefined || !shut) return;
    const { version, refusal, opensInMs } = shut;
    const renewAt = askedAt + RENEWED_AFTER_MS;
    const until = askedAt + Math.floor(Math.min(TRUE_FOR_MS, opensInMs ?? TRUE_FOR_MS));
    const mark = () =>
      ifThere(this.redis, (redis) =>
        redis.shutCouponGate(shutKey(code), knownKey(code), String(version), refusal, String(renewAt), String(until)),
      );
    if ((await mark()) !== KNOWN_ARE_OTHERS) return;
    // If the coupon has changed meanwhile, the mark does not find its version, and is not set.
    const known = await this.truth.known(code);
    await ifThere(this.redis, (redis) => this.replaceKnown(redis, code, known));
    await mark();
  }

  private async replaceKnown(
    redis: Redis,
    code: string,
    { version, requests }: Awaited<ReturnType<CouponTruth['known']>>,
  ): Promise<void> {
    const key = `${knownKey(code)}:${randomUUID()}`;
    await redis.hset(key, VERSION, version);
    await redis.expire(key, LOADING_S);
    for (let from = 0; from < requests.length; from += CHUNK)
      await redis.hset(key, ...requests.slice(from, from + CHUNK).flatMap(fieldOf));
    await redis.rename(key, knownKey(code));
    await redis.expire(knownKey(code), KNOWN_KEPT_S);
  }
}
