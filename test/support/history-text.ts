import type { WorkflowHandle } from '@temporalio/client';

/** All that Temporal keeps of a workflow as text: payloads are in Base64 in a history's JSON. */
export async function historyText(handle: WorkflowHandle): Promise<string> {
  const text = JSON.stringify(await handle.fetchHistory());
  return text.replaceAll(/"data":"([A-Za-z0-9+/=]*)"/g, (_whole, base64: string) =>
    JSON.stringify(Buffer.from(base64, 'base64').toString()),
  );
}
