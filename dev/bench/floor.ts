import type { Child } from '../child';

export interface FloorQuestion {
  readonly inFlight: number;
  readonly warmUpS: number;
  readonly seconds: number;
}

/** No-op workflows a second, started and their result awaited, so many in flight. */
export async function measureFloor(floor: Child, question: FloorQuestion): Promise<number> {
  return (await floor.ask<{ perSecond: number }>(question)).perSecond;
}
