import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contracts/workflow-api';

/** Temporal's numbers for the types of search attributes. */
const INDEXED_TYPE = { Keyword: 2, Int: 3, Bool: 5 } as const;
const POLL_MS = 200;
const USABLE_WITHIN_MS = 60_000;

/** Registers the search attributes and waits until each can be searched by; returns those that were new. */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length > 0) {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_TYPE[SEARCH_ATTRIBUTES[name]]])),
    });
  }
  const deadline = Date.now() + USABLE_WITHIN_MS;
  while (!(await isSearchable(connection, namespace))) {
    if (Date.now() > deadline) throw new Error('the search attributes were registered but are not usable after 60 s');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return missing;
}

type AttributeName = keyof typeof SEARCH_ATTRIBUTES;

/** Which of our search attributes the namespace lacks. */
async function missingSearchAttributes(connection: Connection, namespace: string): Promise<AttributeName[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return (Object.keys(SEARCH_ATTRIBUTES) as AttributeName[]).filter((name) => customAttributes?.[name] === undefined);
}

async function isSearchable(connection: Connection, namespace: string): Promise<boolean> {
  const query = `OrderStatus = 'none' AND SagaState = 'none' AND NeedsOperator = true AND AmountAtRisk = 1`;
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === INVALID_ARGUMENT) return false;
    throw error;
  }
}

const INVALID_ARGUMENT = 3;
