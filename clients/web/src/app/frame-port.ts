/** The port to the page around this one, where this one is in a frame of it. */
import type { FromFrame, FromPage, Hello } from '@bedside/embed/protocol';
import { isHello, readFromPage, VERSION } from '@bedside/embed/protocol';
import { useEffect, useState } from 'react';

/** The port of the page around this one; another frame's is not taken. */
export function usePort(): MessagePort | null {
  const [port, setPort] = useState<MessagePort | null>(null);
  useEffect(() => {
    const greet = (event: MessageEvent): void => {
      const offered = event.ports[0];
      if (event.source === globalThis.parent && offered !== undefined && isHello(event.data)) {
        offered.start();
        tell(offered, { kind: 'ready' });
        setPort(offered);
      }
    };
    addEventListener('message', greet);
    // It says that we are here and no more, so anybody may hear it.
    const knock: Hello = { bedside: VERSION };
    globalThis.parent.postMessage(knock, '*');
    return () => removeEventListener('message', greet);
  }, []);
  return port;
}

export function listen(port: MessagePort, hear: (message: FromPage) => void): () => void {
  const onMessage = ({ data }: MessageEvent): void => {
    const message = readFromPage(data);
    if (message !== null) {
      hear(message);
    }
  };
  port.addEventListener('message', onMessage);
  return () => port.removeEventListener('message', onMessage);
}

export function tell(port: MessagePort, message: FromFrame): void {
  port.postMessage(message);
}
