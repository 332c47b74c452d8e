/** What neither Postgres, JSON nor a workflow takes as text: U+0000, and halves of characters. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Whether text from outside can be kept at all. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** How issuers' numbers begin, and how many digits follow from it: what only looks like one is some machine's number. */
const ISSUERS: readonly { readonly begins: RegExp; readonly lengths: readonly number[] }[] = [
  // Visa.
  { begins: /^4/, lengths: [13, 16, 18, 19] },
  // Mastercard.
  { begins: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  // American Express.
  { begins: /^3[47]/, lengths: [15] },
  // Diners Club.
  { begins: /^3(?:0[0-5]|095|[689])/, lengths: [14, 15, 16, 17, 18, 19] },
  // JCB.
  { begins: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  // UnionPay, Discover, RuPay, Maestro.
  { begins: /^(?:6|5[06-9])/, lengths: [16, 17, 18, 19] },
  // Mir.
  { begins: /^220[0-4]/, lengths: [16, 17, 18, 19] },
  // Domestic cards, of Korea among others.
  { begins: /^9[4-7]/, lengths: [16] },
];
const MAX_DIGITS = 19;
const SHORTEST = 13;
const LONGER_THAN_PHONES = 16;

const UUIDS = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi;
const DIGITS = /\d+/g;
/** As people group digits: with a few spaces, dots or dashes between, or what is not seen at all. */
const BETWEEN_GROUPS = /^[\s.\p{Dash_Punctuation}\u2212\u00b7\p{Format}]{1,3}$/u;

/**
 * Whether text holds what can be the number of a payment card, at least `minDigits` long; other numbers may be beside
 * it. Digits within a longer run of Latin letters and digits are part of some machine's id, and no card number. A record may
 * have megabytes: no pattern here has to go back over more than a few characters.
 */
export function holdsCardNumber(text: string, minDigits = SHORTEST): boolean {
  // What looks like a digit, a space or a dash is made one: full-width digits are common where Hangul is typed.
  const plain = withoutIds(text.normalize('NFKC').replaceAll(UUIDS, 'x'));
  const hold = (groups: readonly string[], isPhoneNumber: boolean) =>
    holdCardNumber(groups, isPhoneNumber ? LONGER_THAN_PHONES : minDigits);
  let groups: string[] = [];
  let isPhoneNumber = false;
  let end = Number.NEGATIVE_INFINITY;
  for (const { 0: digits, index } of plain.matchAll(DIGITS)) {
    const goesOn = index - end <= 3 && BETWEEN_GROUPS.test(plain.slice(end, index));
    if (!goesOn) {
      if (hold(groups, isPhoneNumber)) return true;
      groups = [];
      isPhoneNumber = plain[index - 1] === '+';
    }
    groups.push(digits);
    end = index + digits.length;
  }
  return hold(groups, isPhoneNumber);
}

/** Without runs of letters and digits, and of more digits than any card has. */
function withoutIds(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; ) {
    const start = at;
    let hasLetter = false;
    for (let code = text.charCodeAt(at); isDigit(code) || isLetter(code); code = text.charCodeAt(at)) {
      hasLetter ||= isLetter(code);
      at += 1;
    }
    if (at === start) at += 1;
    else if (hasLetter || at - start > MAX_DIGITS) {
      kept.push(text.slice(from, start), 'x');
      from = at;
    }
  }
  return kept.join('') + text.slice(from);
}

const isDigit = (code: number) => code >= 48 && code <= 57;
const isLetter = (code: number) => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/** Whether it may be a phone number: those have 15 digits at most (E.164). */
export function isPhone(text: string): boolean {
  return !holdsCardNumber(text, LONGER_THAN_PHONES);
}

/** Whether one of these groups, or some that follow each other, are one together. */
function holdCardNumber(groups: readonly string[], minDigits: number): boolean {
  const digits = groups.join('');
  if (digits.length < minDigits) return false;
  const luhn = luhnSums(digits);
  const isEnd = new Uint8Array(digits.length + 1);
  const starts: number[] = [];
  let end = 0;
  for (const group of groups) {
    starts.push(end);
    end += group.length;
    isEnd[end] = 1;
  }
  return starts.some((start) => {
    for (let to = start + minDigits; to <= Math.min(digits.length, start + MAX_DIGITS); to += 1)
      if (isEnd[to] && luhn(start, to) && isIssued(digits.slice(start, to))) return true;
    return false;
  });
}

function isIssued(digits: string): boolean {
  return ISSUERS.some(({ begins, lengths }) => lengths.includes(digits.length) && begins.test(digits));
}

/** Whether the digits from `start` to `end` pass the Luhn check, whose sums are made once for all of them. */
function luhnSums(digits: string): (start: number, end: number) => boolean {
  // Of the digits before each place, those at even (odd) places doubled.
  const sums = [new Uint32Array(digits.length + 1), new Uint32Array(digits.length + 1)] as const;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(at) - 48;
    const doubled = digit > 4 ? digit * 2 - 9 : digit * 2;
    sums[0][at + 1] = (sums[0][at] as number) + (at % 2 === 0 ? doubled : digit);
    sums[1][at + 1] = (sums[1][at] as number) + (at % 2 === 1 ? doubled : digit);
  }
  return (start, end) => {
    // The last digit counts once, the one before it twice, and so on.
    const of = sums[(end % 2) as 0 | 1];
    return ((of[end] as number) - (of[start] as number)) % 10 === 0;
  };
}
