import { KEY_BLOCKED_BY } from './blocked-keys';
import type { DbOrTrx } from './connection';

/** How long rows are kept once nothing needs them any more, in ms. */
export interface RetentionAges {
  /** Published outbox rows. */
  readonly outbox: number;
  /** The first responses to repeated requests. */
  readonly idempotency: number;
  /** Personal data: requests with their addresses, notifications; counted from the order's end. */
  readonly personal: number;
  /** The history of an order or a coupon request; counted from its end. */
  readonly history: number;
  /** Decided dead letters. */
  readonly deadLetters: number;
  /** Operators' decisions. */
  readonly audit: number;
}

/**
 * How old rows of a table are purged. Rows that no rule names are kept: orders with their lines, the ledgers of money and stock, and
 * what the providers have of them.
 */
export interface RetentionRule {
  readonly name: string;
  readonly table: string;
  readonly age: keyof RetentionAges;
  /** The row's own time. */
  readonly at: string;
  /** Column -> type: the order in which rows are considered, oldest first. An index has it; unique where old rows may stay. */
  readonly key: Readonly<Record<string, string>>;
  /** The rows that are considered, as their index has them. */
  readonly of?: string;
  /** Which old rows may be purged, for row `t` and time `:until`. */
  readonly mayGo: string;
  /** Columns that are overwritten instead of the row being deleted. */
  readonly erase?: string;
}

/** Neither a saga nor an operator has anything left to do about the order. */
const ORDER_ENDED = `exists (
  select from orders o where o.id = t.order_id and o.saga_state = 'SETTLED'
    and o.status in ('COMPLETED', 'REFUNDED', 'CANCELLED') and o.updated_at < :until
    and not exists (select from operator_items i where i.order_id = o.id and i.state = 'OPEN'))`;

/** A decision that is not the customer's. */
const IS_DECISION = `(t.type = 'resolution' or coalesce(t.data ->> 'actor', '') not in ('', 'customer'))`;

const IS_DECIDED = `exists (
  select from dead_letters l join dead_letter_decisions d on d.topic = l.topic and d.partition = l.partition
    and d.record_offset = l.record_offset and coalesce(d.dead_at, l.dead_at) = l.dead_at
  where l.topic = t.topic and l.partition = t.partition and l.record_offset = t.record_offset
    and not exists (select from blocked_keys b where ${KEY_BLOCKED_BY}))`;

export const RETENTION_RULES: readonly RetentionRule[] = [
  {
    name: 'published outbox rows',
    table: 'outbox',
    age: 'outbox',
    at: 'published_at',
    key: { published_at: 'timestamptz' },
    of: 'published_at is not null',
    mayGo: 'true',
  },
  {
    name: 'counts of records that were sent again',
    table: 'resends',
    age: 'personal',
    at: 'last_at',
    key: { last_at: 'timestamptz' },
    mayGo: 'true',
  },
  {
    name: 'idempotency keys',
    table: 'idempotency_keys',
    age: 'idempotency',
    at: 'created_at',
    key: { created_at: 'timestamptz' },
    mayGo: 'true',
  },
  {
    name: 'requests with their addresses',
    table: 'processing_requests',
    age: 'personal',
    at: 'created_at',
    key: { order_id: 'bigint', event_id: 'text', retry_count: 'integer' },
    mayGo: `t.state not in ('PENDING', 'RUNNING') and ${ORDER_ENDED}`,
  },
  {
    name: 'delivered notifications',
    table: 'notifications',
    age: 'personal',
    at: 'created_at',
    key: { id: 'bigint' },
    mayGo: `t.delivered_at is not null and (t.order_id is null or ${ORDER_ENDED})`,
  },
  {
    name: 'timelines',
    table: 'timeline',
    age: 'history',
    at: 'at',
    key: { id: 'bigint' },
    mayGo: `${ORDER_ENDED} and not ${IS_DECISION}`,
  },
  {
    name: 'decisions in timelines',
    table: 'timeline',
    age: 'audit',
    at: 'at',
    key: { id: 'bigint' },
    mayGo: ORDER_ENDED,
  },
  {
    // Those that are in effect stay with their order: a refund, however late, takes back by them.
    name: 'steps that are not in effect',
    table: 'saga_steps',
    age: 'history',
    at: 'updated_at',
    key: { updated_at: 'timestamptz', key: 'text' },
    of: `state in ('FAILED', 'UNDONE', 'SKIPPED')`,
    mayGo: ORDER_ENDED,
  },
  {
    // Coupons that were issued are their users'; a dead letter may still make one of a failed request.
    name: 'failed coupon requests',
    table: 'coupon_requests',
    age: 'history',
    at: 'requested_at',
    key: { requested_at: 'timestamptz', request_id: 'text' },
    of: `status = 'FAILED'`,
    mayGo: `not exists (select from dead_letters l where l.request_id = t.request_id)
      and not exists (select from notifications n where n.coupon_request_id = t.request_id)
      and not exists (select from orders o where o.coupon_request_id = t.request_id)`,
  },
  {
    name: 'decided dead letters',
    table: 'dead_letters',
    age: 'deadLetters',
    at: 'dead_at',
    key: { dead_at: 'timestamptz', topic: 'text', partition: 'integer', record_offset: 'bigint' },
    mayGo: IS_DECIDED,
  },
  {
    name: 'edited values of dead letters',
    table: 'dead_letter_decisions',
    age: 'deadLetters',
    at: 'at',
    key: { at: 'timestamptz', decision_id: 'text' },
    of: `edited_value <> ''`,
    mayGo: 'true',
    // That it was edited is still known.
    erase: `edited_value = ''`,
  },
  {
    // After its dead letter, which without it would wait for a decision again.
    name: 'decisions about dead letters',
    table: 'dead_letter_decisions',
    age: 'audit',
    at: 'at',
    key: { at: 'timestamptz', decision_id: 'text' },
    mayGo: `not exists (select from dead_letters l where l.topic = t.topic and l.partition = t.partition
      and l.record_offset = t.record_offset)`,
  },
  {
    name: 'releases of blocked keys',
    table: 'line_releases',
    age: 'audit',
    at: 'at',
    key: { at: 'timestamptz' },
    mayGo: 'true',
  },
  {
    name: 'decisions about orders',
    table: 'resolutions',
    age: 'audit',
    at: 'at',
    key: { at: 'timestamptz', decision_id: 'text' },
    mayGo: ORDER_ENDED,
  },
  {
    name: 'closed operator items',
    table: 'operator_items',
    age: 'audit',
    at: 'closed_at',
    key: { closed_at: 'timestamptz', id: 'bigint' },
    of: `state <> 'OPEN'`,
    mayGo: 'true',
  },
  {
    name: 'runs of the reconciliation',
    table: 'reconciliation_runs',
    age: 'audit',
    at: 'finished_at',
    key: { finished_at: 'timestamptz', id: 'text' },
    of: 'finished_at is not null',
    mayGo: 'true',
  },
];

/** The key of the last row that was considered, as text. */
export type RetentionCursor = readonly string[];

export interface PurgedBatch {
  readonly purged: number;
  /** Where to go on; undefined: no older row is left, or another process works on the rule. */
  readonly next: RetentionCursor | undefined;
}

/**
 * Considers so many of the oldest rows after the cursor and purges those that may go, in one short statement. Rows that
 * stay are passed, so that they block nothing; one process at a time works on a rule.
 */
export async function purgeBatch(
  db: DbOrTrx,
  rule: RetentionRule,
  batch: { readonly keepMs: number; readonly rows: number; readonly after?: RetentionCursor | undefined },
): Promise<PurgedBatch> {
  const columns = Object.keys(rule.key);
  const keyOf = (prefix: string) => columns.map((column) => `${prefix}${column}`).join(', ');
  const after = Object.values(rule.key).map((type, at) => `:after${at}::${type}`);
  const which = [rule.of ?? 'true', ...(batch.after ? [`(${keyOf('')}) > (${after.join(', ')})`] : [])].join(' and ');
  const change = rule.erase
    ? `update ${rule.table} t set ${rule.erase} from looked`
    : `delete from ${rule.table} t using looked`;
  const until = `clock_timestamp() - :keepMs * interval '1 millisecond'`;
  const sql = `with looked as materialized (
      select ctid as row_id, ${keyOf('')}, ${rule.at} < ${until} as is_old from ${rule.table}
      where ${which} and (select pg_try_advisory_xact_lock(hashtext('retention'), hashtext(:name)))
      order by ${keyOf('')} limit :rows),
    gone as (
      ${change} where t.ctid = looked.row_id and looked.is_old and ${rule.of ? `t.${rule.of} and ` : ''}(${rule.mayGo})
      returning 1)
    select (select count(*)::int from gone) as purged, (select count(*)::int from looked) as looked,
      (select bool_or(is_old) from looked) as "hasOld",
      (select array[${columns.map((column) => `${column}::text`).join(', ')}] from looked
        order by ${columns.map((column) => `${column} desc`).join(', ')} limit 1) as last`;
  const { rows } = await db.raw<{
    rows: { purged: number; looked: number; hasOld: boolean | null; last: string[] | null }[];
  }>(sql.replaceAll(':until', until), {
    name: rule.name,
    keepMs: batch.keepMs,
    rows: batch.rows,
    ...Object.fromEntries((batch.after ?? []).map((value, at) => [`after${at}`, value])),
  });
  const [found] = rows;
  if (!found) throw new Error('a count returned no row');
  const isMore = found.looked === batch.rows && found.hasOld === true;
  return { purged: found.purged, next: isMore ? (found.last ?? undefined) : undefined };
}
