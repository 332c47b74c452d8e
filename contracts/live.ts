/** Redis channel that says "this order's timeline has grown"; any process that commits an entry may publish there, any message. */
export function timelineChannel(orderId: number): string {
  return `timeline:${orderId}`;
}
