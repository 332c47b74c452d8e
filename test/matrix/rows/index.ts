import type { Row } from '../row';
import { workerKilled } from './worker-killed';

/** The fault matrix. */
export const ROWS: readonly Row[] = [workerKilled];
