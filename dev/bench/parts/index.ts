import type { Part } from '../bench';
import { coupons } from './coupons';
import { engine } from './engine';
import { growth } from './growth';
import { live } from './live';
import { paced } from './paced';
import { single } from './single';
import { start } from './start';
import { statements } from './statements';
import { status } from './status';
import { steps } from './steps';
import { submit } from './submit';
import { waiting } from './waiting';

/** Takes minutes by itself: only when asked for. */
const LONG: readonly Part[] = [growth, waiting];

/** In the order in which they are measured: growth begins with an empty database, and the last two end the roles. */
export const PARTS: readonly Part[] = [
  ...LONG,
  engine,
  paced,
  statements,
  steps,
  single,
  status,
  live,
  start,
  coupons,
  submit,
];

export const USUAL_PARTS: readonly string[] = PARTS.filter((part) => !LONG.includes(part)).map(({ name }) => name);
