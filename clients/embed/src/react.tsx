/**
 * The two elements as React components. The script comes from the Bedside server itself, so that page and server never
 * disagree about what they say to each other.
 */
import {
  createElement,
  type CSSProperties,
  type Ref,
  useEffect,
  useImperativeHandle,
  useRef,
} from 'react';

interface Framed {
  /** The Bedside server: `https://clinic.example`. */
  readonly server: string;
  readonly language?: string;
  readonly title?: string;
  readonly className?: string;
  readonly style?: CSSProperties;
}

export type RoomEvent = 'ready' | 'waiting' | 'admitted' | 'joined' | 'left' | 'ended' | 'error';

/** What a page asks of a visit. */
export interface RoomHandle {
  readonly leave: () => void;
  readonly setMicrophone: (on: boolean) => void;
  readonly setCamera: (on: boolean) => void;
}

export interface BedsideRoomProps extends Framed {
  /** Asks your backend for the secret of a join link, or a join token. */
  readonly getSecret: () => Promise<string>;
  readonly onEvent?: (event: RoomEvent, detail: string | null) => void;
  readonly handle?: Ref<RoomHandle>;
}

const ROOM_EVENTS: readonly RoomEvent[] = [
  'ready',
  'waiting',
  'admitted',
  'joined',
  'left',
  'ended',
  'error',
];

/** A visit, from the camera check to its end. Give it a height. */
export function BedsideRoom({ getSecret, onEvent, handle, ...framed }: BedsideRoomProps) {
  const latest = useRef({ getSecret, onEvent });
  useEffect(() => {
    latest.current = { getSecret, onEvent };
  });
  const element = useElement(framed.server, (room) => {
    Reflect.set(room, 'getSecret', () => latest.current.getSecret());
    return ROOM_EVENTS.map((name) => [
      `bedside:${name}`,
      (event: Event) => {
        const detail: unknown = event instanceof CustomEvent ? event.detail : null;
        latest.current.onEvent?.(name, typeof detail === 'string' ? detail : null);
      },
    ]);
  });
  useImperativeHandle(
    handle,
    () => ({
      leave: () => call(element.current, 'leave'),
      setMicrophone: (on) => call(element.current, 'setMicrophone', on),
      setCamera: (on) => call(element.current, 'setCamera', on),
    }),
    [element],
  );
  return createElement('bedside-room', { ref: element, ...attributesOf(framed) });
}

export interface ChosenTime {
  readonly practitioner: string;
  readonly service: string;
  /** RFC 3339. */
  readonly start: string;
}

export interface BedsideBookingProps extends Framed {
  readonly clinic?: string;
  readonly practitioner?: string;
  /** Returns true where your own backend books; otherwise the booking goes on at the Bedside server. */
  readonly onChosen?: (time: ChosenTime) => boolean;
}

/** Doctors and their free times. */
export function BedsideBooking({ clinic, practitioner, onChosen, ...framed }: BedsideBookingProps) {
  const latest = useRef(onChosen);
  useEffect(() => {
    latest.current = onChosen;
  });
  const element = useElement(framed.server, () => [
    [
      'bedside:chosen',
      (event: Event) => {
        const detail: unknown = event instanceof CustomEvent ? event.detail : null;
        if (isChosen(detail) && latest.current?.(detail) === true) {
          event.preventDefault();
        }
      },
    ],
  ]);
  return createElement('bedside-booking', {
    ref: element,
    clinic,
    practitioner,
    ...attributesOf(framed),
  });
}

type Listener = readonly [string, (event: Event) => void];

/** Loads the script once, and listens as long as the element is there. */
function useElement(server: string, begin: (element: HTMLElement) => readonly Listener[]) {
  const element = useRef<HTMLElement>(null);
  const first = useRef(begin);
  useEffect(() => {
    const src = new URL('/embed/v1.js', server).href;
    if (document.querySelector(`script[src="${CSS.escape(src)}"]`) === null) {
      document.head.append(
        Object.assign(document.createElement('script'), { type: 'module', src }),
      );
    }
  }, [server]);
  useEffect(() => {
    const own = element.current;
    const listeners = own === null ? [] : first.current(own);
    for (const [name, hear] of listeners) {
      own?.addEventListener(name, hear);
    }
    return () => {
      for (const [name, hear] of listeners) {
        own?.removeEventListener(name, hear);
      }
    };
  }, []);
  return element;
}

function attributesOf({ server, language, title, className, style }: Framed) {
  return { origin: server, language, title, class: className, style };
}

/** The element may not know it yet: then there is nothing to do either. */
function call(element: HTMLElement | null, name: string, ...given: readonly unknown[]): void {
  const method: unknown = element === null ? null : Reflect.get(element, name);
  if (element !== null && typeof method === 'function') {
    Reflect.apply(method, element, [...given]);
  }
}

function isChosen(detail: unknown): detail is ChosenTime {
  return (
    typeof detail === 'object' &&
    detail !== null &&
    ['practitioner', 'service', 'start'].every(
      (name) => typeof Reflect.get(detail, name) === 'string',
    )
  );
}
