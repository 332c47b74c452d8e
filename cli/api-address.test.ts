import { apiAddress } from './api-address';
import { CommandError, EXIT } from './command-error';

describe('the address in ORDERSAGA_API', () => {
  test.each([
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://shop.example.com/', 'https://shop.example.com'],
    ['https://example.com/ordersaga/', 'https://example.com/ordersaga'],
  ])('%s: its paths begin at %s', (text, wanted) => {
    expect(apiAddress(text)).toBe(wanted);
  });

  test.each([
    'localhost:3000',
    'localhost',
    '127.0.0.1:3000',
    'ftp://localhost',
    'http://',
    'http://u:secret@host',
    'http://host?x=secret',
  ])('%s is refused, and not shown', (text) => {
    const refused = (() => {
      try {
        return apiAddress(text);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(CommandError);
    expect(refused).toMatchObject({ exitCode: EXIT.usage, message: expect.not.stringContaining('secret') as string });
  });
});
