import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until';
import type { Stage } from './stage';

/** Within this time an operator must see what waits for one (I11). */
const LISTED_WITHIN_MS = 60_000;
/** Of the harness's own look at it. */
const GRACE_MS = 10_000;
const DECIDED_WITHIN_MS = 60_000;
const RESTS_WITHIN_MS = 120_000;

export interface Item {
  readonly kind: string;
  readonly step: string | null;
  readonly cause: string;
  readonly since: Date;
}

export type Decision = 'RETRY' | 'SKIP' | 'DONE_EXTERNALLY';

/** The shop's operators: they look at their list, and decide through the api. */
export class Operators {
  constructor(private readonly stage: Stage) {}

  /** What is open about an order, oldest first. */
  items(orderId: number): Promise<Item[]> {
    return this.stage.outside
      .rows<Item>(
        `select kind, step, cause, since from operator_items where state = 'OPEN' and order_id = $1 order by id`,
        [orderId],
      )
      .catch(() => []);
  }

  /** What is open of an order that waits for them; a problem where nothing is within a minute. */
  async untilListed(orderId: number, isMeant: (item: Item) => boolean = () => true): Promise<Item | undefined> {
    const found = await until(
      `order ${orderId} to be on the operators' list`,
      async () => (await this.items(orderId)).find(isMeant),
      Boolean,
      LISTED_WITHIN_MS + GRACE_MS,
    ).catch(() => undefined);
    if (!found) this.stage.problems.push(`I11: order ${orderId} waits for an operator, and none is shown it`);
    return found;
  }

  /** Decides about a step until the decision is taken; false: it does not wait for one any more. */
  async decide(orderId: number, step: string, decision: Decision): Promise<boolean> {
    const { shop } = this.stage;
    const body = {
      ...{ decisionId: randomUUID(), reason: 'decided by the harness', step, decision },
      ...(decision === 'DONE_EXTERNALLY' && { reference: 'by phone' }),
    };
    const taken = await until(
      `${decision} of ${step} of order ${orderId} to be taken`,
      async () => {
        if (!(await this.items(orderId)).some((item) => item.step === step)) return 'gone';
        const response = await shop.operate('POST', `/sagas/${orderId}/resolve`, body).catch((error: Error) => ({
          status: 0,
          body: { code: error.message },
        }));
        return response.status === 202 ? 'taken' : `${response.status} ${response.body.code}`;
      },
      (outcome) => outcome === 'taken' || outcome === 'gone',
      DECIDED_WITHIN_MS,
    );
    return taken === 'taken';
  }

  /** Has whatever is open about the order tried again, until it rests. */
  async retryUntilRests(orderId: number): Promise<void> {
    const { watch } = this.stage;
    let isOver = false;
    const rests = watch.untilRests(orderId, undefined, RESTS_WITHIN_MS).finally(() => {
      isOver = true;
    });
    rests.catch(() => undefined);
    while (!isOver) {
      for (const { step } of await this.items(orderId))
        if (step !== null) await this.decide(orderId, step, 'RETRY').catch(() => false);
      await pause(200);
    }
    await rests;
  }
}
