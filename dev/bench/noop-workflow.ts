/** The least a workflow can be: what an engine can do of these is the most that it can do of anything. */
export function noop(): Promise<void> {
  return Promise.resolve();
}
