// A clinic's own page in React, on an origin of its own, with free times and a visit in it.
//
//   bedside demo --dev && bedside all --dev --embed-origins http://localhost:8080
//   npm install && npm start                 then open http://localhost:8080
import { BedsideBooking, BedsideRoom } from '@bedside/embed/react';
import { createElement as h, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

const SERVER = import.meta.env.VITE_BEDSIDE_URL ?? 'http://localhost:7880';

/** In your own page this asks your backend, which knows who is signed in. Here it is pasted: the part after the `#`. */
async function askBackend() {
  return prompt('The join link’s secret, or a join token') ?? '';
}

function Page() {
  const [isInVisit, setInVisit] = useState(false);
  const [news, setNews] = useState('');
  const room = useRef(null);
  return h(
    'main',
    { style: { maxWidth: '70rem', margin: '0 auto', fontFamily: 'system-ui' } },
    h('h1', null, 'A clinic’s own page'),
    h('button', { onClick: () => setInVisit(!isInVisit) }, isInVisit ? 'Book' : 'To my visit'),
    isInVisit && h('button', { onClick: () => room.current?.leave() }, 'Leave'),
    h('p', { role: 'status' }, news),
    isInVisit
      ? h(BedsideRoom, {
          server: SERVER,
          getSecret: askBackend,
          handle: room,
          onEvent: (event) => setNews(event),
          style: { height: '44rem' },
        })
      : h(BedsideBooking, {
          server: SERVER,
          onChosen: ({ start }) => {
            setNews(`Chosen: ${new Date(start).toLocaleString()}`);
            return false; // The booking goes on at the server, where people sign in.
          },
        }),
  );
}

createRoot(document.querySelector('#app')).render(h(Page));
