/**
 * `<bedside-booking>`: doctors and their free times inside a clinic's own page. Attributes: `clinic`, `practitioner`,
 * `language`, `title`, `origin`.
 *
 * A chosen time is told as `bedside:chosen`. Whoever cancels the event books by its own backend; otherwise the booking
 * goes on in a tab of the Bedside server's own, where a person can sign in: browsers let no frame of another site do so.
 */
import { FramedElement } from './framed-element.ts';
import type { FromFrame } from './protocol.ts';

export class BedsideBooking extends FramedElement {
  protected readonly permissions: readonly string[] = [];

  protected search(): URLSearchParams {
    const search = new URLSearchParams({ show: 'booking' });
    for (const name of ['clinic', 'practitioner']) {
      const value = this.getAttribute(name);
      if (value !== null && value !== '') {
        search.set(name, value);
      }
    }
    return search;
  }

  protected hear(message: FromFrame): void {
    if (message.kind === 'height') {
      this.style.height = `${message.px}px`;
    } else if (message.kind === 'chosen') {
      const { kind: _kind, ...slot } = message;
      if (this.dispatch('chosen', slot)) {
        const search = new URLSearchParams(slot).toString();
        open(`${this.origin}/book?${search}`, '_blank', 'noopener');
      }
    }
  }
}
