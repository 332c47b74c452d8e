import type { OperatorItem } from '../db/operator-items';

/** What helps, as a command where there is one. */
export function whatToDo({ id, kind, subject, orderId, step, workflowId, offeredFix }: OperatorItem): string {
  const order = orderId ?? '…';
  const retry = `ordersaga saga resolve ${order} --step ${step} --decision RETRY --reason '…'`;
  const signal = `temporal workflow signal --workflow-id ${workflowId} --name resolveCompensation --input '{"decisionId": "…", "step": "${step}", "decision": "RETRY", "reason": "…", "actor": "…"}'`;
  switch (kind) {
    case 'PARKED_SAGA':
      return `ordersaga saga show ${order}; ${retry}`;
    case 'PERMANENT_ERROR':
      if (step === null) return 'fix the cause: it is tried again until it succeeds';
      return orderId === null ? `fix the cause; ${signal}` : `fix the cause; ${retry}`;
    case 'CREDENTIALS_REFUSED':
      return `give the workers credentials that the ${subject} provider accepts: what waits is tried again by itself`;
    case 'DEAD_LETTER':
      return `ordersaga dlt show ${subject}`;
    case 'BLOCKED_KEY':
      return 'ordersaga dlt blocked';
    case 'FAILED_WORKFLOW':
      return `look at workflow ${workflowId} in the Temporal Web UI; ordersaga items resolve ${id} --reason '…'`;
    case 'LOST_REQUEST':
      return `${orderId === null ? '' : `ordersaga saga show ${order}; `}ordersaga items resolve ${id} --reason '…'`;
    case 'UNPUBLISHED_TOPIC':
      return `ordersaga outbox status; create the topic ${subject}, give its partitions leaders, or let the relays write to it: its rows follow by themselves`;
    case 'STUCK_PARTITION':
      return `fix what the log of the bridge says about ${subject}: its records wait, and go on by themselves`;
    case 'RECONCILIATION':
      return `${orderId === null ? '' : `ordersaga saga show ${order}; `}${offeredFix === null ? 'the runbook of its cause says what to do; ' : "ordersaga reconcile --fix --reason '…'; "}it closes once a run finds it gone`;
  }
}
