import { expect, it } from 'vitest';
import { dropAll, keepsUnsaved, saveAll } from './unsaved.ts';

it('asks everybody who wrote, says whether all is saved, and has what is left dropped once', async () => {
  const dropped: string[] = [];
  const writer = (name: string, saves: boolean) => ({
    save: async () => saves,
    drop: () => dropped.push(name),
  });
  expect(await saveAll()).toBe(true);
  const end = keepsUnsaved(writer('gone', false));
  keepsUnsaved(writer('note', true));
  expect(await saveAll()).toBe(false);
  end();
  expect(await saveAll()).toBe(true);
  keepsUnsaved(writer('other', false));
  dropAll();
  dropAll();
  expect(dropped).toEqual(['note', 'other']);
  expect(await saveAll()).toBe(true);
});
