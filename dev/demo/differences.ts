type Fact = readonly [what: string, wanted: unknown, found: unknown];

/** A sentence for each fact that is not as wanted. */
export function differences(...facts: readonly Fact[]): string[] {
  return facts
    .filter(([, wanted, found]) => String(wanted) !== String(found))
    .map(([what, wanted, found]) => `expected ${what} ${String(wanted)}, found ${String(found)}`);
}
