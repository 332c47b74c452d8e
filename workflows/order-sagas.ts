import { CancellationScope } from '@temporalio/workflow';
import type { OrderPolicy } from '../activities/stock';
import { SIGNALS } from '../contracts/workflow/messages';
import { ensuredBy, type LocalActivities, localActivities, UNDO_RETRY_MS } from './activity-calls';
import type { OrderView } from './order-view';
import { ParkedList } from './parked-list';
import { unlessPermanent } from './saga/failure';
import { Saga } from './saga/saga';

/** A saga about one order: what it parks is shown in the order's view and listed for operators. */
export function sagaOfOrder(
  orderId: number,
  view: OrderView,
  { policy, isGivenUp }: { readonly policy: () => OrderPolicy | undefined; readonly isGivenUp: () => boolean },
): { readonly saga: Saga; readonly activities: LocalActivities } {
  const parkedList = new ParkedList(orderId, view);
  const saga: Saga = new Saga({
    undoRetryMs: () => policy()?.undoRetryMs ?? UNDO_RETRY_MS,
    showParked: (points) => parkedList.show(points),
    recordRetry: (resolution) => localActivities.recordRetry({ ...resolution, orderId, attempt: view.attempt }),
    refuseDecision: (_resolution, why) => recordRefusal(orderId, SIGNALS.resolveCompensation, why),
    isGivenUp,
  });
  view.progress = saga.progress;
  return { saga, activities: ensuredBy(saga) };
}

/** Records in the order's timeline that something impossible was asked for. */
export async function recordRefusal(orderId: number, what: string, why: string): Promise<void> {
  await unlessPermanent(CancellationScope.nonCancellable(() => localActivities.noteRefusal({ orderId, what, why })));
}
