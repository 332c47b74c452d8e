import type { Row } from '../row';
import { apiKilled, bridgeKilled, relayKilled, workerKilled } from './killed';

/** The fault matrix. */
export const ROWS: readonly Row[] = [workerKilled, bridgeKilled, relayKilled, apiKilled];
