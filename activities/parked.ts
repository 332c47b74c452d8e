import { Context } from '@temporalio/activity';

/** An operator item is about one step of one workflow. */
export const parkedSubject = (workflowId: string, step: string): string => `${workflowId}/${step}`;

/** The workflow that called this activity. */
export function callersWorkflowId(): string {
  const workflowId = Context.current().info.workflowExecution?.workflowId;
  if (workflowId === undefined) throw new Error('called by no workflow');
  return workflowId;
}
