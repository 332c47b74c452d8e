import { identityOf } from './identity';

const END = 4_000_000_000_000;
const claims = { sub: 'user-1', email: 'kim@example.com' };

describe('an identity', () => {
  test.each([
    [undefined, 'customer'],
    ['operator', 'operator'],
    ['viewer', 'viewer'],
    ['admin', 'customer'],
    [['staff', 'viewer', 'operator'], 'operator'],
    [['viewer'], 'viewer'],
    [[], 'customer'],
    [{ operator: true }, 'customer'],
    ['viewer operator', 'customer'],
  ])('with the role claim %j is a %s', (role, expected) => {
    expect(identityOf({ ...claims, role }, END)?.role).toBe(expected);
  });

  test('has its role in the claim that is configured', () => {
    expect(identityOf({ ...claims, role: 'operator', groups: ['viewer'] }, END, 'groups')?.role).toBe('viewer');
  });

  test.each([
    ['subject', { email: 'kim@example.com' }],
    ['empty subject', { ...claims, sub: '' }],
    ['email', { sub: 'user-1' }],
    ['email that is one', { ...claims, email: 'kim' }],
  ])('needs a %s', (_what, incomplete) => {
    expect(identityOf(incomplete, END)).toBeUndefined();
  });
});
