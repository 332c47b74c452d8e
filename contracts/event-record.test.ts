import { eventRecord, newEvent, WrongEventError } from './event-record';
import { TOPICS } from './topics';

const moved = { eventCreatedAt: '2026-11-27T00:00:00.000Z', orderId: 7, from: null, to: 'CREATED' } as const;

describe('an event', () => {
  it('gets an id of its own and its version, and the key of its topic', () => {
    const { value, ...record } = newEvent(TOPICS.orderStatusChanged, moved);
    expect(record).toEqual({ topic: 'order.status.changed', key: '7' });
    const event = JSON.parse(value) as { eventId: string };
    expect(event).toEqual({ ...moved, eventId: expect.any(String), schemaVersion: 1 });
    expect(JSON.parse(newEvent(TOPICS.orderStatusChanged, moved).value)).not.toMatchObject({ eventId: event.eventId });
  });

  it('that has its id keeps it', () => {
    const { value } = eventRecord(TOPICS.orderStatusChanged, { ...moved, eventId: 'e-1' });
    expect(JSON.parse(value)).toMatchObject({ eventId: 'e-1' });
  });

  it('that does not fit its topic is refused, and nothing of it is quoted', () => {
    const make = () => newEvent(TOPICS.orderStatusChanged, { ...moved, reason: 'card 4111 1111 1111 1111' });
    expect(make).toThrow(WrongEventError);
    expect(make).toThrow('an event does not fit order.status.changed: reason: custom');
  });
});
