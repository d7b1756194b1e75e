// The product's page as a participant uses it: what to press, and where to look. The only place that knows its markup.
import type { Tab } from './tab.ts';
import { until } from './until.ts';

/** The buttons, by the names that people see or hear. */
export const BUTTON = {
  join: 'Join',
  mute: 'Mute microphone',
  unmute: 'Unmute microphone',
  cameraOff: 'Turn camera off',
  cameraOn: 'Turn camera on',
  shareScreen: 'Share screen',
  stopSharing: 'Stop sharing',
  chat: 'Chat',
  leave: 'Leave',
  leaveNow: 'Leave now',
  tryAgain: 'Try again',
} as const;

/** Where things are on the page. */
export const ON_PAGE = {
  preview: '[data-testid="preview"]',
  call: '[data-testid="call"]',
  chatField: '.chat-form textarea',
  chatLog: '[role="log"]',
  personTile: '[data-testid="tile"]',
} as const;

/** The tile of a participant's camera. */
export function cameraTile(identity: string): string {
  return `[data-testid="tile"][data-identity="${identity}"]`;
}

/** The tile of a participant's shared screen. */
export function screenTile(identity: string): string {
  return `[data-testid="screen-tile"][data-identity="${identity}"]`;
}

/** How soon everybody must see a switch of somebody's microphone or camera. */
export const SWITCH_SEEN_WITHIN_MS = 1_000;
/** How soon everybody must see that somebody left. */
export const LEAVE_SEEN_WITHIN_MS = 2_000;
const JOIN_WITHIN_MS = 15_000;

/** Opens the link, waits for the preview of the own camera, and joins. Resolves once the call is on screen. */
export async function joinByLink(tab: Tab, link: string): Promise<void> {
  await tab.goto(link);
  await until(
    { what: `${tab.who} sees the own camera before joining`, within: JOIN_WITHIN_MS },
    () =>
      tab.evaluate((selector: string) => {
        const video = document.querySelector(`${selector} video, video${selector}`);
        return video instanceof HTMLVideoElement && video.videoWidth > 0;
      }, ON_PAGE.preview),
  );
  await tab.press(BUTTON.join);
  await inCall(tab);
}

/** Leaving asks once. */
export async function leaveCall(tab: Tab): Promise<void> {
  await tab.press(BUTTON.leave);
  await tab.press(BUTTON.leaveNow);
}

export async function inCall(tab: Tab): Promise<void> {
  await untilPresent(tab, ON_PAGE.call, JOIN_WITHIN_MS);
}

export async function untilPresent(tab: Tab, selector: string, within: number): Promise<void> {
  await until({ what: `${tab.who} sees ${selector}`, within, every: 20 }, () =>
    isVisible(tab, selector),
  );
}

export async function untilAbsent(tab: Tab, selector: string, within: number): Promise<void> {
  await until(
    { what: `${tab.who} no longer sees ${selector}`, within, every: 20 },
    async () => !(await isVisible(tab, selector)),
  );
}

function isVisible(tab: Tab, selector: string): Promise<boolean> {
  return tab.evaluate((wanted: string) => {
    const box = document.querySelector(wanted)?.getBoundingClientRect();
    return box !== undefined && box.width > 0 && box.height > 0;
  }, selector);
}

/** Whether the tile of `identity` says that the microphone is off; `undefined` while there is no tile. */
export function microphoneIsOff(tab: Tab, identity: string): Promise<boolean | undefined> {
  return tileSays(tab, identity, 'microphone is off');
}

/** Whether the tile of `identity` says that the camera is off; `undefined` while there is no tile. */
export function cameraIsOff(tab: Tab, identity: string): Promise<boolean | undefined> {
  return tileSays(tab, identity, 'camera is off');
}

/** The name plate says it to a screen reader with these words, beside the icon that the others see. */
function tileSays(tab: Tab, identity: string, words: string): Promise<boolean | undefined> {
  return tab.evaluate(
    (asked: { tile: string; words: string }) =>
      document.querySelector(asked.tile)?.textContent?.includes(asked.words),
    { tile: cameraTile(identity), words },
  );
}

/** Writes a chat message as a person does: opens the chat if need be, types, presses Enter. */
export async function writeMessage(tab: Tab, text: string): Promise<void> {
  await openChat(tab);
  await tab.type(ON_PAGE.chatField, text);
  await tab.key('Enter');
}

export async function openChat(tab: Tab): Promise<void> {
  if (await isVisible(tab, ON_PAGE.chatField)) return;
  await tab.press(BUTTON.chat);
  await untilPresent(tab, ON_PAGE.chatField, 5_000);
}

/** Resolves once the chat shows `text` on one message with the sender's name beside it. */
export async function readsMessage(
  tab: Tab,
  sender: string,
  text: string,
  within = 5_000,
): Promise<void> {
  await openChat(tab);
  await until({ what: `${tab.who} reads "${text}" from ${sender}`, within }, () =>
    tab.evaluate(
      (wanted: { list: string; sender: string; text: string }) => {
        const messages = document.querySelectorAll<HTMLElement>(`${wanted.list} > *`);
        return [...messages].some(
          ({ innerText }) => innerText.includes(wanted.text) && innerText.includes(wanted.sender),
        );
      },
      { list: ON_PAGE.chatLog, sender, text },
    ),
  );
}
