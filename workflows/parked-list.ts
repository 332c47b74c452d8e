import type { SagaState } from '../domain/saga-state';
import { localActivities } from './activity-calls';
import type { OrderView } from './order-view';
import { unlessPermanent } from './saga/failure';
import type { Parked } from './saga/step';

/** Shows what waits for a person, in Temporal, in the database and on the operators' list; afterwards what the saga did before. */
export class ParkedList {
  private before: { readonly state: SagaState; readonly waitingFor: string } = { state: 'RUNNING', waitingFor: '' };
  private listed = '';

  constructor(
    private readonly orderId: number,
    private readonly view: OrderView,
  ) {}

  /** Writes only what has changed, and the operators' list first: also where another row can't be written at all. */
  async show(parked: readonly Parked[]): Promise<void> {
    const { orderId, view } = this;
    const wasParked = view.parked.length > 0;
    if (!wasParked) this.before = { state: view.sagaState, waitingFor: view.waitingFor };
    view.parked = parked.map((point) => ({ ...point, amountAtRiskMinor: view.amountAtRiskOf(point) }));
    const isParked = parked.length > 0;
    const hasUndo = parked.some(({ isUndo }) => isUndo);
    const decision = hasUndo ? 'a decision on the undo that failed' : 'a decision on what cannot be done';
    const { state, waitingFor } = isParked ? { state: 'NEEDS_OPERATOR' as const, waitingFor: decision } : this.before;
    view.publish(state, waitingFor);
    const points = JSON.stringify(view.parked);
    if (points === this.listed) return;
    this.listed = points;
    await unlessPermanent(localActivities.listParked({ orderId, points: view.parked, atMs: Date.now() }));
    if (isParked === wasParked) return;
    const notice = { code: hasUndo ? 'UNDO_FAILED' : 'CANNOT_BE_DONE', steps: parked.map(({ step }) => step) };
    const shown = { orderId, status: view.status, state, atMs: Date.now() };
    await unlessPermanent(localActivities.showSagaState(isParked ? { ...shown, notice } : shown));
  }
}
