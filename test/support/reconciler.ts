import { randomUUID } from 'node:crypto';
import { openFindings } from '../../db/reconciliation';
import type { Finding } from '../../domain/finding';
import { type ExaminedParts, examineOrders } from '../../operations/reconciliation/examine-orders';
import { fixOne } from '../../operations/reconciliation/fix';
import { createFixers } from '../../operations/reconciliation/fixers';
import { itemSubject, listFindings } from '../../operations/reconciliation/items';
import { sandboxProviders } from '../../providers/sandbox-http';
import { Workflows } from '../../temporal/workflows';
import { lateWorker } from './late-worker';
import type { Shop } from './shop';
import { until } from './until';

/** Reconciles what a test names, and nothing that other tests have left behind. */
export class Reconciler {
  private readonly worker: ReturnType<typeof lateWorker>;

  constructor(
    private readonly shop: Shop,
    readonly graceMs = 0,
  ) {
    this.worker = lateWorker(shop);
  }

  async parts(): Promise<ExaminedParts> {
    const { shop, graceMs } = this;
    const providers = sandboxProviders({ url: shop.system.sandbox, timeoutMs: 10_000 });
    return { db: shop.db, workflows: new Workflows(await shop.temporal()), providers, graceMs };
  }

  /** What is wrong with these orders. */
  async examine(...orderIds: number[]): Promise<Finding[]> {
    return examineOrders(await this.parts(), orderIds);
  }

  async codes(...orderIds: number[]): Promise<string[]> {
    return (await this.examine(...orderIds)).map(({ code }) => code).sort();
  }

  async list(runId: string, findings: readonly Finding[]): Promise<void> {
    await listFindings(this.shop.db, runId, findings);
  }

  /** Lists findings and applies their fixes; the outcome of each, by its item's subject. */
  async fix(findings: readonly Finding[], runId: string): Promise<Record<string, string>> {
    await this.list(runId, findings);
    const outcomes: Record<string, string> = {};
    for (const finding of findings) outcomes[itemSubject(finding)] = await this.fixListed(finding, runId);
    return outcomes;
  }

  /** Finds what is wrong with an order, and has it fixed. */
  async fixAll(orderId: number): Promise<Record<string, string>> {
    return this.fix(await this.examine(orderId), randomUUID());
  }

  /** Has the end of an order's workflow fixed, once it is found; the outcome. */
  async fixEnd(orderId: number): Promise<string | undefined> {
    const findings = await this.findEnd(orderId);
    return (await this.fix(findings, randomUUID()))[`WORKFLOW_ENDED/order-${orderId}`];
  }

  /** What is wrong with an order, once the end of its workflow is found. */
  async findEnd(orderId: number): Promise<Finding[]> {
    return until(
      'the end to be found',
      () => this.examine(orderId),
      (found) => found.some(({ code }) => code === 'WORKFLOW_ENDED'),
    );
  }

  async terminate(workflowId: string): Promise<void> {
    await (await this.shop.temporal()).workflow.getHandle(workflowId).terminate('by the test');
  }

  /** Applies the fix of what is listed. */
  async fixListed(finding: Finding, runId: string): Promise<string> {
    const items = await openFindings(this.shop.db, { after: 0, limit: 10_000 });
    const item = items.find(({ subject }) => subject === itemSubject(finding));
    if (!item) return 'NOT_OPEN';
    const parts = await this.parts();
    return fixOne(parts, this.fixersWith(parts), item, { actor: 'operator:lee', reason: 'planted', runId });
  }

  private fixersWith(parts: ExaminedParts) {
    const { worker } = this;
    return createFixers({
      ...parts,
      retryDelayMs: 1_000,
      undos: {
        stock: (call) => worker.run('releaseStock', call),
        coupon: (call) => worker.run('restoreCoupon', call),
        payment: (call) => worker.run('refund', call),
        shipment: (call) => worker.run('cancelShipment', call),
        warehouse: (call) => worker.run('takeOutOfStorage', call),
      },
    });
  }
}
