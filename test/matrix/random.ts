/** A seeded source of chance: the same seed draws the same faults. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 up to, and without, 1: mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    return items.map(() => left.splice(this.below(left.length), 1)[0] as Item);
  }
}

type Dimensions = Readonly<Record<string, readonly unknown[]>>;
type Case<D extends Dimensions> = { readonly [Name in keyof D]: D[Name][number] };

/**
 * So many cases that each two values of different dimensions meet as early as possible: few cases find nearly every defect that
 * depends on two things. All pairs covered, it begins anew with other cases. `isPossible` leaves out what cannot be.
 */
export function drawPairwise<D extends Dimensions>(
  random: Random,
  dimensions: D,
  times: number,
  isPossible: (one: Case<D>) => boolean = () => true,
): Case<D>[] {
  const all = combinations(dimensions).filter(isPossible);
  const drawn: Case<D>[] = [];
  let open = new Set<string>();
  while (drawn.length < times) {
    if (open.size === 0) open = new Set(all.flatMap(pairsOf));
    const gain = (one: Case<D>) => pairsOf(one).filter((pair) => open.has(pair)).length;
    const best = random.shuffled(all).reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairsOf(best)) open.delete(pair);
    drawn.push(best);
  }
  return drawn;
}

function combinations<D extends Dimensions>(dimensions: D): Case<D>[] {
  return Object.entries(dimensions).reduce<object[]>(
    (cases, [name, values]) => cases.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  ) as Case<D>[];
}

/** Each two values of a case; of a case with one dimension, the value itself. */
function pairsOf(one: object): string[] {
  const values = Object.entries(one).map((entry) => JSON.stringify(entry));
  if (values.length === 1) return values;
  return values.flatMap((first, index) => values.slice(index + 1).map((second) => `${first} ${second}`));
}
