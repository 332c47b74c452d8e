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
const ALPHANUMERIC_RUNS = /[\da-z]+/gi;
/** Digits as people group them: with a few spaces, dots or dashes between, or what is not seen at all. */
const DIGIT_RUNS = /\+?\d+(?:[\s.\p{Dash_Punctuation}\u2212\u00b7\p{Format}]{1,3}\d+)*/gu;

/**
 * Whether text holds what can be the number of a payment card, at least `minDigits` long; other numbers may be beside
 * it. Digits within a longer run of Latin letters and digits are part of some machine's id, and no card number.
 */
export function holdsCardNumber(text: string, minDigits = SHORTEST): boolean {
  // What looks like a digit, a space or a dash is made one: full-width digits are common where Hangul is typed.
  const plain = text
    .normalize('NFKC')
    .replaceAll(UUIDS, 'x')
    .replaceAll(ALPHANUMERIC_RUNS, (run) => (/[a-z]/i.test(run) ? 'x' : run));
  return (plain.match(DIGIT_RUNS) ?? []).some((run) => {
    const isPhoneNumber = run.startsWith('+');
    const groups = run.replace('+', '').split(/\D+/);
    const least = isPhoneNumber ? LONGER_THAN_PHONES : minDigits;
    return groups.some((_group, from) => beginsCardNumber(groups, from, least));
  });
}

/** Whether it may be a phone number as far as its digits tell: those have 15 at most (E.164). */
export function isPhone(text: string): boolean {
  return !holdsCardNumber(text, LONGER_THAN_PHONES);
}

/** Whether the group at `from`, or it and some of the next ones together, are one. */
function beginsCardNumber(groups: readonly string[], from: number, minDigits: number): boolean {
  let digits = '';
  for (let at = from; at < groups.length && digits.length < MAX_DIGITS; at += 1) {
    digits += groups[at];
    if (digits.length >= minDigits && isCardNumber(digits)) return true;
  }
  return false;
}

function isCardNumber(digits: string): boolean {
  const isIssued = ISSUERS.some(({ begins, lengths }) => lengths.includes(digits.length) && begins.test(digits));
  return isIssued && passesLuhn(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2;
    if (index % 2 === 0) sum += digit;
    else sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
