import { SIGNALS } from '../../contracts/workflow/messages';
import { orderWorkflowId } from '../../contracts/workflow-api';
import type { Shop } from './shop';

/** The ids of the shipment updates in the order in which the workflow has received them. */
export async function shipmentUpdatesReceived(shop: Shop, orderId: number): Promise<string[]> {
  const { events } = await (await shop.temporal()).workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
  return (events ?? [])
    .map((event) => event.workflowExecutionSignaledEventAttributes)
    .filter((signaled) => signaled?.signalName === SIGNALS.shipmentUpdated)
    .map((signaled) => {
      const [payload] = signaled?.input?.payloads ?? [];
      return (JSON.parse(Buffer.from(payload?.data ?? []).toString()) as { eventId: string }).eventId;
    });
}
