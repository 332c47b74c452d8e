import { open, seal, sign, verified } from './sealed';

const SECRET = 'a secret of at least thirty-two characters';
const OTHER = 'another secret of thirty-two characters';
const soon = () => Date.now() + 60_000;

describe('what is sealed', () => {
  test('is opened by the same secret, for the same purpose, and says nothing to others', async () => {
    const sealed = await seal(SECRET, 'session', { email: 'kim@example.com' }, soon());
    expect((await open(SECRET, 'session', sealed))?.claims.email).toBe('kim@example.com');
    expect(Buffer.from(sealed.split('.').join(''), 'base64').toString('latin1')).not.toContain('kim');
    expect(await open(SECRET, 'order', sealed)).toBeUndefined();
    expect(await open(OTHER, 'session', sealed)).toBeUndefined();
    expect(await open(SECRET, 'session', `${sealed.slice(0, -2)}AA`)).toBeUndefined();
    expect(await verified(SECRET, 'session', sealed)).toBeUndefined();
  });

  test('is opened by an older secret, until that is taken away', async () => {
    const sealed = await seal(SECRET, 'session', {}, soon());
    expect(await open(`${OTHER},${SECRET}`, 'session', sealed)).toBeDefined();
    expect(await open(OTHER, 'session', await seal(`${OTHER},${SECRET}`, 'session', {}, soon()))).toBeDefined();
  });

  test('ends', async () => {
    const past = Date.now() - 1_000;
    expect(await open(SECRET, 'session', await seal(SECRET, 'session', {}, past))).toBeUndefined();
    expect(await verified(SECRET, 'tracking-link', await sign(SECRET, 'tracking-link', {}, past))).toBeUndefined();
  });
});

test('what is signed for one purpose is good for no other', async () => {
  const signed = await sign(SECRET, 'tracking-link', { order: 5 }, soon());
  expect((await verified(SECRET, 'tracking-link', signed))?.claims.order).toBe(5);
  expect(await verified(SECRET, 'sign-in-link', signed)).toBeUndefined();
  expect(await verified(OTHER, 'tracking-link', signed)).toBeUndefined();
});
