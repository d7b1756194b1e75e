/** What a document shows in the page: a picture, or a film. */
import { done } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../app/api.ts';
import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Asked } from '../parts/notice.tsx';
import { contentOf } from './document-line.tsx';
import type { Document } from './documents-of.ts';

/** Browsers draw these; the others are downloaded. */
const DRAWN: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/webp']);
const DRAWN_BYTES_MAX = 32 * 1024 * 1024;
/** What is recorded, unless it is in H.264, which is downloaded. */
const PLAYED = 'video/webm';

/** A picture, drawn in the page from bytes that are let go when it is closed. */
export function Show({ document }: { readonly document: Document }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const isDrawn = DRAWN.has(document.media_type ?? '') && document.size <= DRAWN_BYTES_MAX;
  return isDrawn ? (
    <>
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)}>
        {say('docs.show')}
        <span className="visually-hidden"> {document.name}</span>
      </button>
      {isOpen && (
        <Dialog title={document.name} onClose={() => setOpen(false)}>
          <Picture document={document} />
          <div className="actions">
            <button type="button" className="button" onClick={() => setOpen(false)}>
              {say('common.close')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  ) : null;
}

/** A recording, read in ranges as it is played. */
export function Play({ document }: { readonly document: Document }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  return document.media_type === PLAYED ? (
    <>
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)}>
        {say('docs.play')}
        <span className="visually-hidden"> {document.name}</span>
      </button>
      {isOpen && (
        <Dialog title={document.name} onClose={() => setOpen(false)}>
          {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- nobody has written down what was said */}
          <video
            className="preview"
            data-testid="film"
            src={contentOf(document.id)}
            aria-label={document.name}
            controls
            playsInline
          />
          <div className="actions">
            <button type="button" className="button" onClick={() => setOpen(false)}>
              {say('common.close')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  ) : null;
}

function Picture({ document }: { readonly document: Document }) {
  const bytes = useQuery({
    queryKey: ['document-bytes', document.id],
    queryFn: async () => {
      const params = { path: { id: document.id } };
      const call = api.GET('/v1/documents/{id}/content', { params, parseAs: 'blob' });
      const { data, error, response } = await call;
      await done(Promise.resolve({ error, response }));
      return data ?? new Blob();
    },
    gcTime: 0,
  });
  return <Asked query={bytes}>{(blob) => <Drawn blob={blob} name={document.name} />}</Asked>;
}

function Drawn({ blob, name }: { readonly blob: Blob; readonly name: string }) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const address = URL.createObjectURL(blob);
    if (image.current !== null) {
      image.current.src = address;
    }
    return () => URL.revokeObjectURL(address);
  }, [blob]);
  return <img ref={image} className="preview" alt={name} />;
}
