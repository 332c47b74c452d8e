/** Redis channel that says "this order's timeline has grown"; whoever commits an entry may publish there, any message. */
export function timelineChannel(orderId: number): string {
  return `timeline:${orderId}`;
}
