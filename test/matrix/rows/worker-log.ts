import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackFolder } from '../../../config/load';
import type { Stage } from '../stage';

/** What Temporal's SDK says where a workflow does something else than its history. */
const NOT_DETERMINISTIC = 'TMPRL1100';

/** Later gives what the workers have logged since now about workflows that are not deterministic. */
export function notDeterministicSince({ shop }: Stage): () => readonly string[] {
  const log = join(stackFolder({ ...process.env, STACK: shop.system.stackName }), 'role-logs', 'worker.log');
  const before = readFileSync(log, 'utf8').length;
  return () =>
    readFileSync(log, 'utf8').slice(before).includes(NOT_DETERMINISTIC) ? [`I8: ${NOT_DETERMINISTIC} in ${log}`] : [];
}
