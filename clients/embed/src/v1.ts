/** `embed/v1.js`: what an embedding page loads. It may load it twice. */
import { BedsideBooking } from './bedside-booking.ts';
import { BedsideRoom } from './bedside-room.ts';

for (const [name, element] of [
  ['bedside-room', BedsideRoom],
  ['bedside-booking', BedsideBooking],
] as const) {
  if (customElements.get(name) === undefined) {
    customElements.define(name, element);
  }
}
