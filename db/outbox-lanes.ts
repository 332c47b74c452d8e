import type { Db, DbOrTrx, Trx } from './connection';

export interface LeasedLanes {
  readonly lanes: readonly number[];
  /** Relays whose own lease is live, this one included. */
  readonly relays: number;
}

/**
 * Renews this relay's own lease and those of its share of the lanes, by the database's clock; takes lanes that are free.
 * Those above its share are not renewed: it gives them back (`done`) once it has nothing of theirs in flight, or they run out.
 */
export async function leaseLanes(
  db: Db,
  {
    owner,
    leaseMs,
    laneCount,
    done = [],
  }: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly laneCount: number;
    readonly done?: readonly number[];
  },
): Promise<LeasedLanes> {
  const lease = `clock_timestamp() + :leaseMs * interval '1 millisecond'`;
  return db.transaction(async (trx) => {
    await beBrief(trx);
    // A statement of its own: the next one has to see this relay among the others.
    await trx.raw(
      `insert into relays (owner, lease_until) values (:owner, ${lease})
       on conflict (owner) do update set lease_until = excluded.lease_until`,
      { owner, leaseMs },
    );
    if (done.length > 0)
      await trx('outbox_lanes')
        .where({ owner })
        .whereIn('lane', done as number[])
        .update(free(trx));
    const result = await trx.raw<{ rows: { lane: number; relays: number }[] }>(
      `with live as (select count(*)::int as relays from relays where lease_until > clock_timestamp()),
         share as (
           select lane from outbox_lanes where owner = :owner or lease_until < clock_timestamp()
           order by (owner = :owner and lease_until >= clock_timestamp()) desc nulls last, lane
           limit (select ceil(:laneCount / relays::numeric) from live) for update skip locked),
         leased as (
           update outbox_lanes set owner = :owner, lease_until = ${lease}
           where lane in (select lane from share) returning lane)
       select lane, relays from live left join leased on true`,
      { owner, leaseMs, laneCount },
    );
    const lanes = result.rows.flatMap(({ lane }) => lane ?? []).sort((a, b) => a - b);
    return { lanes, relays: result.rows[0]?.relays ?? 1 };
  });
}

/** Gives this relay's lanes back, so that another need not wait for their leases to run out. */
export async function releaseLanes(db: Db, owner: string): Promise<void> {
  await db.transaction(async (trx) => {
    await beBrief(trx);
    await giveBack(trx, owner);
  });
}

/** The same, if there is another live relay to take them: of several that do so at once, one stays. False: this one does. */
export async function leaveLanes(db: Db, owner: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    await beBrief(trx);
    await trx.raw(`select pg_advisory_xact_lock(hashtext('relays that leave'))`);
    const hasOther = await isOtherRelayLive(trx, owner);
    if (hasOther) await giveBack(trx, owner);
    return hasOther;
  });
}

export async function isOtherRelayLive(db: DbOrTrx, owner: string): Promise<boolean> {
  const other: unknown = await db('relays')
    .whereNot({ owner })
    .where('lease_until', '>', db.raw('clock_timestamp()'))
    .first('owner');
  return other !== undefined;
}

/** A relay that freezes or is cut off within its transaction keeps its lanes locked no longer than this. */
const beBrief = (trx: Trx) => trx.raw(`set local idle_in_transaction_session_timeout = '2s'`);

const free = (trx: Trx) => ({ owner: null, lease_until: trx.raw(`'-infinity'`) });

async function giveBack(trx: Trx, owner: string): Promise<void> {
  await trx('outbox_lanes').where({ owner }).update(free(trx));
  await trx('relays')
    .where({ owner })
    .orWhere('lease_until', '<', trx.raw(`clock_timestamp() - interval '1 hour'`))
    .delete();
}
