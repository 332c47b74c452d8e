import pino from 'pino';
import { type Db, openDatabase } from '../../db/connection';
import { migrateSchema } from '../../db/schema';
import { LaneLeases } from '../../kafka-bridge/outbox/lane-leases';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';
import { until } from '../support/until';

/** So long that no lease runs out: a lane changes hands only if it is given back. */
const TIMING = { leaseMs: 3_600_000, renewMs: 50 };

describe('a relay that joins others', () => {
  const fixture = new Fixture();
  let db: Db;
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 4 });
    fixture.defer(() => db.destroy());
    await migrateSchema(db);
  });

  const leaseOf = async (owner: string): Promise<Date> =>
    (await db('relays').where({ owner }).first('lease_until')).lease_until;

  async function relay(owner: string, drained: () => Promise<void> = () => Promise.resolve()): Promise<LaneLeases> {
    const options = { db, owner, drained, onGained: () => undefined, logger: pino({ enabled: false }) };
    const leases = new LaneLeases(options, TIMING);
    await leases.start();
    fixture.defer(() => leases.stop());
    return leases;
  }

  test('gets its share as soon as nothing of it is in flight, and each lane has one relay at a time', async () => {
    let end: () => void = () => undefined;
    const inFlight = new Promise<void>((resolve) => {
      end = resolve;
    });
    const first = await relay('first', () => inFlight);
    expect(first.held()).toHaveLength(16);
    const second = await relay('second');
    await until(
      'the first to keep its share only',
      async () => first.held().length,
      (lanes) => lanes === 8,
    );
    const renewed = await leaseOf('second');
    await until(
      'the second to have asked again',
      () => leaseOf('second'),
      (lease) => lease > renewed,
    );
    expect(second.held()).toEqual([]);

    end();
    await until(
      'the second to have its share',
      async () => second.held().length,
      (lanes) => lanes === 8,
    );
    const all = [...first.held(), ...second.held()];
    expect(new Set(all).size).toBe(16);
  });
});
